from pathlib import Path

import pytest

from qantara.fidelity.check import rule_ids
from qantara.fidelity.documentation import FIGURES, documentation, read_figures

ROOT = Path(__file__).parents[2]
PAGE = documentation(None)
MEASURED = {
    "date": "2026-01-31",
    "machine": "2 cores",
    "sets": [
        {
            "name": "made up",
            "num_pairs": 1697,
            "false_alarms": {"fail": 0.0125, "fail_or_warn": 0.0707},
            "kinds": [{"kind": "value_x10", "num": 1000, "fail": 0.985, "fail_or_warn": 1.0}],
        }
    ],
}


def test_the_committed_page_is_what_is_generated() -> None:
    written = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    again = "run `python -m qantara.fidelity.documentation > docs/fidelity.md`"
    assert written == documentation(read_figures(ROOT / FIGURES)), again


@pytest.mark.parametrize("rule", rule_ids())
def test_every_rule_is_in_the_table_and_has_its_examples(rule: str) -> None:
    assert f"| [`{rule}`](#{rule.replace('.', '')}) |" in PAGE
    assert f"\n### `{rule}`\n" in PAGE


def test_every_lexicon_is_listed_with_origin_and_licence() -> None:
    names = [path.name for path in (ROOT / "src/qantara/fidelity/lexicons").glob("*.tsv")]
    lines = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `") and ".tsv" in line}
    assert set(lines) == set(names)
    assert [name for name, line in lines.items() if "|  |" in line or "Apache-2.0" not in line] == []


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        width = width or line.count(" |")
        assert line.count(" |") == width, line


def test_right_to_left_texts_are_isolated() -> None:
    arabic = [line for line in PAGE.splitlines() if "\u0623\u0639\u0637" in line]
    assert arabic
    assert all('<span dir="rtl" lang="ar">' in line for line in arabic)


def test_figures_are_shown_as_shares() -> None:
    page = documentation(MEASURED)
    assert "**made up** (1,697 pairs): of the clean pairs 1.2 % get a fail, 7.1 % a fail or a warn." in page
    assert "| value&#95;x10 | 1,000 | 98.5 % | 100.0 % |" in page
    assert "By `benchmarks/fidelity.py`, 2026-01-31, on 2 cores." in page


def test_without_figures_the_page_says_so() -> None:
    assert "No figures yet" in PAGE


def test_figures_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert read_figures(tmp_path / "none.json") is None
