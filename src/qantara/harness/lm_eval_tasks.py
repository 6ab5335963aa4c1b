"""Questions as a folder of lm-eval tasks: one YAML and one JSONL a task, and the few lines that read them.

`lm_eval --model hf ... --include_path FOLDER --tasks NAME` scores the same texts with the harness a reviewer trusts; Qantara need
not be installed there. Few-shot examples and the chat template's text stand in each prompt, so neither may be asked for again.
Not covered: pointwise mutual information, permuted options and generated answers, which lm-eval defines otherwise or not at all.
"""

import json
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from qantara.errors import DataError
from qantara.models.fingerprints import write_whole

TAG = "qantara"
_READER = "read_documents.py"
# Columns are named, not put into Jinja templates: nothing can strip a newline or read an option that looks like Python.
_TASK = """\
task: {name}
tag: {tag}
custom_dataset: !function read_documents.load
dataset_kwargs:
  documents_file: {name}.jsonl
test_split: test
output_type: multiple_choice
doc_to_text: prompt
doc_to_choice: answers
doc_to_target: answer_index
target_delimiter: ""
num_fewshot: 0
metric_list:
{metrics}
metadata:
  version: 1
"""
METRICS = ("acc", "acc_norm", "acc_bytes")
_METRIC = """\
  - metric: {metric}
    aggregation: mean
    higher_is_better: true"""


class Document(NamedTuple):
    """A question as a model sees it: the text up to the answer, the answers as they follow it, and which is right (from 0)."""

    id: str
    prompt: str
    answers: tuple[str, ...]
    answer_index: int


def task_name(*parts: str) -> str:
    """Return a name that lm-eval's command line takes, made of the parts: `qantara_medqa_en_letter`."""
    return "_".join([TAG, *(re.sub(r"[^A-Za-z0-9]+", "_", part).strip("_") for part in parts if part)])


def export_tasks(folder: Path, name: str, documents: Sequence[Document]) -> Path:
    """Write a task's documents, its YAML and their reader into `folder`, which may hold other tasks; return the YAML's path.

    `name` is one of `task_name`. lm-eval's acc, acc_norm and acc_bytes are our "sum", "character" and "byte".
    Raises DataError for a prompt that is empty: lm-eval would put a token of its own in its place.
    """
    for document in documents:
        if not document.prompt:
            raise DataError(
                f"task {name}, item {document.id}: its prompt is empty; lm-eval can't score it as it stands"
            )
    write_whole(folder / _READER, resources.files(__package__).joinpath(_READER).read_text(encoding="utf-8"))
    lines = [json.dumps(document_row(document), ensure_ascii=False) for document in documents]
    write_whole(folder / f"{name}.jsonl", "".join(f"{line}\n" for line in lines))
    metrics = "\n".join(_METRIC.format(metric=metric) for metric in METRICS)
    path = folder / f"{name}.yaml"
    write_whole(path, _TASK.format(name=name, tag=TAG, metrics=metrics))
    return path


def document_row(document: Document) -> dict[str, object]:
    """Return a document as its JSONL line holds it, and as lm-eval's samples repeat it."""
    return document._asdict() | {"answers": list(document.answers)}
