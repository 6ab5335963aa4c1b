import pytest

from qantara.fidelity.encoders import EmbeddedEncoder
from qantara.fidelity.meaning import FIELD, LEAST_PAIRS, SWAPPED, UNRELATED, MeaningRules
from qantara.sources.sample import parallel_questions

DIRECTION = ("en", "ar")
BACKGROUND = parallel_questions(DIRECTION)
FEVER = ("The patient has a high fever and a cough.", "يعاني المريض من حمى شديدة وسعال.")
TRAIN = "متى يصل القطار إلى المحطة؟"


@pytest.fixture(scope="module")
def encoder():
    return EmbeddedEncoder()


@pytest.fixture(scope="module")
def rules(encoder):
    return MeaningRules(encoder, DIRECTION, BACKGROUND)


def texts(*pairs):
    return [({"text": source}, {"text": target}) for source, target in pairs]


def found(compared):
    return [(finding.rule, finding.severity) for finding in compared.findings]


def test_a_translation_passes_and_an_unrelated_text_fails(rules):
    right, wrong = rules(texts(FEVER, (FEVER[0], TRAIN)))
    assert found(right) == []
    assert found(wrong) == [(UNRELATED, "fail")]
    assert right.similarity > wrong.similarity


def test_a_small_set_without_background_is_only_measured(encoder):
    (compared,) = MeaningRules(encoder, DIRECTION)(texts((FEVER[0], TRAIN)))
    assert compared.findings == ()
    assert -1 <= compared.similarity <= 1


def test_a_large_set_is_its_own_background(encoder):
    pairs = BACKGROUND[: LEAST_PAIRS + 6]
    turned = [*pairs[1:4], pairs[0]]
    batch = texts(*((a, b) for (a, _), (_, b) in zip(pairs[:4], turned, strict=True)), *pairs[4:])
    compared = MeaningRules(encoder, DIRECTION)(batch)
    assert [i for i, result in enumerate(compared) if found(result)] == [0, 1, 2, 3]


def test_pairs_that_say_the_same_do_not_speak_against_each_other(rules):
    assert all(found(result) == [] for result in rules(texts(*[FEVER] * 10)))


def choice(*options, question=""):
    fields = {f"options/{i}": option for i, option in enumerate(options)}
    return {"question": question} | fields if question else fields


def test_two_options_that_fit_better_exchanged_fail(rules):
    source = choice("Heart failure", "Kidney stones", "Pneumonia")
    right = choice("قصور القلب", "حصى الكلى", "التهاب الرئة")
    swapped = choice("حصى الكلى", "قصور القلب", "التهاب الرئة")
    (fine,), (wrong,) = rules([(source, right)]), rules([(source, swapped)])
    assert SWAPPED not in {rule for rule, _ in found(fine)}
    (finding,) = [finding for finding in wrong.findings if finding.rule == SWAPPED]
    assert (finding.severity, finding.field) == ("fail", "options/0")
    assert (finding.source_text, finding.target_text) == ("Heart failure", "حصى الكلى")


def test_a_field_of_another_item_is_a_doubt(encoder):
    answers = [({"answer": f"{a} {a}"}, {"answer": f"{b} {b}"}) for a, b in BACKGROUND]
    batch = [
        ({"question": a} | source, {"question": b} | target)
        for (a, b), (source, target) in zip(BACKGROUND, answers, strict=True)
    ]
    batch[0] = (batch[0][0], batch[0][1] | {"question": TRAIN})
    compared = MeaningRules(encoder, DIRECTION)(batch)
    assert {rule for rule, _ in found(compared[0])} & {FIELD, UNRELATED}
    assert sum(bool(result.findings) for result in compared) <= len(batch) // 10


def test_no_pairs_need_no_vectors(rules):
    assert rules([]) == []
