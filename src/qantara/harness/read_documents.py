"""Reads the documents of an exported folder for lm-eval; a copy of this file lies in that folder, beside them.

It needs `datasets`, which lm-eval brings, and nothing of Qantara. A path in a task's YAML would count from the working folder;
so read, the folder can be moved and run from anywhere.
"""

import json
from pathlib import Path
from typing import Any

from datasets import Dataset


def load(documents_file: str, **_: object) -> dict[str, Any]:
    """Return the documents of a JSONL file in this folder as the "test" split; lm-eval also hands over the task's metadata."""
    lines = (Path(__file__).parent / documents_file).read_text(encoding="utf-8").split("\n")
    return {"test": Dataset.from_list([json.loads(line) for line in lines if line])}
