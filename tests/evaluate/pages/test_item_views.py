import math
from dataclasses import replace

import pytest

from qantara.evaluate.pages.item_views import (
    ArmAnswer,
    AskedItem,
    ItemsFacts,
    anchor,
    chosen_prediction,
    item_view,
    margin,
    outcome,
    probabilities,
)
from qantara.evaluate.pages.shown_text import Prompt
from qantara.evaluate.prompting.arms import known_arms
from qantara.records import Choice, Finding, Origin

ARMS = known_arms(("en", "ar"))
LETTERS = {"en": ("A", "B", "C", "D"), "ar": ("أ", "ب", "ج", "د")}


def item(code, question="خذ warfarin 5 mg؟", **values):
    origin = Origin(source="s", native_id="1", family="f0")
    options = ("a", "b", "c", "<d>") if code == "en" else ("أ", "ب", "ج", "د")
    return Choice(
        id=f"{code}-0", language=code, origin=origin, question=question, options=options, answer_index=0, **values
    )


@pytest.fixture
def facts(answers):
    def make(arm="ar", code="ar", **values):
        (found,) = answers(arm, "W")
        fields = {"arm": arm, "item": item(code), "labels": LETTERS[code], "predictions": [found]} | values
        asked = AskedItem(id="f 0", subject="anatomy", answers=[ArmAnswer(**fields)])
        return ItemsFacts(
            model="m",
            task="t",
            direction=("en", "ar"),
            arms=[ARMS["en"], ARMS[arm]],
            primary=("letter", "sum"),
            items=[asked],
        )

    return make


def viewed(facts):
    return item_view(facts.items[0], facts)


def test_each_arm_has_its_side_in_the_run_s_order(facts):
    view = viewed(facts())
    assert [(arm.code, arm.direction, arm.outcome) for arm in view.arms] == [
        ("en", "ltr", "absent"),
        ("ar", "rtl", "wrong"),
    ]
    assert view.arms[1].question == 'خذ <bdi dir="ltr">warfarin</bdi> <bdi dir="ltr">5 mg</bdi>؟'
    assert (view.id, view.anchor, view.num_options) == ("f 0", "f_0", 4)


def test_options_have_labels_probabilities_and_who_chose_them(facts, answers):
    other = replace(answers("ar", "R")[0], model="other")
    options = viewed(facts(others=[other])).arms[1].options
    assert [option.label for option in options] == list("أبجد")
    assert math.isclose(sum(option.probability for option in options), 1)
    assert [(option.is_answer, option.is_chosen, option.is_others) for option in options[:3]] == [
        (True, False, True),
        (False, True, False),
        (False, False, False),
    ]


def test_options_of_an_arm_that_only_wrote_have_no_bars(facts, answers):
    written = answers("ar", "U", scoring="generate", normalization="", reply="I do not know 5 mg", tier="none")
    arm = viewed(facts(predictions=written)).arms[1]
    assert [option.probability for option in arm.options] == [None] * 4
    assert (arm.outcome, arm.margin, arm.tier, arm.reply_direction) == ("unread", None, "none", "ltr")


def test_a_reply_runs_as_its_language_does(facts, answers):
    written = answers("ar", "R", scoring="generate", normalization="", reply="الإجابة: أ")
    assert viewed(facts(predictions=written)).arms[1].reply_direction == "rtl"


def test_other_ways_of_scoring_are_told_beside(facts, answers):
    text = answers("ar", "R", scoring="text", normalization="token")
    assert viewed(facts(predictions=[*text, *answers("ar", "W")])).arms[1].ways == [
        'text/token <bdi dir="auto">أ</bdi> \u2713'
    ]


def test_the_prompt_has_its_answers_and_what_came_before(facts):
    prompt = Prompt(text="سؤال\nالإجابة:", answers=(" أ", " ب"), prefix_id="p")
    arm = viewed(facts(prompt=prompt)).arms[1]
    assert [line.direction for line in arm.lines] == ["rtl", "rtl"]
    assert (arm.scored, arm.prefix_id) == (["\u2423أ", "\u2423ب"], "p")


def test_findings_and_doubts_are_escaped(facts):
    made = facts(doubts=["<18> is missing"])
    finding = Finding(rule="numbers.missing", severity="fail", field="question", message="<18>")
    view = item_view(replace(made.items[0], findings=[finding]), made)
    assert view.findings == [("fail", "numbers.missing", "&lt;18&gt;")]
    assert view.arms[1].doubts == ["&lt;18&gt; is missing"]


def test_markup_in_an_option_stays_text(facts):
    view = viewed(facts(arm="ar-en", code="en"))
    assert view.arms[1].options[3].text.count("&lt;") == 1
    assert "<d>" not in view.arms[1].options[3].text


def test_the_primary_way_decides_and_else_the_only_one(answers):
    letter, text = answers("ar", "R"), answers("ar", "W", scoring="text", normalization="sum")
    assert chosen_prediction([*text, *letter], ("letter", "sum")) is letter[0]
    assert chosen_prediction(text, ("letter", "sum")) is text[0]
    assert chosen_prediction([], ("letter", "sum")) is None


def test_outcomes(answers):
    assert [outcome(p) for p in (*answers("ar", "RWU"), None)] == ["right", "wrong", "unread", "absent"]


@pytest.mark.parametrize(
    ("logs", "shares", "lead"),
    [
        ((0.0, 0.0), [0.5, 0.5], 0.0),
        ((-1000.0, -1000.0 + math.log(3)), [0.25, 0.75], math.log(3)),
        ((), [], None),
        ((-1.0,), [1.0], None),
    ],
)
def test_probabilities_are_the_softmax_and_the_margin_the_lead(logs, shares, lead):
    assert probabilities(logs) == pytest.approx(shares)
    assert margin(logs) == (lead if lead is None else pytest.approx(lead))


def test_an_address_has_no_spaces():
    assert anchor("a b\tc") == "a_b_c"
