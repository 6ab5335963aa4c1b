"""Accelerators by name: memory, peak speed and bandwidth, and this machine's processor as "cpu".

Figures were recalled, then compared with public tables at second hand: bf16 and bandwidth of A100, H100, H200, B200 and L40S agree,
and the speeds of the RTX 4090; **not compared**: RTX 6000 Ada, and the A6000 but for fp32. The documents named are where to check.
Speeds are of dense products (data sheets print twice as much, for sparse ones) with fp32 accumulation. Not covered: which cards are
there; what a model reaches on one is estimated in `train.planning`.
"""

import os
from dataclasses import dataclass

from qantara.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`memory_gibibytes` as sold, peak TFLOP/s in bf16 and fp32, and memory bandwidth in TB/s.

    `dense_share` and `grouped_share` are what plain and grouped products are assumed to reach of the peak: 402 of 989 TFLOP/s in
    LoRA training of Llama 3 8B, 277 in pretraining of Qwen3-30B-A3B (NeMo Automodel, H100), of which we take a little less.
    """

    name: str
    memory_gibibytes: float
    bf16_teraflops: float
    fp32_teraflops: float
    terabytes_a_second: float
    dense_share: float = 0.40
    grouped_share: float = 0.25


CARDS = (
    # to check: NVIDIA Ada GPU architecture whitepaper 2.02, appendix A (bf16 with fp32 accumulation)
    Card(name="RTX 4090", memory_gibibytes=24, bf16_teraflops=165.2, fp32_teraflops=82.6, terabytes_a_second=1.008),
    # to check: NVIDIA A100 data sheet (SXM)
    Card(name="A100 40", memory_gibibytes=40, bf16_teraflops=312, fp32_teraflops=19.5, terabytes_a_second=1.555),
    # to check: NVIDIA RTX A6000 data sheet: 309.7 sparse
    Card(name="A6000", memory_gibibytes=48, bf16_teraflops=154.8, fp32_teraflops=38.7, terabytes_a_second=0.768),
    # to check: NVIDIA RTX 6000 Ada data sheet: 1,457 in fp8, sparse
    Card(name="RTX 6000 Ada", memory_gibibytes=48, bf16_teraflops=364.2, fp32_teraflops=91.1, terabytes_a_second=0.96),
    # to check: NVIDIA L40S data sheet (a reseller's copy agrees)
    Card(name="L40S", memory_gibibytes=48, bf16_teraflops=362, fp32_teraflops=91.6, terabytes_a_second=0.864),
    Card(name="A100 80", memory_gibibytes=80, bf16_teraflops=312, fp32_teraflops=19.5, terabytes_a_second=2.039),
    # to check: NVIDIA H100 data sheet (SXM): 1,979 sparse
    Card(name="H100 80", memory_gibibytes=80, bf16_teraflops=989, fp32_teraflops=67, terabytes_a_second=3.35),
    # to check: NVIDIA H200 data sheet (SXM)
    Card(name="H200", memory_gibibytes=141, bf16_teraflops=989, fp32_teraflops=67, terabytes_a_second=4.8),
    # to check: NVIDIA HGX B200 data sheet, an eighth of eight cards
    Card(name="B200", memory_gibibytes=180, bf16_teraflops=2250, fp32_teraflops=75, terabytes_a_second=8.0),
)
CPU = "cpu"
_NAMES = {card.name.lower().replace(" ", ""): card for card in CARDS}
_ALIASES = {"h100": "h10080", "a100": "a10080", "4090": "rtx4090", "6000ada": "rtx6000ada", "rtxa6000": "a6000"}
# One core with two 256-bit multiply-adds a cycle at 2.6 GHz; the share is fitted to 111-113 tokens/s of the demo's model.
_FP32_TERAFLOPS_A_CORE = 0.083
_CPU_SHARE = 0.65
_CPU_TERABYTES_A_SECOND = 0.02


def card_of(name: str) -> Card:
    """Return a card by its name ("H100 80", "h100-80", "l40s"), or this machine as "cpu"; ModelError lists the names."""
    key = "".join(letter for letter in name.lower() if letter.isalnum()).removesuffix("gb")
    if key == CPU:
        return _this_machine()
    found = _NAMES.get(_ALIASES.get(key, key))
    if found is None:
        raise ModelError(f"no card {name!r} is known: choose one of {', '.join(c.name for c in CARDS)} or {CPU}")
    return found


def _this_machine() -> Card:
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    peak = _FP32_TERAFLOPS_A_CORE * len(os.sched_getaffinity(0))
    return Card(
        name=CPU,
        memory_gibibytes=memory_bytes / (1 << 30),
        bf16_teraflops=peak,
        fp32_teraflops=peak,
        terabytes_a_second=_CPU_TERABYTES_A_SECOND,
        dense_share=_CPU_SHARE,
        grouped_share=_CPU_SHARE,
    )
