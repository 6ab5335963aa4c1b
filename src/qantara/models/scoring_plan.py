"""Encoded questions -> batches: questions that begin alike stand together, so that what they share runs once. Runs no model.

The few-shot examples of a subject are such a beginning; groups are found from the token ids alone. The plan depends on all
questions and the batch size, not on which are answered already: a run that is resumed has the same batches.
"""

from collections.abc import Sequence
from typing import NamedTuple

from qantara.models.encoded_questions import Encoded, common_length
from qantara.models.token_trees import token_tree

MIN_SAVED_TOKENS = (
    128  # what a group of its own must save: it costs a forward for its beginning and a batch that may not be full
)

MIN_FILLED = 0.8  # of a row; else it is cheaper to run in a batch of shorter ones


class Batch(NamedTuple):
    """Numbers of the questions that run together, and the ids that all questions of their group begin with (maybe none)."""

    prefix: tuple[int, ...]
    numbers: tuple[int, ...]


class _Interval(NamedTuple):
    shared: int  # tokens
    members: list[int]


def plan(encoded: Sequence[Encoded], batch_size: int) -> list[Batch]:
    """Return batches of at most `batch_size` questions, each question once; within a group the longest come first.

    Batches of one group follow each other, so that a prefix has to be held once. Rows of very different lengths are kept apart:
    little of a batch is padding.
    """
    batches: list[Batch] = []
    for members in _groups(encoded):
        prefix = _prefix([encoded[number] for number in members])
        lengths = {number: token_tree(encoded[number]).num_tokens for number in members}
        batches.extend(Batch(prefix, numbers) for numbers in _cut(lengths, len(prefix), batch_size))
    return batches


def _cut(lengths: dict[int, int], num_before: int, batch_size: int) -> list[tuple[int, ...]]:
    """Return questions (number to tokens) longest first, cut where a batch is full or too much of the next row would be padding."""
    cut: list[list[int]] = []
    longest = 0
    for number in sorted(lengths, key=lambda number: (-lengths[number], number)):
        length = lengths[number] - num_before
        if not cut or len(cut[-1]) == batch_size or length < MIN_FILLED * longest:
            cut.append([])
            longest = length
        cut[-1].append(number)
    return [tuple(numbers) for numbers in cut]


def _groups(encoded: Sequence[Encoded]) -> list[list[int]]:
    """Return groups of question numbers in the order of their ids.

    In sorted order, runs of questions with a common beginning nest in each other. From the longest beginning to the shortest, a run
    becomes a group of its own if that saves enough beyond what it would share anyway; else it joins the run around it.
    """
    order = sorted(range(len(encoded)), key=lambda number: encoded[number].stem)
    groups: list[list[int]] = []
    open_runs = [_Interval(0, [])]
    for place, number in enumerate(order):
        here = encoded[number].stem
        ahead = common_length(here, encoded[order[place + 1]].stem) if place + 1 < len(order) else 0
        if ahead > open_runs[-1].shared:
            open_runs.append(_Interval(ahead, []))
        open_runs[-1].members.append(number)
        while open_runs[-1].shared > ahead:
            closed = open_runs.pop()
            if open_runs[-1].shared < ahead:
                open_runs.append(_Interval(ahead, []))
            _close(closed, open_runs[-1], groups)
    return [*groups, open_runs[0].members] if open_runs[0].members else groups


def _close(closed: _Interval, around: _Interval, groups: list[list[int]]) -> None:
    gained = len(closed.members) * (closed.shared - around.shared) - closed.shared
    if gained >= MIN_SAVED_TOKENS:
        groups.append(closed.members)
    else:
        around.members.extend(closed.members)


def _prefix(members: Sequence[Encoded]) -> tuple[int, ...]:
    """Return what a group's stems begin with, short of any one's last token; nothing where that saves too little."""
    stems = sorted(member.stem for member in members)
    length = min(common_length(stems[0], stems[-1]), min(map(len, stems)) - 1)
    return tuple(stems[0][:length]) if length * (len(stems) - 1) >= MIN_SAVED_TOKENS else ()
