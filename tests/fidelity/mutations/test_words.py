from random import Random

import pytest

from qantara.fidelity.mutations.scene import Scene
from qantara.fidelity.mutations.words import antonym, drug_swapped, laterality
from qantara.fidelity.reading import read


def made(fault, source, target):
    scene = Scene(field="text", kind="text", source=read(source, "en"), target=read(target, "ar"))
    return [edit.applied(target) for edit in fault(scene, Random(1))]


@pytest.mark.parametrize(
    ("source", "target", "wrong"),
    [
        ("acute", "ألم حاد", ["ألم مزمن"]),
        ("acute", "حالة حادة", ["حالة مزمنة"]),
        ("acute", "الحالات المزمنة", []),
        ("a minute", "دقيقة", []),
    ],
)
def test_opposites_that_the_source_has_too(source, target, wrong):
    assert made(antonym, source, target) == wrong
    assert made(laterality, source, target) == []


@pytest.mark.parametrize(
    ("target", "wrong"), [("اليد اليمنى", ["اليد اليسرى"]), ("والجانب الأيمن", ["والجانب الأيسر"])]
)
def test_sides(target, wrong):
    assert made(laterality, "right", target) == wrong
    assert made(antonym, "right", target) == []


def test_a_drug_becomes_another_that_no_side_has():
    (text,) = made(drug_swapped, "prednisone, not prednisolone", "بريدنيزون")
    assert text not in ("بريدنيزون", "بريدنيزولون")
    assert read(text, "ar").values("drug")
