import pytest
from transformers import AutoTokenizer

from qantara.errors import ModelError
from qantara.evaluate.prompting.arms import known_arms
from qantara.evaluate.prompting.prompt_views import BOUNDARY
from qantara.evaluate.results import tables
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluation.showing import prompt_lines, score_lines, task_lines
from qantara.sources.benchmarks.benchmark import LoadedTask
from qantara.sources.benchmarks.catalog import list_tasks

ARMS = known_arms(("en", "ar"))


@pytest.fixture
def task(make_item):
    items = tuple(make_item(number, code) for number in (1, 2) for code in ("en", "ar"))
    return LoadedTask(name="doses", data_set=None, items=items, shots=(make_item(6, "ar"), make_item(7, "ar")))


@pytest.fixture
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


def barred(text):
    """Put bars as a tokenizer of bytes does."""
    return "".join(BOUNDARY * len(letter.encode("utf-8")) + letter for letter in text)


def test_every_known_task_is_listed_with_its_licence_hub_and_citation():
    lines = "\n".join(task_lines(list_tasks()))
    for benchmark in list_tasks():
        assert f"{benchmark.name}  (" in lines
        assert benchmark.data_set.licence in lines
        assert benchmark.data_set.url in lines
        assert all(hub_id in lines for ids in benchmark.hub.values() for hub_id in ids)
    assert "items; " in lines


def test_the_first_item_s_prompt_is_shown_with_a_bar_before_each_token(task, tokenizer):
    head, count, prompt, *answers = prompt_lines(task, ARMS["ar"], EvaluationConfig(shots=2), tokenizer)
    assert head == "=== doses, ar, item 1: letter"
    text = prompt.replace(BOUNDARY, "")
    assert text.endswith("د. 4 ملغ\nالإجابة:")
    assert text.count("كم من الدواء") == 3
    assert count == f"({len(text.encode('utf-8'))} tokens, a bar before each)"
    assert prompt == barred(text)
    assert answers == [f"  letter: ...{barred(f'الإجابة: {label}')}" for label in ("أ", "ب", "ج", "د")]


def test_each_set_of_answers_is_shown_also_after_a_short_prompt(task):
    config = EvaluationConfig(scoring=("letter", "text"), pmi=True)
    lines = list(prompt_lines(task, ARMS["en"], config, None))
    assert [line for line in lines if line.startswith("===")] == [
        "=== doses, en, item 1: letter, text",
        "=== doses, en, item 1: bare",
    ]
    assert lines[-4:] == [f"  bare: ...Answer: {number} mg" for number in (1, 2, 3, 4)]
    assert "  text: ...\nAnswer: 3 mg" in lines


def test_a_conversation_is_shown_turn_by_turn(task):
    lines = list(prompt_lines(task, ARMS["ar-latin"], EvaluationConfig(scoring=("generate",)), None))
    assert lines[0] == "=== doses, ar-latin, item 1: generate"
    assert [line.partition("]")[0] for line in lines[1:]] == ["[system", "[user"]
    assert "A. 1 ملغ" in lines[2]


@pytest.mark.parametrize("name", ["translated", "round-trip", "translated-back"])
def test_what_a_translator_would_write_is_not_made_up(task, name):
    lines = list(prompt_lines(task, ARMS[name], EvaluationConfig(scoring=("generate",)), None))
    assert lines == [f"=== doses, {name}: items come from a translator, none is shown"]


def test_a_prompt_with_two_begin_marks_is_refused_here_too(task, tokenizer):
    tokenizer.bos_token = "<|system|>"
    tokenizer.chat_template = "{{ bos_token }}{{ bos_token }}{{ messages[-1]['content'] }}"
    with pytest.raises(ModelError, match="2 begin marks"):
        list(prompt_lines(task, ARMS["en"], EvaluationConfig(chat=True), tokenizer))


def test_the_table_at_the_end_is_of_the_primary_way(arm_result):
    config = EvaluationConfig(scoring=("letter", "text"), primary="text:token")
    results = [arm_result("en", "RRRW" * 5, config), arm_result("ar", "RWWW" * 5, config)]
    scores = tables(results, config) | {"primary": {"scoring": "text", "normalization": "token"}}
    first, english, arabic, gap = score_lines(scores)
    assert first == "primary: text/token, chosen before the run"
    assert english.startswith("doses, en: 75.0% (53.1% to 88.8%) of 20, chance 25.0%, majority 25.0%")
    assert arabic.startswith("doses, ar: 25.0% (")
    assert gap.startswith("doses, en minus ar: +50.0 points (+")
    assert "McNemar p 0.00195" in gap  # ten pairs, all one way: 2 / 2**10
