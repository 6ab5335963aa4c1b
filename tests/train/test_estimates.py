import functools

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.architectures import architecture
from qantara.models.cards import card_of
from qantara.models.sizes import sizes_of, trainable_of
from qantara.train.estimates import estimate
from qantara.train.stage import TrainConfig

GIB = 1 << 30
GB = 1_000_000_000
MIXTRAL, QWEN3 = "hf:mistralai/Mixtral-8x7B-Instruct-v0.1", "hf:Qwen/Qwen3-30B-A3B"
LLAMA, SMOLLM = "hf:meta-llama/Llama-3.1-8B", "hf:HuggingFaceTB/SmolLM2-135M"
SETTINGS = {"max_tokens": 4096, "micro_batch_tokens": 4096, "batch_tokens": 65536, "gradient_checkpointing": True}


@functools.cache
def read(model, adapter):
    found = architecture(model)
    return sizes_of(found), trainable_of(found, adapter)


def estimated(model, card="H100 80", num_tokens=None, num_cards=1, **settings):
    config = TrainConfig(model=model, **(SETTINGS | settings))
    return estimate(config, *read(model, config.adapter), num_tokens, card_of(card), num_cards)


def weights(found):
    return sum(count for part, count in found.memory.items() if part.startswith("weights"))


@pytest.mark.parametrize(("model", "gigabytes"), [(MIXTRAL, 24.5), (QWEN3, 16.7)])
def test_a_base_in_nf4_takes_what_the_notes_computed(model, gigabytes):
    assert weights(estimated(model)) / GB == pytest.approx(gigabytes, abs=0.05)


def test_mixtral_trains_at_rank_16_on_48_gigabytes_and_at_rank_128_on_80():
    assert estimated(MIXTRAL, "L40S").fits
    assert not estimated(MIXTRAL, "L40S", adapter={"rank": 128}).fits
    large = estimated(MIXTRAL, "H100 80", adapter={"rank": 128}, optimizer="adamw_8bit")
    assert large.fits
    assert not estimated(MIXTRAL, "H100 80", quantization="none").fits


def test_what_training_keeps_is_what_a_real_optimizer_keeps():
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64}
    tiny = AutoConfig.for_model("mixtral", **sizes, intermediate_size=64, num_local_experts=4, num_hidden_layers=2)
    config = TrainConfig(model="path:tiny", adapter=AdapterConfig(rank=8))
    model = attach(AutoModelForCausalLM.from_config(tiny).requires_grad_(False), config.adapter)
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    optimizer = torch.optim.AdamW(trained)
    for tensor in trained:
        tensor.grad = torch.zeros_like(tensor)
    optimizer.step()
    states = [s for state in optimizer.state.values() for s in state.values() if s.dim()]
    found = estimate(config, sizes_of(tiny), trainable_of(tiny, config.adapter), None, card_of("cpu")).memory
    assert found["adapters"] == found["gradients"] == sum(tensor.nbytes for tensor in trained)
    assert found["optimizer"] == sum(state.nbytes for state in states)


@pytest.mark.parametrize(
    ("changed", "part", "at_most"),
    [
        ({"optimizer": "adamw_8bit"}, "optimizer", 0.26),
        ({"gradient_checkpointing": True}, "activations", 0.3),
        ({"micro_batch_tokens": 4096}, "activations", 0.51),
        ({"micro_batch_tokens": 4096}, "logits", 0.51),
        ({"transient_mebibytes": 448}, "dequantized weights", 0.26),
        ({"adapter": {"rank": 8}}, "adapters", 0.51),
    ],
)
def test_each_setting_saves_where_it_should(changed, part, at_most):
    before = {"micro_batch_tokens": 8192, "gradient_checkpointing": False}
    plain, saving = (estimated(MIXTRAL, **given).memory[part] for given in (before, before | changed))
    assert 0 < saving <= at_most * plain


@pytest.mark.parametrize(("checkpointing", "layers_kept"), [(True, 1), (False, 32)])
def test_activations_count_the_factors_of_experts_in_bf16_whatever_the_tokens(checkpointing, layers_kept):
    small, large = (
        estimated(MIXTRAL, micro_batch_tokens=n, gradient_checkpointing=checkpointing).memory["activations"]
        for n in (4096, 8192)
    )
    assert 2 * small - large == 209_715_200 * 2 * layers_kept // 32


def test_sharing_out_divides_weights_and_states_but_neither_4_bit_linear_layers_nor_activations():
    one, four = (estimated(MIXTRAL, processes="fsdp", num_cards=n).memory for n in (1, 4))
    for part in ("weights: experts", "adapters", "gradients", "optimizer"):
        assert four[part] == pytest.approx(one[part] / 4, rel=1e-6)
    for part in ("weights: linear layers", "activations", "logits"):
        assert four[part] == one[part]
    assert four["collected layer"] == pytest.approx((one["weights: experts"] + one["adapters"]) / 32, rel=0.01)
    ddp = estimated(MIXTRAL, num_cards=4).memory
    assert ddp == one


def test_speed_is_near_what_was_measured_elsewhere():
    # NeMo Automodel, LoRA in bf16 at 4k on one H100: 12,473 tokens a second (shared/notes/training.md, section 3)
    published = estimated(LLAMA, quantization="none", gradient_checkpointing=False).tokens_a_second
    assert published == pytest.approx(12_473, rel=0.15)
    # 6 x 12.75 billion operations a token at 250 TFLOP/s are 3,270 tokens a second, before dequantizing and adapters
    assert 2500 < estimated(MIXTRAL).tokens_a_second < 3270


def test_larger_micro_batches_dequantize_less_often():
    small, large = (estimated(QWEN3, micro_batch_tokens=n, max_tokens=1024).tokens_a_second for n in (1024, 16384))
    plain = [estimated(QWEN3, micro_batch_tokens=n, max_tokens=1024, quantization="none") for n in (1024, 16384)]
    assert large > 1.2 * small
    assert plain[0].tokens_a_second == plain[1].tokens_a_second > large


def test_cards_beyond_a_steps_micro_batches_only_wait():
    speeds = [estimated(LLAMA, batch_tokens=16384, num_cards=n).tokens_a_second for n in (1, 4, 8)]
    assert speeds[1] == pytest.approx(4 * speeds[0], rel=0.01)
    assert speeds[2] == speeds[1]


def test_the_steps_of_a_run_bound_its_tokens():
    found = estimated(SMOLLM, num_tokens=10_000_000, max_steps=10)
    assert found.num_tokens == 655_360
    assert found.seconds == pytest.approx(655_360 / found.tokens_a_second)
    assert estimated(SMOLLM).seconds is None
