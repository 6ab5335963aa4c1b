import pytest

from qantara.fidelity.length import bounds_of, length_findings
from qantara.fidelity.lexicon import rows
from qantara.fidelity.text_pair import TextPair


def found(num_source: int, num_target: int, target_language: str = "ar") -> list[tuple[str, str]]:
    pair = TextPair(
        field="answer",
        source="a" * num_source,
        target="ب" * num_target,
        source_language="en",
        target_language=target_language,
    )
    return [(finding.rule, finding.severity) for finding in length_findings(pair)]


@pytest.mark.parametrize(
    ("num_source", "num_target", "expected"),
    [
        (200, 180, []),
        (200, 120, [("length.short", "warn")]),
        (200, 60, [("length.short", "fail")]),
        (200, 300, [("length.long", "warn")]),
        (200, 500, [("length.long", "fail")]),
        (3, 12, []),
        (3, 90, [("length.long", "fail")]),
        (0, 10, []),
        (10, 0, []),
    ],
)
def test_lengths_outside_of_what_people_write_are_found(
    num_source: int, num_target: int, expected: list[tuple[str, str]]
) -> None:
    assert found(num_source, num_target) == expected


def test_a_pair_of_languages_without_bounds_is_not_checked() -> None:
    assert bounds_of(100, "en", "xx") == ()
    assert found(200, 2, "xx") == []


def test_bounds_are_in_order() -> None:
    for row in rows("length_bounds"):
        bounds = [float(row[name]) for name in ("fail_below", "warn_below", "warn_above", "fail_above")]
        assert bounds == sorted(bounds)
