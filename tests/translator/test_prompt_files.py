from importlib import resources

import pytest

from qantara.errors import QantaraError
from qantara.translator.prompt_files import prompt_file, prompts_hash

SHIPPED = sorted(
    file.name for file in resources.files("qantara.translator.prompts").iterdir() if file.name.endswith(".txt")
)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_prompt_is_there_and_names_no_fixed_language_unless_its_name_does(name):
    text = prompt_file(name)
    assert text.strip()
    assert "Arabic" not in text


def test_a_missing_prompt_says_where_to_add_it():
    with pytest.raises(QantaraError, match=r"completion-en-xx\.txt"):
        prompt_file("completion-en-xx.txt")


def test_the_hash_covers_all_prompts():
    assert len(prompts_hash()) == 16
