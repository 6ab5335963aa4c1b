import pytest
import torch
from bitsandbytes.nn.modules import Params4bit
from transformers import AutoConfig, AutoModelForCausalLM

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, trainable_groups
from qantara.models.experts_forward import IMPLEMENTATION
from qantara.models.layouts import routers_of
from qantara.models.loading import load_model
from qantara.models.packed_attention import IMPLEMENTATION as PACKED
from qantara.models.sizes import (
    activation_bytes,
    dequantized_bytes,
    nf4_bytes,
    sizes_of,
    stored_bytes,
    trainable_of,
)

COMMON = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128}
COMMON |= {"pad_token_id": None, "bos_token_id": None, "eos_token_id": None}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 64, "num_experts": 4}
ARCHITECTURES = {
    "llama": {"intermediate_size": 128, "tie_word_embeddings": True},
    "gemma3_text": {"intermediate_size": 128, "head_dim": 32},
    "mixtral": {"intermediate_size": 128, "num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen2_moe": EXPERTS | {"intermediate_size": 128, "shared_expert_intermediate_size": 128},
    "qwen3_moe": EXPERTS | {"intermediate_size": 128, "head_dim": 16},
    "olmoe": EXPERTS | {"intermediate_size": 64},
}


def config_of(model_type, num_layers=2):
    return AutoConfig.for_model(model_type, **COMMON, **ARCHITECTURES[model_type], num_hidden_layers=num_layers)


def bytes_of(tensor):
    if not isinstance(tensor, Params4bit):
        return tensor.numel() * tensor.element_size()
    state = tensor.quant_state
    parts = (tensor.data, state.absmax, state.state2.absmax, state.offset)
    return sum(part.numel() * part.element_size() for part in parts)


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_bytes_of_weights_are_those_of_the_loaded_model(model_type, tmp_path):
    config = config_of(model_type)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    for quantization in ("nf4", "none"):
        model = load_model(tmp_path, quantization=quantization, dtype="bfloat16")
        expected = stored_bytes(sizes_of(config), nf4=quantization == "nf4", wide=2)
        assert sum(bytes_of(tensor) for tensor in model.parameters()) == sum(expected.values())


@pytest.mark.parametrize("model_type", ARCHITECTURES)
@pytest.mark.parametrize("embeddings", [False, True])
def test_trainable_numbers_are_those_of_real_adapters(model_type, embeddings):
    config, adapter = config_of(model_type), AdapterConfig(rank=8, embeddings=embeddings)
    model = AutoModelForCausalLM.from_config(config).requires_grad_(False)
    assert trainable_of(config, adapter) == trainable_groups(attach(model, adapter))


def test_a_token_is_multiplied_with_its_experts_and_not_with_the_lookup():
    sizes = sizes_of(config_of("mixtral"))
    of_expert = 3 * 64 * 128
    assert sizes.stored["experts"] == 2 * 4 * of_expert
    assert sizes.active == sizes.total - 2 * 2 * of_expert
    assert sizes.multiplied == sizes.active - 128 * 64
    assert sizes.multiplied_experts == 2 * 2 * of_expert
    tied = sizes_of(config_of("llama"))
    assert tied.multiplied == tied.active == tied.total


def test_double_quantization_takes_4_bits_and_an_eighth():
    assert nf4_bytes(64) == 32 + 1 + 4 + 4
    assert nf4_bytes(4096 * 14336) * 8 / (4096 * 14336) == pytest.approx(4.127, abs=1e-3)


def test_dequantized_experts_stay_within_their_limit_but_one_fits_always():
    sizes = sizes_of(config_of("mixtral"))
    one = 2 * 128 * 64 * 2
    limits = (1 << 30, 3 * one, 0)
    assert [dequantized_bytes(sizes, 2, limit) for limit in limits] == [4 * one, 3 * one, one]
    assert dequantized_bytes(sizes_of(config_of("llama")), 2, 0) == 64 * 128 * 2


@pytest.mark.parametrize("model_type", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_activations_are_what_backward_keeps_a_token(model_type, dtype):
    # two layers more, and 1024 tokens more: what is kept whatever the tokens falls out
    (a, b), (c, d) = ([kept_bytes(config_of(model_type, n), dtype, tokens) for n in (1, 3)] for tokens in (512, 1536))
    sizes = [sizes_of(config_of(model_type, n)) for n in (1, 3)]
    one, three = (activation_bytes(each, wide=dtype.itemsize, rank=8, checkpointing=False) for each in sizes)
    assert three - one == pytest.approx(((d - c) - (b - a)) / 1024, rel=0.05)


def test_checkpointing_keeps_layer_inputs_and_one_layer():
    kept = [activation_bytes(sizes_of(config_of("mixtral", n)), wide=2, rank=8, checkpointing=True) for n in (1, 2, 3)]
    assert kept[1] - kept[0] == kept[2] - kept[1] == 64 * 2


def kept_bytes(config, dtype, num_tokens):
    """Bytes of all that a forward saves for backward, parameters aside."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=dtype).requires_grad_(False)
    if list(routers_of(model)):
        model.set_experts_implementation(IMPLEMENTATION)
    for _, router in routers_of(model):
        router.float().register_forward_pre_hook(lambda _, given: (given[0].float(),))
    tuned = attach(model, AdapterConfig(rank=8)).train()
    model.set_attn_implementation(PACKED)
    weights = {tensor.untyped_storage().data_ptr() for tensor in tuned.parameters()}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes(), tensor  # the tensor too, so that its address isn't used again
        return tensor

    tokens = torch.arange(num_tokens)[None]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = tuned(
            input_ids=tokens % config.vocab_size,
            position_ids=tokens,
            logits_to_keep=torch.arange(1),
            use_cache=False,
            sample_lengths=(num_tokens,),
        )
    assert output.logits.requires_grad
    return sum(count for count, _ in kept.values())
