from decimal import Decimal

from qantara.evaluate.calling.costs import ArmCost
from qantara.evaluate.pages.run_sections import (
    cost_section,
    doubt_section,
    flattened,
    identity_section,
    published_section,
    run_sections,
    task_section,
)


def lines(table):
    return [dict(zip(table.headers, map(str, row), strict=True)) for row in table.rows]


def costs_of(**values):
    return [{"task": "t", "arm": "en"} | ArmCost(**values).as_json()]


def test_what_an_arm_takes_stands_beside_its_accuracy(make_report_facts):
    first, *_, last = lines(cost_section(make_report_facts()).tables[0])
    assert (first["Accuracy"], first["Tokens scored here"], first["US dollars"]) == (
        "75.0%",
        "1,234",
        "free: runs here",
    )
    assert last["Accuracy"] == "25.0%"


def test_money_that_is_not_known_is_not_nought(make_report_facts):
    (unpriced,) = lines(cost_section(make_report_facts(costs=costs_of(calls=2, pricing="unpriced"))).tables[0])
    assert unpriced["US dollars"] == "unpriced"
    (priced,) = lines(cost_section(make_report_facts(costs=costs_of(usd=Decimal("1.25"), pricing="priced"))).tables[0])
    assert priced["US dollars"] == "1.25"
    (silent,) = lines(cost_section(make_report_facts(costs=costs_of(prompt_tokens=None))).tables[0])
    assert silent["Prompt tokens"] == "not known"


def test_published_numbers_are_marked_as_such_with_their_cautions(make_report_facts):
    task = {"name": "medqa", "licence": "MIT", "citation": "", "num_items": 1, "num_rejected": 0}
    section = published_section(make_report_facts(tasks=[task]))
    assert section.title == "Published, not re-run"
    told = " ".join(section.paragraphs)
    assert "arXiv 2402.13253" in told
    assert "57.3" in told
    assert "columns may be swapped" in told
    mine, rest = section.tables
    assert {row["Task"] for row in lines(mine)} == {"medqa"}
    assert rest.folded


def test_a_task_that_nobody_published_has_all_numbers_folded(make_report_facts):
    (rest,) = published_section(make_report_facts()).tables
    assert rest.folded


def test_tasks_have_licence_and_citation(make_report_facts):
    (row,) = lines(task_section(make_report_facts()).tables[0])
    assert row == {"Task": "t", "Items": "48", "Rejected": "2", "Licence": "MIT", "Citation": "A & B"}


def test_the_identity_is_shown_whole(make_report_facts):
    identity, files = identity_section(make_report_facts()).tables
    assert [row["What"] for row in lines(identity)] == ["model: hash", "model: adapter", "chat", "shots"]
    assert [row["Value"] for row in lines(identity)] == [f"<code>{v}</code>" for v in ("0123", "none", "no", "0")]
    assert lines(files) == [{"File": "<code>scores.json</code>", "Holds": "all numbers"}]


def test_values_of_any_kind_are_told():
    values = {"a": [1, "x"], "b_c": {"d": True}, "e": "", "f": []}
    assert list(flattened(values)) == [("a", "1, x"), ("b c: d", "yes"), ("e", "none"), ("f", "none")]


def test_sections_without_facts_are_left_out(make_report_facts):
    found = run_sections(make_report_facts(costs=[], doubts=[]))
    assert [section.anchor for section in found] == ["tasks", "published", "identity"]


def test_doubted_and_untranslated_items_are_counted_apart(make_report_facts):
    (row,) = lines(doubt_section(make_report_facts()).tables[0])
    assert (row["Doubted"], row["Share"], row["Left untranslated"], row["Why"]) == (
        "3",
        "6.2%",
        "1",
        "numbers.missing 3",
    )
