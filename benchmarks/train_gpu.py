"""QLoRA at the size of Mixtral-8x7B on one GPU: tokens a second, peak memory, and where a step's time goes. Weights are random.

    python benchmarks/train_gpu.py [--ranks 16 128] [--micro-batch-tokens 4096] [--steps 5]
    python benchmarks/train_gpu.py --tiny       # the same steps at toy size on a CPU, to see that the script works

The model is made layer by layer straight into NF4 (nothing is downloaded, at most one layer is ever in bf16), then trained by the
train stage's own loop on rows of packed samples, with gradient checkpointing. Speed is the median step after the first two, which
probe kernels and fill caches. Goals of the training issue: 3,000 tokens/s on one H100, 48 GB at rank 16.
"""

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import torch
from bitsandbytes.nn.modules import Linear4bit, Params4bit
from torch import nn
from torch.profiler import ProfilerActivity, profile
from transformers import MixtralConfig, MixtralForCausalLM
from transformers.models.mixtral.modeling_mixtral import MixtralDecoderLayer

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, trainable_groups
from qantara.models.experts_forward import IMPLEMENTATION
from qantara.models.grouped_products import way_for
from qantara.models.layouts import PROJECTIONS
from qantara.models.loading import keep_routers_in_fp32
from qantara.models.nf4_experts import check_expert_bytes, expert_bytes, quantize
from qantara.records import Sample
from qantara.train.batches import prepare
from qantara.train.loop import train_step
from qantara.train.stage import TrainConfig
from qantara.train.state import TrainingState
from qantara.training_order import Piece, TrainingOrder

SAMPLE_TOKENS = 512
UNTIMED_STEPS = 2
DEVIATION = 0.02  # of random weights: what models are initialized with
MIXTRAL_8X7B = {  # as recalled of Mixtral-8x7B; its config.json was not at hand
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 32000,
    "rope_theta": 1e6,
}
TINY = MIXTRAL_8X7B | {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 512,
}
KINDS = {  # by parts of the names of CUDA kernels and of PyTorch's operators
    "dequantization": ("dequant", "bitsandbytes::"),
    "matrix products": ("gemm", "cutlass", "nvjet", "aten::mm", "aten::addmm", "aten::bmm", "grouped_mm"),
    "attention kernel": ("flash", "fmha", "scaled_dot_product"),
    "optimizer": ("adam", "optimizer"),
}


def nf4_model(shapes: dict[str, Any], device: torch.device) -> MixtralForCausalLM:
    """Return a model of random weights with NF4 experts and attention; embeddings, norms and head in bf16, routers in fp32."""
    config = MixtralConfig(**shapes | {"num_hidden_layers": 0})
    config._experts_implementation = IMPLEMENTATION
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = MixtralForCausalLM(config)
            for number in range(shapes["num_hidden_layers"]):
                model.model.layers.append(_nf4_layer(config, number))
    finally:
        torch.set_default_dtype(before)
    config.num_hidden_layers = shapes["num_hidden_layers"]
    keep_routers_in_fp32(model)
    check_expert_bytes(model)
    return model.requires_grad_(False).eval()


def _nf4_layer(config: MixtralConfig, number: int) -> nn.Module:
    layer = MixtralDecoderLayer(config, number)
    for name, parameter in layer.named_parameters():
        if "norm" not in name:
            parameter.data.normal_(0, DEVIATION)
    experts: Any = layer.mlp.experts
    for projection in PROJECTIONS:
        experts.register_parameter(projection, quantize(experts, projection, experts.get_parameter(projection).data))
    attention = layer.self_attn
    for name, linear in [
        (name, module) for name, module in attention.named_children() if isinstance(module, nn.Linear)
    ]:
        packed = Linear4bit(
            linear.in_features,
            linear.out_features,
            bias=False,
            compute_dtype=torch.bfloat16,
            quant_type="nf4",
            device="meta",
        )
        packed.weight = Params4bit(linear.weight.data.cpu(), requires_grad=False, quant_type="nf4", module=packed)
        packed.support_avx512bf16_for_cpu = False
        setattr(attention, name, packed.to(linear.weight.device))
    return layer


