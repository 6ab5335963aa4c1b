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
    assert all(row["spelling"] == fold(row["spelling"]) and row["spelling"] for row in rows(name) if "spelling" in row)


def test_a_lexicon_that_is_not_there_is_empty() -> None:
    assert rows("xx_number_words") == ()
    assert header("xx_number_words") == ()
