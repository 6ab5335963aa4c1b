import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.models.packed_attention import IMPLEMENTATION

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}
MODELS = {
    "whole context": lambda: LlamaForCausalLM(LlamaConfig(**SIZES)),
    "sliding window": lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=4)),
}


@pytest.mark.parametrize("kind", MODELS)
def test_packed_samples_have_the_logits_and_gradients_they_have_alone(kind):
    torch.manual_seed(0)
    model = MODELS[kind]()
    samples = [torch.arange(7)[None], torch.arange(20, 29)[None], torch.arange(40, 43)[None]]
    lengths = tuple(sample.shape[1] for sample in samples)
    alone = torch.cat([model(input_ids=sample, use_cache=False).logits for sample in samples], dim=1)
    alone.square().sum().backward()
    wanted = [tensor.grad.clone() for tensor in model.parameters()]
    model.zero_grad()
    model.set_attn_implementation(IMPLEMENTATION)
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    packed = model(
        input_ids=torch.cat(samples, dim=1), position_ids=positions, use_cache=False, sample_lengths=lengths
    ).logits
    packed.square().sum().backward()
    assert torch.allclose(packed, alone, atol=1e-5)
    for tensor, gradient in zip(model.parameters(), wanted, strict=True):
        assert torch.allclose(tensor.grad, gradient, atol=1e-4)


@pytest.mark.parametrize("kind", ["mixtral", "qwen2_moe", "qwen3_moe", "olmoe"])
def test_a_mixture_on_nf4_experts_has_packed_the_logits_it_has_unpacked(kind, mixture_folders):
    model = attach(load_model(mixture_folders[kind], quantization="nf4", dtype="float32"), AdapterConfig(rank=8))
    torch.manual_seed(3)
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor += torch.randn_like(tensor) * 0.05
        samples = [torch.arange(7)[None], torch.arange(20, 45)[None], torch.arange(40, 43)[None]]
        lengths = tuple(sample.shape[1] for sample in samples)
        alone = torch.cat([model(input_ids=sample, use_cache=False).logits for sample in samples], dim=1)
        model.get_base_model().set_attn_implementation(IMPLEMENTATION)
        positions = torch.cat([torch.arange(length) for length in lengths])[None]
        row = {"input_ids": torch.cat(samples, dim=1), "position_ids": positions, "sample_lengths": lengths}
        packed = model(**row, use_cache=False).logits
    assert torch.allclose(packed, alone, atol=1e-5)
