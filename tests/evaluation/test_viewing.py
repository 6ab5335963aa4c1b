import pytest
from transformers import AutoTokenizer

from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluation.viewing import items_facts
from qantara.records import Finding

BOTH = EvaluationConfig(scoring=("letter", "text"))


def facts(results, config=BOTH, tokenizer=None, findings=None, others=()):
    return items_facts(results, config, tokenizer, findings or {}, others)


def test_each_item_stands_once_with_its_answer_in_every_arm(arm_result):
    found = facts([arm_result("en", "RW", BOTH), arm_result("ar", "WW", BOTH)])
    assert [(item.id, item.subject) for item in found.items] == [("0", "doses"), ("1", "doses")]
    for item in found.items:
        assert [(answer.arm, answer.item.language) for answer in item.answers] == [("en", "en"), ("ar", "ar")]
        assert [len(answer.predictions) for answer in item.answers] == [5, 5]
        assert item.answers[1].labels == ("أ", "ب", "ج", "د")
    assert (found.model, found.task, found.direction, found.primary) == ("m", "doses", ("en", "ar"), ("letter", "sum"))
    assert [arm.name for arm in found.arms] == ["en", "ar"]
    assert found.other_model == ""


def test_predictions_are_those_of_the_item_and_the_arm(arm_result):
    results = [arm_result("en", "RW", BOTH), arm_result("ar", "W-", BOTH)]
    _, second = facts(results).items
    english, arabic = second.answers
    assert {(p.family, p.arm) for p in english.predictions} == {("f1", "en")}
    assert arabic.predictions == []


def test_findings_of_an_audit_stand_with_the_item_of_their_id(arm_result):
    finding = Finding(rule="digits.changed", severity="fail", field="options/0", message="5 became 50")
    found = facts([arm_result("ar", "RW", BOTH)], findings={"1": [finding], "99": [finding]})
    assert [list(item.findings) for item in found.items] == [[], [finding]]


def test_doubts_of_a_translation_stand_with_their_arm(arm_result):
    result = arm_result("translated", "RW", BOTH, doubts={"f1": ("5 became 50",)})
    assert [item.answers[0].doubts for item in facts([result]).items] == [(), ("5 became 50",)]


def test_another_run_s_answers_stand_beside_these(arm_result):
    mine, theirs = arm_result("en", "RR", BOTH), arm_result("en", "WW", BOTH)
    found = facts([mine], others=theirs.predictions)
    assert found.other_model == "m"
    assert [p.chosen_index for p in found.items[0].answers[0].others] == [1] * 5
    assert [p.chosen_index for p in found.items[0].answers[0].predictions] == [0] * 5


@pytest.mark.parametrize("with_tokens", [False, True])
def test_the_prompt_of_an_item_is_its_own_part_and_a_shared_beginning_once(arm_result, tiny_model, with_tokens):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model) if with_tokens else None
    results = [arm_result(name, "RW", BOTH, tokenizer) for name in ("en", "ar")]
    found = facts(results, tokenizer=tokenizer)
    prompts = [answer.prompt for item in found.items for answer in item.answers]
    assert prompts[0].text.startswith("Question: How much of drug 0?\nOptions:\nA. 0 mg")
    assert prompts[1].text.endswith("\nالإجابة:")
    assert prompts[0].answers == (" A", " B", " C", " D")
    assert len({prompt.prefix_id for prompt in prompts}) == len(found.prefixes) == 2
    assert {prefix.text.splitlines()[0][:6] for prefix in found.prefixes.values()} == {"Answer", "أجب عن"}
    assert bool(prompts[0].token_starts) == with_tokens


def test_an_item_that_was_only_written_about_shows_what_was_said(arm_result):
    config = EvaluationConfig(scoring=("generate",))
    (item,) = facts([arm_result("ar", "R", config)], config).items
    (answer,) = item.answers
    assert "كم من الدواء 0؟" in answer.prompt.text
    assert answer.prompt.prefix_id == ""