def samples(num_tokens: int, num_words: int) -> Iterator[Sample]:
    """Yield samples of random tokens, all learnt, `num_tokens` together."""
    generator = torch.Generator().manual_seed(0)
    for number in range(num_tokens // SAMPLE_TOKENS):
        tokens = torch.randint(num_words, (SAMPLE_TOKENS,), generator=generator).tolist()
        name = f"{number:016x}"
        yield Sample(
            example_id=name,
            family=name,
            language="en",
            source="random",
            kind="passage",
            fold="train",
            input_ids=tuple(tokens),
            loss_mask=(True,) * SAMPLE_TOKENS,
        )


def measure(model: MixtralForCausalLM, rank: int, micro_batch_tokens: int, num_steps: int) -> dict[str, Any]:
    """Train new adapters for a few steps and return the figures; the last step is profiled and not timed."""
    device = model.device
    config = TrainConfig(
        model="path:random",
        adapter=AdapterConfig(rank=rank, alpha=2 * rank),
        optimizer="adamw_8bit" if rank > 64 and device.type == "cuda" else "adamw",
        batch_tokens=micro_batch_tokens,
        micro_batch_tokens=micro_batch_tokens,
        max_tokens=SAMPLE_TOKENS,
        gradient_checkpointing=True,
    )
    given = list(samples((num_steps + 1) * micro_batch_tokens, model.config.vocab_size))
    data = prepare(given, TrainingOrder.of(Piece(i, 0, SAMPLE_TOKENS) for i in range(len(given))), config)
    adapted = attach(model, config.adapter, 0)
    state = TrainingState.start(adapted, config, data)
    seconds = [_timed_step(state, device) for _ in range(num_steps)]
    activity = ProfilerActivity.CUDA if device.type == "cuda" else ProfilerActivity.CPU
    with profile(activities=[activity]) as profiler:
        _timed_step(state, device)
    result = {
        "optimizer": config.optimizer,
        "trainable": sum(trainable_groups(adapted).values()),
        "tokens_per_second": micro_batch_tokens / statistics.median(seconds[UNTIMED_STEPS:]),
        "peak_gb": torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else float("nan"),
        "reserved_gb": torch.cuda.max_memory_reserved() / 1e9 if device.type == "cuda" else float("nan"),
        "shares": _shares(profiler, on_device=device.type == "cuda"),
    }
    adapted.unload()
    return result


def _timed_step(state: TrainingState, device: torch.device) -> float:
    began = time.perf_counter()
    train_step(state)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _shares(profiler: Any, *, on_device: bool) -> dict[str, float]:  # noqa: ANN401 - torch's profiler is untyped
    seconds: dict[str, float] = defaultdict(float)
    for event in profiler.key_averages():
        name = event.key.lower()
        kinds = [kind for kind, parts in KINDS.items() if any(part in name for part in parts)]
        seconds[kinds[0] if kinds else "all else"] += (
            event.self_device_time_total if on_device else event.self_cpu_time_total
        )
    return {kind: seconds[kind] / sum(seconds.values()) for kind in [*KINDS, "all else"]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, nargs="+", default=[16, 128])
    parser.add_argument("--micro-batch-tokens", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="toy shapes on a CPU")
    arguments = parser.parse_args()
    tiny = arguments.tiny or not torch.cuda.is_available()
    if tiny and not arguments.tiny:
        print("no GPU here: toy shapes on the CPU, which show that the script works and say nothing of speed")
    device = torch.device("cpu" if tiny else "cuda")
    torch.manual_seed(0)
    print(
        "CPU" if tiny else torch.cuda.get_device_name(),
        *(f"{name} {version(name)}" for name in ("torch", "bitsandbytes")),
    )
    print(f"products of rows grouped by expert: {way_for(device, torch.bfloat16)}")
    for rank in arguments.ranks:
        gc.collect()
        torch.cuda.empty_cache()
        model = nf4_model(TINY if tiny else MIXTRAL_8X7B, device)
        actual, in_bf16 = expert_bytes(model)
        base = torch.cuda.memory_allocated() / 1e9 if not tiny else float("nan")
        if not tiny:
            torch.cuda.reset_peak_memory_stats()
        found = measure(model, rank, arguments.micro_batch_tokens, arguments.steps)
        shares = ", ".join(f"{kind} {share:.0%}" for kind, share in found["shares"].items())
        size = f"{found['trainable'] / 1e6:.1f} M trainable, {found['optimizer']}"
        print(
            f"rank {rank}, {size}, {arguments.micro_batch_tokens} tokens a step: {found['tokens_per_second']:.0f} tokens/s"
        )
        print(f"  experts {actual / 1e9:.2f} GB ({actual / in_bf16:.3f} of bf16); time of a step: {shares}")
        if not tiny:
            peak = f"{found['peak_gb']:.1f} at the peak, {found['reserved_gb']:.1f} reserved"
            print(f"  memory in GB: {base:.1f} before training, {peak}")
        del model


if __name__ == "__main__":
    main()
