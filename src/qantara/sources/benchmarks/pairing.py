"""Puts the two languages of a task together: by id where both have ids in common, else by place.

A pair is scored only if both sides are sound and have as many options and the same key; what isn't is set apart with its
reason.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from qantara.errors import DataError
from qantara.records import Choice, Rejection, with_id
from qantara.sources.benchmarks.entries import Entry

Key = Callable[[Entry], object]


@dataclass(slots=True)
class Paired:
    """The records of the pairs, source language first; what is not scored; and what people should be told."""

    choices: list[Choice] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def alone(entries: Sequence[Entry]) -> Paired:
    """Return the sound records of one language."""
    return Paired(
        choices=[entry.choice for entry in entries if not entry.fault],
        rejections=[entry.rejection() for entry in entries if entry.fault],
    )


def pair(source: Sequence[Entry], target: Sequence[Entry], where: str) -> Paired:
    """Return the pairs of two languages; raise DataError if most rows that share a place don't share their key."""
    result = Paired()
    by_id = _ids(source) & _ids(target)
    key: Key = _native_id if by_id else _place
    groups = _groups([*source, *target]) if by_id else _alike_groups(source, target, result, where)
    partners = {key(entry): entry for entry in reversed(target) if entry.group in groups}  # the first of equal ids
    repeated = [entry for entry in target if partners.get(key(entry)) is not entry]
    for entry in source:
        usable = entry.group in groups and entry.fault != "repeated_id"
        _join(entry, partners.pop(key(entry), None) if usable else None, result)
    for entry in (*partners.values(), *repeated):
        result.rejections.append(entry.rejection(entry.fault or "no_partner"))
    _refuse_a_shift(result, by_place=not by_id, where=where)
    return result


def _join(source: Entry, target: Entry | None, result: Paired) -> None:
    if target is None or source.fault or target.fault:
        found = [source] if target is None else [source, target]
        result.rejections += [entry.rejection(entry.fault or "no_partner") for entry in found]
        return
    reason = _difference(source.choice, target.choice)
    if reason:
        languages = f"{source.choice.language} and {target.choice.language}"
        result.rejections.append(source.rejection(reason, languages))
        return
    origin = source.choice.origin
    its = target.choice.origin
    joined = replace(
        its,
        family=origin.family,
        parent=source.choice.id,
        native_id=origin.native_id,
        subject=its.subject or origin.subject,
    )
    choice = with_id(replace(target.choice, origin=joined))
    if not isinstance(choice, Choice):
        raise TypeError("an id does not change a record's kind")
    result.choices += [source.choice, choice]


def _difference(source: Choice, target: Choice) -> str:
    if len(source.options) != len(target.options):
        return "options_differ"
    return "answers_differ" if source.answer_index != target.answer_index else ""


def _alike_groups(source: Sequence[Entry], target: Sequence[Entry], result: Paired, where: str) -> set[str]:
    """Return the groups with as many rows in both languages: in the others a place says nothing."""
    counts = [Counter(entry.group for entry in side) for side in (source, target)]
    for group in sorted(counts[0].keys() | counts[1].keys()):
        if counts[0][group] != counts[1][group]:
            of = f" of {group}" if group else ""
            result.notes.append(
                f"{where}: {counts[0][group]} rows{of} in one language and {counts[1][group]} in the other, without ids in"
                " common, can't be paired; give both files the same ids"
            )
    return {group for group, count in counts[0].items() if counts[1][group] == count}


def _refuse_a_shift(result: Paired, *, by_place: bool, where: str) -> None:
    num_different = sum(rejection.reason in ("options_differ", "answers_differ") for rejection in result.rejections)
    if by_place and num_different > len(result.choices) // 2:
        raise DataError(
            f"{where}: {num_different} of {num_different + len(result.choices) // 2} rows that stand at the same place in the two"
            " languages have another key, so they are not the same items; give both files the same ids"
        )


def _ids(entries: Sequence[Entry]) -> set[str]:
    return {entry.choice.origin.native_id for entry in entries if entry.has_own_id}


def _groups(entries: Sequence[Entry]) -> set[str]:
    return {entry.group for entry in entries}


def _native_id(entry: Entry) -> object:
    return entry.choice.origin.native_id


def _place(entry: Entry) -> object:
    return (entry.group, entry.number)
