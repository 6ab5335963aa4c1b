from importlib import resources

import pytest

from qantara.errors import QantaraError
from qantara.synthesize import prompting
from qantara.synthesize.forms import Form
from qantara.synthesize.prompting import dialogue_request, item_text, judge_request, prompts_hash


def system(item, config, *languages):
    request = dialogue_request(item, Form(languages, languages[-1]), config())
    return request.messages[0].content


def test_the_item_stands_between_tags_without_letters(item):
    text = item_text(item)
    assert "<right>5 mg twice daily</right>" in text
    assert text.count("<wrong>") == 3
    assert "<explanation>" in text
    assert "A." not in text


def test_each_form_has_its_rule(item, config):
    assert "whole dialogue in English" in system(item, config, "en")
    assert "no dialect" not in system(item, config, "en")
    arabic = system(item, config, "ar")
    assert "whole dialogue in Arabic" in arabic
    assert "no dialect" in arabic
    switching = system(item, config, "ar", "en")
    assert "begins in Arabic" in switching
    assert "goes over to English" in switching


def test_turns_and_sampling_come_from_the_settings(item, config):
    settings = config(min_turns=6, max_turns=10, temperature=0.3, max_output_tokens=900)
    request = dialogue_request(item, Form(("en",), "en"), settings)
    assert "Write 6 to 10 turns" in request.messages[0].content
    assert (request.temperature, request.max_tokens, request.sample) == (0.3, 900, 0)


def test_the_judge_sees_item_and_dialogue(item, english):
    request = judge_request(item, english, "judge", 512, "{}")
    assert "<right>5 mg twice daily</right>" in request.messages[1].content
    assert '<t role="doctor">' in request.messages[1].content
    assert request.schema == "{}"


def test_every_prompt_is_shipped_filled_and_hashed(item, config):
    names = {file.name for file in resources.files("qantara.synthesize.prompts").iterdir()}
    assert names >= {"dialogue.txt", "one_language.txt", "switch.txt", "language-ar.txt", "judge.txt"}
    assert "$" not in system(item, config, "en", "ar")
    assert len(prompts_hash()) == 16


def test_a_missing_prompt_is_told(monkeypatch, item, config):
    monkeypatch.setattr(prompting, "_PACKAGE", "qantara.synthesize")
    with pytest.raises(QantaraError, match=r"there is no prompt one_language\.txt"):
        system(item, config, "en")
