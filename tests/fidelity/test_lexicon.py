from importlib.resources import files

import pytest

from qantara.fidelity.lexicon import header, rows
from qantara.languages import fold

NAMES = sorted(path.name.removesuffix(".tsv") for path in (files("qantara.fidelity") / "lexicons").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_lexicon_loads_and_names_origin_and_licence(name: str) -> None:
    text = "\n".join(header(name))
    assert "Origin:" in text
    assert "Licence:" in text
    assert len(rows(name)) > 5
    assert all(row["spelling"] in (fold(row["spelling"]), f"={row['spelling'][1:]}") for row in spelled(name))
    assert all(row["spelling"].strip("=") for row in spelled(name))


def spelled(name: str) -> list[dict[str, str]]:
    return [row for row in rows(name) if "spelling" in row]


def test_a_spelling_is_folded_but_for_one_that_must_be_written_so() -> None:
    assert all(fold(row["spelling"]) == row["spelling"] for row in spelled("units"))
    as_written = [row["spelling"] for row in spelled("negation") if row["spelling"].startswith("=")]
    assert as_written
    assert any(spelling != fold(spelling) for spelling in as_written)


def test_a_lexicon_that_is_not_there_is_empty() -> None:
    assert rows("xx_number_words") == ()
    assert header("xx_number_words") == ()
