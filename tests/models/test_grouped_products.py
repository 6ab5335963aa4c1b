"""Products of sorted rows with their expert's matrix: the loop against plain products, and what a failed probe leads to."""

import pytest
import torch

from qantara.models.grouped_products import Segment, add_product, fastest_sound, outer, probe, product, way_for

CPU = torch.device("cpu")


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("rank", [8, 64])
def test_the_loop_multiplies_a_segments_rows_with_its_experts_matrix(rank):
    rows, matrix, alone = drawn(11, 32), drawn(32, rank), Segment(0, 1, 0, 11)
    assert torch.allclose(product(rows, matrix[None], alone), rows @ matrix, atol=1e-5)
    result = drawn(11, rank)
    wanted = result + rows @ matrix
    add_product(result, rows, matrix[None], alone)
    assert torch.allclose(result, wanted, atol=1e-5)
    right = drawn(11, rank)
    assert torch.allclose(outer(rows, right, alone)[0], rows.t() @ right, atol=1e-5)


@pytest.mark.parametrize("way", ["grouped", "contiguous"])
def test_sound_grouped_products_pass_the_probe(way):
    assert probe(CPU, torch.bfloat16, way) == ""


def test_grouped_products_that_are_wrong_are_found(monkeypatch):
    right = torch.nn.functional.grouped_mm
    monkeypatch.setattr("torch.nn.functional.grouped_mm", lambda *given, **named: right(*given, **named) * 1.5)
    assert "its results are wrong" in probe(CPU, torch.bfloat16, "grouped")


@pytest.mark.parametrize(
    ("faults", "chosen", "warnings"),
    [
        ({}, "grouped", 0),
        ({"grouped": "wrong"}, "contiguous", 1),
        ({"grouped": "wrong", "contiguous": "no kernel"}, "loop", 2),
    ],
)
def test_the_fastest_way_without_a_fault_is_taken_and_faults_are_told(faults, chosen, warnings, caplog):
    assert fastest_sound(lambda way: faults.get(way, "")) == chosen
    assert len(caplog.records) == warnings


def test_a_cpu_and_full_precision_take_the_loop():
    assert way_for(CPU, torch.bfloat16) == way_for(CPU, torch.float32) == "loop"
