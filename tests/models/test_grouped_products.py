import pytest
import torch

from qantara.models import grouped_products
from qantara.models.grouped_products import Segment, add_product, fastest_sound, outer, probe, product, way_for

CPU = torch.device("cpu")


def test_a_cpu_and_fp32_go_expert_by_expert():
    assert way_for(CPU, torch.bfloat16) == "loop"
    assert way_for(torch.device("cuda:0"), torch.float32) == "loop"


@pytest.mark.parametrize("way", ["grouped", "contiguous"])
def test_the_probe_finds_nothing_wrong_with_a_kernel_that_is_right(way):
    assert probe(CPU, torch.bfloat16, way) == ""


def test_the_probe_finds_a_kernel_that_is_wrong_on_transposed_weights_alone(monkeypatch):
    right = torch.nn.functional.grouped_mm

    def faulty(rows, matrices, *, offs):
        result = right(rows, matrices, offs=offs)
        if not matrices.is_contiguous() and matrices.dim() == 3:
            result[7] = result[8]
        return result

    monkeypatch.setattr(grouped_products.F, "grouped_mm", faulty)
    assert "wrong" in probe(CPU, torch.bfloat16, "grouped")
    assert probe(CPU, torch.bfloat16, "contiguous") == ""


@pytest.mark.parametrize("broken", ["values", "empty group", "nan"])
def test_the_probe_finds_wrong_gradients_of_factors(monkeypatch, broken):
    right = torch.nn.functional.grouped_mm

    def faulty(rows, matrices, *, offs):
        result = right(rows, matrices, offs=offs)
        if result.dim() == 3:
            result[1 if broken == "empty group" else 2, :, 0] = float("nan") if broken == "nan" else 1e3
        return result

    monkeypatch.setattr(grouped_products.F, "grouped_mm", faulty)
    assert "wrong" in probe(CPU, torch.bfloat16, "grouped")


def test_a_kernel_that_is_not_there_is_a_fault_and_not_a_crash(monkeypatch):
    def missing(rows, matrices, *, offs):
        raise RuntimeError("grouped gemm is not supported on sm75\nmore")

    monkeypatch.setattr(grouped_products.F, "grouped_mm", missing)
    assert probe(CPU, torch.bfloat16, "grouped") == "grouped gemm is not supported on sm75"


@pytest.mark.parametrize(
    ("sound", "wanted", "num_warnings"), [("grouped", "grouped", 0), ("contiguous", "contiguous", 1), ("", "loop", 2)]
)
def test_the_fastest_way_without_a_fault_is_taken_and_others_are_warned_of(caplog, sound, wanted, num_warnings):
    assert fastest_sound(lambda way: "" if way == sound else "it is broken") == wanted
    assert [record.message.count("it is broken") for record in caplog.records] == [1] * num_warnings


@pytest.mark.parametrize("width", [8, 64])
def test_products_of_one_expert_are_plain_products(width):
    torch.manual_seed(0)
    rows, matrix, right = torch.randn(5, 16), torch.randn(1, 16, width), torch.randn(5, width)
    alone = Segment(3, 4, 0, 5)
    assert torch.allclose(product(rows, matrix, alone), rows @ matrix[0], atol=1e-6)
    assert torch.allclose(outer(rows, right, alone)[0], rows.t() @ right, atol=1e-6)
    result = right.clone()
    add_product(result, rows, matrix, alone)
    assert torch.allclose(result, right + rows @ matrix[0], atol=1e-6)
