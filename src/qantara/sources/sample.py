"""The sample that is shipped in the package: synthetic items, written for this project, not for clinical use.

`sample/items.jsonl` holds training items in the native shape, `sample/benchmark.jsonl` paired benchmark items of other families.
"""

import json
from pathlib import Path

from qantara.sources.data_set import DataSet

FOLDER = Path(__file__).parent / "sample"
ITEMS = FOLDER / "items.jsonl"
BENCHMARK = FOLDER / "benchmark.jsonl"
DATA_SET = DataSet(
    name="qantara-sample",
    url="https://github.com/qantara/qantara",
    licence="Apache-2.0",
    num_records=138,
    citation="Synthetic items written for Qantara; not for clinical use",
)


def parallel_questions(direction: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the benchmark's questions in two languages: texts to compare with where a set is too small to compare within itself.

    Empty for a language that the sample is not in.
    """
    rows = [json.loads(line) for line in BENCHMARK.read_text(encoding="utf-8").splitlines()]
    if not all(code in rows[0] for code in direction):
        return []
    return [(row[direction[0]]["question"], row[direction[1]]["question"]) for row in rows]
