"""One measurement of `evaluate.py`: loads a model, then times the scoring of questions, by us or by lm-eval's HF back end.

    python benchmarks/evaluate_child.py SETTINGS.json

Reads settings and texts from one JSON file, prints one JSON line: seconds (tokenization included, loading not), the process's peak
memory and what it had before it scored, tokens that went through the model (padding included), log-probabilities.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def main() -> None:
    """Measure what the settings say."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(settings["threads"])
    score, backbone = (_ours if settings["side"] == "ours" else _lm_eval)(settings)
    tokens = [0]

    def count(_: object, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        tokens[0] += (given.get("input_ids") if given.get("input_ids") is not None else arguments[0]).numel()

    backbone.register_forward_pre_hook(count, with_kwargs=True)
    loaded = _peak_mib()
    began, began_processor = time.perf_counter(), time.process_time()
    with torch.no_grad():
        logs = score(settings["questions"])
    seconds, processor_seconds = time.perf_counter() - began, time.process_time() - began_processor
    figures = {"seconds": seconds, "processor_seconds": processor_seconds, "tokens": tokens[0], "loaded_mib": loaded}
    print(json.dumps(figures | {"peak_mib": _peak_mib(), "logs": logs}))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


Score = Callable[[list[dict[str, Any]]], list[list[float]]]


def _ours(settings: dict[str, Any]) -> tuple[Score, Any]:
    from qantara.models.likelihood import Question, likelihoods  # noqa: PLC0415 - a side loads its own libraries only
    from qantara.models.loading import load_model, load_tokenizer  # noqa: PLC0415 - a side loads its own libraries only

    folder = Path(settings["model"])
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, quantization="none", dtype=settings["dtype"])

    def score(questions: list[dict[str, Any]]) -> list[list[float]]:
        asked = [Question(question["prompt"], (tuple(question["answers"]),)) for question in questions]
        found = dict(likelihoods(model, tokenizer, asked, settings["batch_size"]))
        return [[answer.log_probability for answer in found[number][0]] for number in range(len(asked))]

    return score, model.model


def _lm_eval(settings: dict[str, Any]) -> tuple[Score, Any]:
    from lm_eval.api.instance import Instance  # noqa: PLC0415 - a side loads its own libraries only
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415 - a side loads its own libraries only
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 - a side loads its own libraries only

    model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=getattr(torch, settings["dtype"]))
    tokenizer = AutoTokenizer.from_pretrained(settings["model"])
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=settings["batch_size"], device="cpu")

    def score(questions: list[dict[str, Any]]) -> list[list[float]]:
        requests = [
            Instance("loglikelihood", {}, (question["prompt"], answer), number)
            for number, question in enumerate(questions)
            for answer in question["answers"]
        ]
        logs = iter([log for log, _ in lm.loglikelihood(requests, disable_tqdm=True)])
        return [[next(logs) for _ in question["answers"]] for question in questions]

    return score, model.model


if __name__ == "__main__":
    main()
