"""A run's scores as the files that `lm_eval --log_samples` writes: `samples_TASK_DATE.jsonl` and `results_DATE.json`.

The fields, their order and their quirks (numbers of `resps` as strings) are those of lm-eval 0.4.13, read in its evaluator and
evaluation_tracker and compared in a test with files it wrote itself. Not written: its environment, seeds and durations.
"""

import hashlib
import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from qantara.harness.lm_eval_tasks import METRICS, Document, document_row
from qantara.models.fingerprints import write_whole


class Sample(NamedTuple):
    """A question and what the model made of it: for each answer, its log-probability and whether it was the greedy one."""

    document: Document
    responses: tuple[tuple[float, bool], ...]


def write_samples(
    folder: Path, model: str, samples: Mapping[str, Sequence[Sample]], when: datetime, config: Mapping[str, object]
) -> Path:
    """Write the samples of each task and the results of all; return the folder they are in, `folder/MODEL`.

    `when` names the files, as lm-eval's own do, so that viewers tell runs apart. `config` says how the model was run, JSON-ready.
    Metrics are computed as lm-eval does: the log-probabilities as they are, by character and by byte, the first of equals.
    """
    sanitized = re.sub(r"[\"<>:/|\\?*\[\]]+", "__", model)  # as lm_eval.utils.sanitize_model_name
    date = when.isoformat().replace(":", "-")
    rows = {task: [_row(number, sample) for number, sample in enumerate(of_task)] for task, of_task in samples.items()}
    for task, of_task in rows.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in of_task]
        write_whole(folder / sanitized / f"samples_{task}_{date}.jsonl", "".join(f"{line}\n" for line in lines))
    results = _results(rows) | {
        "config": {"model": "qantara", "model_args": {"pretrained": model}, **config},
        "date": when.timestamp(),
        "task_hashes": {task: _hash("".join(map(_hashes, of_task))) for task, of_task in rows.items()},
        "model_source": "qantara",
        "model_name": model,
        "model_name_sanitized": sanitized,
    }
    write_whole(folder / sanitized / f"results_{date}.json", json.dumps(results, indent=2, ensure_ascii=False))
    return folder / sanitized


def _row(number: int, sample: Sample) -> dict[str, Any]:
    document, target = document_row(sample.document), str(sample.document.answer_index)
    arguments = [{"arg_0": sample.document.prompt, "arg_1": answer} for answer in sample.document.answers]
    responses = [[str(value), str(is_greedy)] for value, is_greedy in sample.responses]
    return {
        "doc_id": number,
        "doc": document,
        "target": target,
        "arguments": {f"gen_args_{i}": argument for i, argument in enumerate(arguments)},
        "resps": [[response] for response in responses],
        "filtered_resps": responses,
        "filter": "none",
        "metrics": list(METRICS),
        "doc_hash": _hash(json.dumps(document, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(sample.document.prompt),
        "target_hash": _hash(target),
        **{metric: _is_right(sample, metric) for metric in METRICS},
    }


def _is_right(sample: Sample, metric: str) -> float:
    pairs = zip(sample.responses, sample.document.answers, strict=True)
    values = [value / _units(answer)[metric] for (value, _), answer in pairs]
    return float(values.index(max(values)) == sample.document.answer_index)


def _units(answer: str) -> dict[str, int]:
    return {"acc": 1, "acc_norm": len(answer), "acc_bytes": len(answer.encode("utf-8"))}


def _results(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the tables of a results file, by task."""
    return {
        "results": {task: _scores(task, of_task) for task, of_task in rows.items()},
        "group_subtasks": {},
        "configs": {task: _task_config(task) for task in rows},
        "versions": dict.fromkeys(rows, 1),
        "n-shot": dict.fromkeys(rows, 0),
        "higher_is_better": {task: dict.fromkeys(METRICS, True) for task in rows},
        "n-samples": {task: {"original": len(of_task), "effective": len(of_task)} for task, of_task in rows.items()},
    }


def _task_config(task: str) -> dict[str, object]:
    metrics = [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in METRICS]
    return {
        "task": task,
        "doc_to_text": "prompt",
        "doc_to_choice": "answers",
        "doc_to_target": "answer_index",
        "target_delimiter": "",
        "num_fewshot": 0,
        "metric_list": metrics,
        "output_type": "multiple_choice",
    }


def _scores(task: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Return the mean of each metric and its standard error: the samples' standard deviation over the root of their number."""
    scores: dict[str, object] = {"name": task, "alias": task, "sample_len": len(rows)}
    for metric in METRICS:
        values = [row[metric] for row in rows]
        scores[f"{metric},none"] = statistics.fmean(values)
        error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else "N/A"
        scores[f"{metric}_stderr,none"] = error
    return scores


def _hashes(row: Mapping[str, Any]) -> str:
    return str(row["doc_hash"] + row["prompt_hash"] + row["target_hash"])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
