import bitsandbytes as bnb
import pytest
import torch
from torch import nn

from qantara.errors import ModelError
from qantara.models.layouts import MIXTURES, PROJECTIONS, experts_of
from qantara.models.loading import load_model
from qantara.models.nf4_experts import (
    check_blocks,
    check_expert_bytes,
    expert_bytes,
    expert_weight,
    expert_weights,
    quantize,
    reserve,
)

LEVELS = bnb.functional.get_4bit_type("nf4", device="cpu")
SCALE_LEVELS = bnb.functional.create_dynamic_map()


def experts_with(weight):
    """Return a module that holds a weight (experts, out, in) as its packed down projection."""
    experts = nn.Module()
    experts.num_experts, experts.hidden_dim, experts.intermediate_dim = weight.shape
    experts.register_parameter("down_proj", quantize(experts, "down_proj", weight))
    return experts


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_loaded_experts_take_little_more_than_a_quarter_of_their_bf16_bytes(mixture_folders, model_type):
    actual, in_bf16 = expert_bytes(load_model(mixture_folders[model_type], quantization="nf4", dtype="bfloat16"))
    assert actual / in_bf16 == pytest.approx(0.258, abs=0.001)
    intermediate = 96 if "qwen" in model_type else 128
    assert in_bf16 == 2 * 4 * 3 * 64 * intermediate * 2


def test_all_parts_are_frozen_parameters_with_the_expert_axis_first(mixture_folders):
    model = load_model(mixture_folders["mixtral"], quantization="nf4", dtype="float32")
    for _, experts in experts_of(model):
        parts = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in experts.named_parameters()}
        assert parts == {
            "gate_up_proj": (torch.uint8, (4, 8192)),
            "gate_up_proj_absmax": (torch.uint8, (4, 256)),
            "gate_up_proj_nested_absmax": (torch.float32, (4, 1)),
            "gate_up_proj_offset": (torch.float32, (4, 1)),
            "down_proj": (torch.uint8, (4, 4096)),
            "down_proj_absmax": (torch.uint8, (4, 128)),
            "down_proj_nested_absmax": (torch.float32, (4, 1)),
            "down_proj_offset": (torch.float32, (4, 1)),
        }
        assert not any(tensor.requires_grad for tensor in experts.parameters())


def test_reserved_parameters_have_the_shapes_of_quantized_ones(mixture_folders):
    for folder in mixture_folders.values():
        _, packed = next(experts_of(load_model(folder, quantization="nf4", dtype="bfloat16")))
        _, plain = next(experts_of(load_model(folder, quantization="none", dtype="bfloat16")))
        reserve(plain)
        assert {name: (part.dtype, part.shape) for name, part in plain.named_parameters()} == {
            name: (part.dtype, part.shape) for name, part in packed.named_parameters()
        }


# one short block of scales; whole ones; whole and short; rows that end within a block of weights
@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (256, 128), (200, 128), (64, 96), (160, 96), (128, 32)])
def test_weights_are_read_as_the_formula_of_double_quantization_says(rows, columns):
    torch.manual_seed(rows + columns)
    weight = torch.randn(3, rows, columns)
    experts = experts_with(weight)
    packed = experts.down_proj.int()
    indices = torch.stack([packed >> 4, packed & 15], dim=2).view(3, -1, 64)
    nested = experts.down_proj_nested_absmax.repeat_interleave(256, dim=1)[:, : rows * columns // 64]
    scales = SCALE_LEVELS[experts.down_proj_absmax.int()] * nested + experts.down_proj_offset
    expected = (LEVELS[indices] * scales.unsqueeze(2)).view(weight.shape)
    assert torch.equal(expert_weights(experts, "down_proj", torch.float32), expected)
    assert torch.equal(expert_weights(experts, "down_proj", torch.bfloat16), expected.bfloat16())
    assert (expected - weight).norm() < 0.1 * weight.norm()  # 4 bits of a normal distribution: 0.092


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_experts_are_the_same_bits_one_by_one_in_a_range_and_all_at_once(mixture_folders, quantization, dtype):
    for folder in mixture_folders.values():
        for _, experts in experts_of(load_model(folder, quantization=quantization, dtype="float32")):
            for projection in PROJECTIONS:
                whole = expert_weights(experts, projection, dtype)
                assert whole.dtype == dtype
                each = [expert_weight(experts, projection, i, dtype) for i in range(4)]
                assert torch.equal(torch.stack(each), whole)
                assert torch.equal(expert_weights(experts, projection, dtype, 1, 3), whole[1:3])
                assert torch.equal(expert_weights(experts, projection, dtype, 2), whole[2:])


def test_an_expert_is_quantized_alone():
    torch.manual_seed(0)
    weight = torch.randn(3, 64, 64)
    weight[1] *= 1000
    alone = expert_weights(experts_with(weight[:1]), "down_proj", torch.float32)
    assert torch.equal(expert_weight(experts_with(weight), "down_proj", 0, torch.float32), alone[0])


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_weights_that_are_all_alike_stay_what_they_are(value):
    assert torch.equal(
        expert_weights(experts_with(torch.full((2, 64, 64), value)), "down_proj", torch.float32),
        torch.full((2, 64, 64), value),
    )


def test_experts_left_in_bf16_are_an_error(mixture_folders):
    model = load_model(mixture_folders["mixtral"], quantization="none", dtype="bfloat16")
    with pytest.raises(ModelError, match=r"take 1\.00 of their bf16 bytes, not 0\.29"):
        check_expert_bytes(model)


def test_a_model_without_experts_has_no_expert_bytes():
    assert expert_bytes(nn.Linear(2, 2)) == (0, 0)


def test_sizes_that_blocks_do_not_fill_are_refused():
    with pytest.raises(ModelError, match=r"experts of 3 x 10 .* blocks of 64"):
        experts_with(torch.zeros(2, 3, 10))
    experts = nn.Module()
    experts.num_experts, experts.hidden_dim, experts.intermediate_dim = 2, 40, 20
    with pytest.raises(ModelError, match=r"experts of 40 x 20 .* blocks of 64"):
        check_blocks(experts)
