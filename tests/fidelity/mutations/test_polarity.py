from random import Random

import pytest

from qantara.fidelity.mutations.polarity import except_dropped, negation_added, negation_dropped
from qantara.fidelity.mutations.scene import Scene
from qantara.fidelity.reading import read


def made(fault, source, target, language="ar", kind="text", field="text"):
    scene = Scene(field=field, kind=kind, source=read(source, "en"), target=read(target, language))
    return [edit.applied(target) for edit in fault(scene, Random(1))]


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("لن ينتهي", ["ينتهي"]),
        ("حالة غير خطيرة", ["حالة خطيرة"]),
        ("لعدم وجود ألم", ["لوجود ألم"]),
        ("من دون ألم", ["مع ألم"]),
        ("لا بد من ذلك", []),
    ],
)
def test_dropped_negations(target, wrong):
    assert made(negation_dropped, "not", target) == wrong


def test_each_negation_is_a_place():
    assert len(made(negation_dropped, "not", "لا يأكل. لم يشرب.")) == 2


def test_a_negation_takes_its_companion_with_it():
    assert made(negation_dropped, "not", "Il n'a pas mal.", "fr") == ["Il a mal."]


def test_words_that_are_negated_or_only_fold_alike_take_none():
    assert made(negation_added, "yes", "لا يمكن ذلك") == []
    assert made(negation_added, "yes", "يُمكن ذلك") == ["لا يمكن ذلك"]


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("كل ما يلي صحيح ما عدا:", ["كل ما يلي صحيح:"]),
        ("أي العبارات غير صحيحة؟", ["أي العبارات صحيحة؟"]),
        ("أي العبارات خاطئة؟", ["أي العبارات صحيحة؟"]),
        ("أي العبارات صحيحة؟", []),
    ],
)
def test_the_exception_of_a_stem(target, wrong):
    assert made(except_dropped, "All EXCEPT:", target) == wrong
    assert made(except_dropped, "all except one", target) == []
    assert made(except_dropped, "all except one", target, kind="choice", field="question") == wrong
