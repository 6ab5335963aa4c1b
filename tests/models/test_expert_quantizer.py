import json

import bitsandbytes as bnb
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, MixtralConfig, MixtralForCausalLM

from qantara.errors import ModelError
from qantara.models.layouts import EXPERTS, MIXTURES, PROJECTIONS, experts_of, routers_of
from qantara.models.loading import load_model
from qantara.models.nf4_experts import expert_weights

TOKENS = torch.arange(30)[None]


@torch.inference_mode()
def logits(model):
    return model(input_ids=TOKENS).logits


def dequantized(folder, packed):
    """Return the stock model of a folder with the weights that a packed one computes with."""
    stock = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    for name, module in stock.named_modules():
        source = packed.get_submodule(name)
        if isinstance(module, EXPERTS):
            for projection in PROJECTIONS:
                module.get_parameter(projection).data = expert_weights(source, projection, torch.float32)
        elif isinstance(source, bnb.nn.Linear4bit):
            module.weight.data = bnb.functional.dequantize_4bit(source.weight.data, source.weight.quant_state)
    return stock


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_every_layout_loads_in_nf4_and_computes_as_the_stock_model_with_the_dequantized_weights(
    mixture_folders, model_type
):
    packed = load_model(mixture_folders[model_type], quantization="nf4", dtype="float32")
    for _, experts in experts_of(packed):
        assert experts.gate_up_proj.dtype == torch.uint8
    expected = logits(dequantized(mixture_folders[model_type], packed))
    assert (logits(packed) - expected).abs().max() < 1e-6 * expected.abs().max()


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_gate_up_and_down_of_every_expert_are_those_of_the_checkpoint(mixture_folders, model_type):
    plain = dict(experts_of(load_model(mixture_folders[model_type], quantization="none", dtype="float32")))
    packed = dict(experts_of(load_model(mixture_folders[model_type], quantization="nf4", dtype="float32")))
    assert len(packed) == 2
    for name, experts in packed.items():
        for projection in PROJECTIONS:
            original = expert_weights(plain[name], projection, torch.float32)
            errors = expert_weights(experts, projection, torch.float32) - original
            assert (errors.norm(dim=(1, 2)) < 0.1 * original.norm(dim=(1, 2))).all()


@pytest.mark.parametrize(
    ("model_type", "dtype"), [(name, "float32") for name in sorted(MIXTURES)] + [("mixtral", "bfloat16")]
)
def test_a_model_saved_in_nf4_has_the_same_logits_bit_for_bit_however_often(
    mixture_folders, tmp_path, model_type, dtype
):
    model = load_model(mixture_folders[model_type], quantization="nf4", dtype=dtype)
    expected = logits(model)
    for copy in ("first", "second"):
        model.save_pretrained(tmp_path / copy)
        model = load_model(tmp_path / copy, quantization="nf4", dtype=dtype)
        assert torch.equal(logits(model), expected)


def test_a_saved_model_names_its_method_and_holds_packed_experts_only(mixture_folders, tmp_path):
    load_model(mixture_folders["mixtral"], quantization="nf4", dtype="float32").save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config["quantization_config"]["quant_method"] == "experts_nf4"
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        names = {
            name: file.get_slice(name).get_dtype()
            for name in sorted(file.keys())
            if ".0.block_sparse_moe.experts" in name
        }
    prefix = "model.layers.0.block_sparse_moe.experts."
    assert {name.removeprefix(prefix): dtype for name, dtype in names.items()} == {
        f"{projection}{part}": dtype
        for projection in PROJECTIONS
        for part, dtype in {"": "U8", "_absmax": "U8", "_nested_absmax": "F32", "_offset": "F32"}.items()
    }


def test_a_checkpoint_whose_experts_are_fused_already_loads_alike(mixture_folders, tmp_path):
    stock = AutoModelForCausalLM.from_pretrained(mixture_folders["qwen3_moe"])
    stock.save_pretrained(tmp_path, save_original_format=False)
    ours = [
        load_model(folder, quantization="nf4", dtype="float32") for folder in (mixture_folders["qwen3_moe"], tmp_path)
    ]
    assert torch.equal(logits(ours[0]), logits(ours[1]))


def test_routers_lose_nothing_of_an_fp32_checkpoint_where_the_rest_computes_in_bf16(mixture_folders):
    for folder in mixture_folders.values():
        stock = dict(routers_of(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)))
        for name, router in routers_of(load_model(folder, quantization="nf4", dtype="bfloat16")):
            assert torch.equal(router.weight, stock[name].weight)


def test_experts_of_a_size_that_blocks_do_not_fill_are_refused_before_any_weight_is_read(tmp_path):
    sizes = {"hidden_size": 40, "intermediate_size": 20, "num_hidden_layers": 1, "num_attention_heads": 2}
    MixtralForCausalLM(MixtralConfig(**sizes, num_key_value_heads=2, vocab_size=8)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="blocks of 64 must fill them"):
        load_model(tmp_path, quantization="nf4")
