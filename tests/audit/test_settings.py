from pathlib import Path

import pytest

from qantara.audit.settings import Choices, audit_config
from qantara.errors import QantaraError


def config(direction=("en", "ar"), **choices):
    return audit_config(Path("pairs.jsonl"), Path("out"), direction, Choices(**choices))


def test_what_the_command_line_says_is_in_the_configuration(tmp_path):
    (tmp_path / "terms.tsv").write_text("heart\tقلب\n", encoding="utf-8")
    made = config(columns="source=a,target=b", shown=3, num_workers=2, glossary=tmp_path / "terms.tsv")
    assert made.direction == ("en", "ar")
    assert made.settings.shape.columns.paths["source"] == ("a",)
    assert made.settings.glossary.accepted == {"heart": ("قلب",)}
    assert (made.shown, made.num_workers) == (3, 2)
    assert config().settings.shape.columns is None


@pytest.mark.parametrize(
    ("direction", "choices", "message"),
    [
        (("en", "xx"), {}, "'xx' is not known"),
        (("en", "en"), {}, "two languages"),
        (("en", "ar"), {"columns": "source=a"}, "nothing is named for target"),
        (("en", "ar"), {"glossary": Path("none.tsv")}, "none.tsv"),
    ],
)
def test_a_fault_is_one_line_before_any_row_is_read(direction, choices, message):
    with pytest.raises(QantaraError, match=message):
        config(direction, **choices)
