import pytest

from qantara.evaluate.pages.published import published, published_for


def one(**wanted):
    (found,) = [row for row in published() if all(getattr(row, name) == value for name, value in wanted.items())]
    return found


@pytest.mark.parametrize(
    ("system", "language", "task", "percent"),
    [
        ("BiMediX (bilingual)", "ar", "medqa", 47.3),
        ("BiMediX (bilingual)", "en+ar", "mmlu-anatomy", 59.6),
        ("Llama-3.1-70B-Instruct", "ar", "medmcqa", 52.2),
        ("Fanar-C-1-8.7B", "ar", "medarabench", 49.8),
        ("Apollo2-0.5B", "ar", "mmlu-medical", 33.4),
    ],
)
def test_numbers_are_those_of_the_reading_notes(system, language, task, percent):
    rows = [row for row in published() if (row.system, row.language, row.task) == (system, language, task)]
    assert percent in [row.percent for row in rows]


def test_every_number_is_a_percentage_of_a_known_language_with_its_source():
    assert len(published()) > 250
    for row in published():
        assert 0 < row.percent < 100
        assert row.language in {"en", "ar", "en+ar", "ar-translated"}
        assert row.source.citation
        assert row.source.read_from


def test_no_row_stands_twice():
    keys = [(row.source, row.system, row.setting, row.language, row.task) for row in published()]
    assert len(set(keys)) == len(keys)


def test_the_printed_average_that_does_not_add_up_says_so():
    average = one(system="BiMediX (bilingual)", language="ar", task="average")
    parts = [
        row.percent
        for row in published()
        if (row.system, row.language, row.source) == ("BiMediX (bilingual)", "ar", average.source)
        and row is not average
    ]
    assert average.percent == 56.5
    assert len(parts) == 9
    assert round(sum(parts) / 9, 1) == 57.3
    assert "57.3" in average.note


def test_copied_and_doubtful_rows_are_marked():
    copied = [row for row in published() if "copied" in row.note]
    assert {row.percent for row in copied} == {78.4, 49.1, 47.3, 56.9}
    assert len([row for row in published() if "three times" in row.note]) == 3


@pytest.mark.parametrize(
    ("task", "families"),
    [
        ("medqa", {"medqa"}),
        ("pubmedqa", {"pubmedqa"}),
        ("bimedix-medmcqa", {"medmcqa"}),
        ("mmlu-medical-pairs", {"mmlu"}),
        ("mmmlu-ar", {"mmlu"}),
        ("my_file.jsonl", set()),
    ],
)
def test_a_task_has_the_rows_of_its_own_benchmark(task, families):
    mine, rest = published_for([task])
    assert {row.task.split("-")[0] for row in mine} == families
    assert len(mine) + len(rest) == len(published())


def test_a_number_over_two_sets_belongs_to_both():
    assert "medarabiq+medarabench" in {row.task for row in published_for(["medarabench"])[0]}
    assert "medarabiq+medarabench" in {row.task for row in published_for(["medarabiq"])[0]}
