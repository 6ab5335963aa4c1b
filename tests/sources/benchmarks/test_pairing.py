from collections.abc import Sequence
from dataclasses import replace

import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.entries import Entry, read_entries
from qantara.sources.benchmarks.pairing import Paired, alone, pair
from qantara.sources.benchmarks.shapes import GENERAL
from qantara.sources.mapping import Constants

Item = tuple[str | None, int]  # id, key


def side(code: str, items: Sequence[Item], num_options: int = 4, subjects: Sequence[str] = ()) -> list[Entry]:
    rows = [
        {
            "id": native_id,
            "question": f"{code} {number}?",
            "options": [f"{k}" for k in range(num_options)],
            "answer_index": key,
            "subject": subjects[number] if subjects else "",
        }
        for number, (native_id, key) in enumerate(items)
    ]
    return read_entries(rows, GENERAL, Constants(language=code, source="d"), "f", set(subjects))


def outcome(paired: Paired) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    choices = [(choice.language, choice.origin.native_id) for choice in paired.choices]
    return choices, [(rejection.native_id, rejection.reason) for rejection in paired.rejections]


def test_pairs_share_family_and_id_and_stand_source_first() -> None:
    paired = pair(side("en", [("a", 0), ("b", 1)]), side("ar", [("b", 1), ("a", 0)]), "t")
    assert outcome(paired) == ([("en", "a"), ("ar", "a"), ("en", "b"), ("ar", "b")], [])
    english, arabic = paired.choices[:2]
    assert english.origin.family == arabic.origin.family == arabic.origin.parent == english.id
    assert arabic.id != english.id


def test_what_one_language_lacks_is_set_apart() -> None:
    paired = pair(side("en", [("a", 0), ("b", 1)]), side("ar", [("b", 1), ("c", 0)]), "t")
    assert outcome(paired) == ([("en", "b"), ("ar", "b")], [("a", "no_partner"), ("c", "no_partner")])


def test_pairs_with_another_key_or_another_number_of_options_are_set_apart() -> None:
    paired = pair(side("en", [("a", 0), ("b", 1)]), side("ar", [("a", 1), ("b", 1)]), "t")
    assert outcome(paired) == ([("en", "b"), ("ar", "b")], [("a", "answers_differ")])
    paired = pair(side("en", [("a", 0)]), side("ar", [("a", 0)], num_options=3), "t")
    assert outcome(paired) == ([], [("a", "options_differ")])


def test_a_bad_row_takes_its_partner_along_but_each_has_its_own_reason() -> None:
    paired = pair(side("en", [("a", 9), ("b", 1)]), side("ar", [("a", 0), ("b", 1)]), "t")
    assert outcome(paired)[1] == [("a", "answer_out_of_range"), ("a", "no_partner")]
    assert len(paired.choices) == 2


def test_without_ids_the_place_counts_and_the_target_takes_the_source_id() -> None:
    paired = pair(side("en", [("a", 0), ("b", 1)]), side("ar", [(None, 0), (None, 1)]), "t")
    assert outcome(paired) == ([("en", "a"), ("ar", "a"), ("en", "b"), ("ar", "b")], [])


def test_a_bad_row_keeps_its_place() -> None:
    paired = pair(side("en", [(None, 9), (None, 1)]), side("ar", [(None, 0), (None, 1)]), "t")
    assert [choice.question for choice in paired.choices] == ["en 1?", "ar 1?"]


def test_places_in_groups_of_unequal_length_say_nothing() -> None:
    source = side("en", [(None, 0)] * 3, subjects=["anatomy", "anatomy", "genetics"])
    target = side("ar", [(None, 0)] * 2, subjects=["anatomy", "genetics"])
    paired = pair(source, target, "t")
    choices, rejections = outcome(paired)
    assert choices == [("en", "genetics-1"), ("ar", "genetics-1")]
    assert rejections == [("anatomy-1", "no_partner"), ("anatomy-2", "no_partner"), ("anatomy-1", "no_partner")]
    assert paired.notes == [
        "t: 2 rows of anatomy in one language and 1 in the other, without ids in common, can't be paired;"
        " give both files the same ids"
    ]


def test_rows_that_are_shifted_are_refused() -> None:
    with pytest.raises(DataError, match=r"3 of 4 rows that stand at the same place .* are not the same items"):
        pair(side("en", [(None, k) for k in (0, 1, 2, 3)]), side("ar", [(None, k) for k in (1, 2, 3, 3)]), "t")


def test_repeated_ids_never_pair_twice() -> None:
    paired = pair(side("en", [("a", 0), ("a", 0)]), side("ar", [("a", 0), ("a", 0)]), "t")
    assert outcome(paired) == ([("en", "a"), ("ar", "a")], [("a", "repeated_id"), ("a", "repeated_id")])


def test_every_row_comes_out_once() -> None:
    source = side("en", [("a", 0), ("b", 9), ("c", 1), ("c", 1), ("d", 2)])
    target = side("ar", [("d", 2), ("c", 0), ("e", 1), ("e", 1), ("b", 1)])
    paired = pair(source, target, "t")
    pairs_apart = sum(rejection.reason.endswith("_differ") for rejection in paired.rejections)
    assert len(paired.choices) + len(paired.rejections) + pairs_apart == len(source) + len(target)


def test_one_language_alone_keeps_what_is_sound() -> None:
    entries = side("en", [("a", 0), ("b", 9)])
    assert outcome(alone(entries)) == ([("en", "a")], [("b", "answer_out_of_range")])
    assert alone([replace(entries[0], fault="repeated_id")]).choices == []
