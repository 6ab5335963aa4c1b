"""The sample that is shipped in the package: synthetic items, written for this project, not for clinical use.

`sample/items.jsonl` holds training items in the native shape, `sample/benchmark.jsonl` paired benchmark items of other families.
"""

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
