"""Finds rows that have too much in common: near-duplicates, targets shared by unlike sources, lost stems, repeated ids.

Works on the columns of `Rows` alone. Similarities are estimates from sketches of all fields of a side (see `sketches`).
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qantara.fidelity.whole_set.folding import Ints, mix, runs_of_equals
from qantara.fidelity.whole_set.rows import Rows
from qantara.fidelity.whole_set.sketches import Sketches, alike_rows, estimate
from qantara.records import Severity

_DUPLICATE = 0.8  # both sides at least this alike: a near-duplicate
_SAME_TARGET = 0.45  # targets at least this alike, beyond chance, ...
_UNLIKE_SOURCE = (
    0.2  # ... whose sources are less alike than this: a shared target, if two of the group's targets are ...
)
_CLOSE_TARGET = 0.6  # ... this alike: true pairs on one narrow topic reach 0.55 (TICO-19), a leak's paraphrases 0.7
_CLEARLY_UNLIKE = 0.1
_GENERIC_GROUP = 3
_LONG_STEM_WORDS = 12
_LOST_RATIO = 2.5
_MOST_COMPARED = 16
_NUM_CHANCE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a row has in common with `num_sharing - 1` others, of which `partner` (a row) is one."""

    rule: str
    severity: Severity
    message: str
    num_sharing: int
    partner: int


Relations = dict[int, list[Relation]]


def relations(rows: Rows) -> Relations:
    """Return what each row has in common with others."""
    found: Relations = defaultdict(list)
    first = _first_occurrences(rows)
    distinct = np.flatnonzero(first == np.arange(len(first)))
    left, right = alike_rows(rows.target_sketches, distinct, _SAME_TARGET)
    sources = estimate(rows.source_sketches, left, right)
    targets = estimate(rows.target_sketches, left, right)
    _add_duplicates(found, first, left, right, (sources >= _DUPLICATE) & (targets >= _DUPLICATE))
    sources = _beyond_chance(rows.source_sketches, left, right, sources)
    targets = _beyond_chance(rows.target_sketches, left, right, targets)
    telling = _is_telling(rows)
    unlike = np.flatnonzero((targets >= _SAME_TARGET) & (sources < _UNLIKE_SOURCE) & telling[left] & telling[right])
    shared = _shared(left[unlike], right[unlike], sources[unlike], targets[unlike] >= _CLOSE_TARGET)
    for row in np.flatnonzero(np.isin(first, list(shared))).tolist():
        found[row].append(shared[int(first[row])])
    _add_lost_stems(found, rows, distinct[~np.isin(distinct, list(shared))])
    _add_repeated_ids(found, rows)
    return found


def _first_occurrences(rows: Rows) -> Ints:
    """Return for each row the first row with the same words on both sides."""
    keys = mix(rows.target_whole + mix(rows.source_whole))
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse]


