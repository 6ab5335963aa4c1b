import numpy as np
import pytest

from qantara.fidelity.option_order import RULES, facts, likeness, readings
from qantara.fidelity.reading import read
from qantara.records import Choice, Origin

ORIGIN = Origin(source="test", native_id="1")


def choice(language, *options):
    return Choice(id="", language=language, origin=ORIGIN, question="?", options=options, answer_index=0)


def found(source, target):
    findings = [finding for rule in RULES for finding in rule(choice("en", *source), choice("ar", *target))]
    return [(finding.rule, finding.severity, finding.field) for finding in findings]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (("5 mg", "10 mg"), ("10 ملغ", "5 ملغ"), [("options.swapped", "fail", "options/0")]),
        (("Morphine", "Warfarin", "x"), ("الوارفارين", "المورفين", "س"), [("options.swapped", "fail", "options/0")]),
        (("HIV", "EBV"), ("فيروس EBV", "فيروس HIV"), [("options.swapped", "fail", "options/0")]),
        (("5 mg", "10 mg"), ("٥ ملغ", "١٠ ملغ"), []),
        (("Morphine", "Warfarin"), ("المورفين", "الوارفارين"), []),
        (("Heart", "Lung"), ("الرئة", "القلب"), []),
        (("x", "All of the above"), ("س", "لا شيء مما سبق"), [("options.phrase", "fail", "options/1")]),
        (("x", "None of the above"), ("س", "جميع ما سبق"), [("options.phrase", "fail", "options/1")]),
        (("x", "All of the above"), ("س", "القلب"), [("options.phrase", "warn", "options/1")]),
        (("x", "All of the above"), ("س", "جميع ما سبق"), []),
        (("5 mg", "10 mg"), ("5 ملغ",), []),
    ],
)
def test_options_that_changed_places_or_phrase_are_found(source, target, expected):
    assert found(source, target) == expected


def test_facts_do_not_depend_on_the_language():
    assert facts(read("5 mg of morphine orally", "en")) == facts(read("٥ ملغ من المورفين فمويا", "ar"))
    assert facts(read("HbA1c", "en")) == facts(read("the heart", "en"))


def test_each_option_is_read_in_its_language():
    assert [reading.language for reading in readings(choice("ar", "5", "6"))] == ["ar", "ar"]


def test_options_with_the_same_facts_or_sounds_are_the_most_alike():
    texts = [("Marfan syndrome", "متلازمة مارفان"), ("Turner syndrome", "متلازمة تيرنر"), ("10 mg", "10 ملغ")]
    fit = likeness(texts, ("en", "ar"))
    assert fit.shape == (3, 3)
    assert np.array_equal(fit.argmax(axis=1), [0, 1, 2])
    assert fit.min() >= 0
    assert fit.max() <= 1.5
