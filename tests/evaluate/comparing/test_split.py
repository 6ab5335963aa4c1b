import pytest

from qantara.evaluate.comparing.split import Part, parts_of, split_rows, translate_first_rows

EN_AR = ("en", "ar")


@pytest.mark.parametrize(
    ("arms", "parts"),
    [
        (
            ["en", "ar", "ar-latin", "ar-en", "round-trip"],
            [
                Part(("labels",), "ar-latin", "ar"),
                Part(("instructions",), "ar-en", "ar-latin"),
                Part(("translation noise",), "en", "round-trip"),
                Part(("language",), "round-trip", "ar-en"),
            ],
        ),
        (
            ["ar", "en", "ar-latin"],
            [
                Part(("labels",), "ar-latin", "ar"),
                Part(("language", "instructions", "translation noise"), "en", "ar-latin"),
            ],
        ),
        (
            ["en", "ar", "ar-en"],
            [Part(("labels", "instructions"), "ar-en", "ar"), Part(("language", "translation noise"), "en", "ar-en")],
        ),
        (
            ["en", "ar", "round-trip"],
            [
                Part(("translation noise",), "en", "round-trip"),
                Part(("language", "labels", "instructions"), "round-trip", "ar"),
            ],
        ),
        (["en", "ar", "translated"], [Part(("language", "labels", "instructions", "translation noise"), "en", "ar")]),
        (["en", "ar-latin"], []),
    ],
)
def test_each_arm_that_was_run_splits_off_its_part_and_the_rest_says_what_it_holds(arms, parts):
    assert parts_of(EN_AR, arms) == parts


def test_arms_are_named_by_the_direction():
    assert parts_of(("fr", "ar"), ["fr", "ar", "ar-fr"])[0] == Part(("labels", "instructions"), "ar-fr", "ar")


def test_parts_add_up_to_the_gap_on_the_items_that_all_arms_share(answers):
    predictions = [
        *answers("en", "RRRRRRRRRWR"),
        *answers("round-trip", "RRRRRRRRWW"),
        *answers("ar-en", "RRRRRRWWWW"),
        *answers("ar-latin", "RRRRRWWWWW"),
        *answers("ar", "RRRWWWWWWR"),
    ]
    total, *parts = split_rows(predictions, EN_AR)
    assert [(r["part"], round(10 * r["difference"])) for r in (total, *parts)] == [
        ("total", 5),
        ("labels", 1),
        ("instructions", 1),
        ("translation noise", 1),
        ("language", 2),
    ]
    assert sum(part["difference"] for part in parts) == pytest.approx(total["difference"])
    assert {part["num_items"] for part in parts} == {10}
    assert (parts[3]["better_arm"], parts[3]["worse_arm"]) == ("round-trip", "ar-en")
    assert all(part["low"] < part["difference"] < part["high"] for part in parts)


def test_what_was_not_told_apart_is_named_together(answers):
    predictions = [*answers("en", "RRR"), *answers("ar", "RWW"), *answers("ar-latin", "RRW")]
    assert [row["part"] for row in split_rows(predictions, EN_AR)] == [
        "total",
        "labels",
        "language, instructions and translation noise",
    ]


def test_two_languages_alone_are_not_split(answers):
    assert split_rows([*answers("en", "RR"), *answers("ar", "RW")], EN_AR) == []
    assert split_rows([*answers("en", "RR"), *answers("ar-latin", "RW")], EN_AR) == []


def test_translating_first_is_compared_with_answering_as_asked(answers):
    predictions = [*answers("ar", "RWWW"), *answers("translated", "RRRW"), *answers("translated-back", "RRW")]
    rows = translate_first_rows(predictions, EN_AR)
    assert [(r["part"], r["worse_arm"], r["num_items"], r["difference"]) for r in rows] == [
        ("translated", "ar", 4, 0.5),
        ("translated-back", "ar", 3, pytest.approx(1 / 3)),
    ]
    assert translate_first_rows(answers("en", "R"), EN_AR) == []