def _beyond_chance(
    sketches: Sketches, left: Ints, right: Ints, similarities: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return how far each similarity stands between what any two rows have in common (0) and equality (1), as kappa does.

    Long texts and templates are alike by nature: two random texts of 5,000 characters share a seventh of their 5-grams.
    """
    rows, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    others = np.linspace(0, len(sketches) - 1, _NUM_CHANCE).astype(np.int64)
    by_chance = np.stack([estimate(sketches, rows, np.full(len(rows), other)) for other in others])
    chance = np.median(by_chance, axis=0)[places] if len(rows) else np.zeros(0, np.float32)
    highest = np.minimum(np.maximum(chance[: len(left)], chance[len(left) :]), 0.99)
    beyond: NDArray[np.float32] = ((similarities - highest) / (1 - highest)).astype(np.float32)
    return beyond


def _is_telling(rows: Rows) -> NDArray[np.bool_]:
    """Tell which targets are long enough, alone or beside their source, not to be right for several sources ("yes", a term)."""
    target, source = rows.target_words.astype(np.int64), rows.source_words
    sentence = ((target >= 6) & (source >= 4)) | ((target >= 4) & (source >= 8))
    return sentence | ((target >= 2) & (source >= 4 * target + 6))


def _add_duplicates(found: Relations, first: Ints, left: Ints, right: Ints, alike: NDArray[np.bool_]) -> None:
    partners = first.copy()
    np.minimum.at(partners, right[alike], left[alike])
    sizes = np.bincount(partners, minlength=len(partners))
    for row in np.flatnonzero(partners != np.arange(len(partners))).tolist():
        exact = first[row] != row
        partner = int(first[row] if exact else partners[row])
        found[row].append(
            Relation(
                rule="set.near_duplicate",
                severity="warn" if exact else "info",
                message="source and target are the same as another pair's"
                if exact
                else "source and target are nearly the same as another pair's",
                num_sharing=max(2, int(sizes[partners[row]])),
                partner=partner,
            )
        )


def _shared(left: Ints, right: Ints, sources: NDArray[np.float32], close: NDArray[np.bool_]) -> dict[int, Relation]:
    """Return the relation of each row that shares its target: groups are what the edges left-right connect, one of them close."""
    leaders: dict[int, int] = {}
    farthest: dict[int, tuple[float, int]] = {}
    for one, two, similarity in zip(left.tolist(), right.tolist(), sources.tolist(), strict=True):
        leaders[_leader(leaders, one)] = _leader(leaders, two)
        for row, other in ((one, two), (two, one)):
            farthest[row] = min(farthest.get(row, (2.0, -1)), (similarity, other))
    groups: dict[int, list[int]] = {_leader(leaders, row): [] for row in left[close].tolist()}
    for row in farthest:
        groups.get(_leader(leaders, row), []).append(row)
    return {row: _shared_target(len(group), *farthest[row]) for group in groups.values() for row in group}


def _leader(leaders: dict[int, int], row: int) -> int:
    """Return the representative of the row's group, shortening the way to it (union-find by path halving)."""
    leaders.setdefault(row, row)
    while leaders[row] != row:
        leaders[row] = leaders[leaders[row]]
        row = leaders[row]
    return row


def _shared_target(num_sharing: int, similarity: float, partner: int) -> Relation:
    certain = num_sharing >= 3 or similarity < _CLEARLY_UNLIKE
    return Relation(
        rule="set.shared_target",
        severity="fail" if certain else "warn",
        message=f"{num_sharing} pairs have this target, or nearly this, for sources that have little in common",
        num_sharing=num_sharing,
        partner=partner,
    )


def _add_lost_stems(found: Relations, rows: Rows, distinct: Ints) -> None:
    choices = distinct[rows.num_options[distinct] >= 2]
    empty = choices[(rows.target_main_words[choices] == 0) & (rows.source_main_words[choices] > 0)]
    for row in empty.tolist():
        found[row].append(_lost_stem("the question is empty in the target", 1, row))
    for row in choices[rows.target_main_is_option[choices]].tolist():
        found[row].append(_lost_stem("the target's question is one of its options", 1, row))
    order = choices[np.argsort(rows.target_main[choices], kind="stable")]
    keys = rows.target_main[order]
    for start, end in runs_of_equals(keys):
        if end - start >= _GENERIC_GROUP and keys[start] != 0:
            _add_generic_stems(found, rows, order[start:end])


def _add_generic_stems(found: Relations, rows: Rows, group: Ints) -> None:
    """Report the members of a group with one target question whose own source question is long and unlike the others."""
    source_words, target_words = rows.source_main_words[group], rows.target_main_words[group]
    long = group[(source_words >= _LONG_STEM_WORDS) & (source_words >= _LOST_RATIO * target_words)]
    compared = group[np.linspace(0, len(group) - 1, min(_MOST_COMPARED, len(group))).astype(np.int64)]
    for row in long.tolist():
        similarities = estimate(rows.source_sketches, np.full(len(compared), row), compared)
        unlike = compared[similarities < _UNLIKE_SOURCE]
        if len(unlike) >= 2:
            message = f"the long question became a stem that {len(group)} pairs share"
            found[row].append(_lost_stem(message, len(group), int(unlike[0])))


def _lost_stem(message: str, num_sharing: int, partner: int) -> Relation:
    return Relation(rule="set.lost_stem", severity="fail", message=message, num_sharing=num_sharing, partner=partner)


def _add_repeated_ids(found: Relations, rows: Rows) -> None:
    _, first, inverse, counts = np.unique(rows.ids, return_index=True, return_inverse=True, return_counts=True)
    repeated = (first[inverse] != np.arange(len(inverse))) & (rows.ids != 0)
    for row in np.flatnonzero(repeated).tolist():
        found[row].append(
            Relation(
                rule="set.duplicate_id",
                severity="warn",
                message="an earlier pair has the same id",
                num_sharing=int(counts[inverse[row]]),
                partner=int(first[inverse[row]]),
            )
        )
