"""The paired items that are shipped in the package, see `sources.sample`: synthetic, to try things out, never to state a result.

Written for this project, Apache-2.0; `sample/benchmark.jsonl`, English and Arabic. Hub: none.
"""

from dataclasses import replace

from qantara.sources import sample
from qantara.sources.benchmarks.benchmark import Benchmark, Side
from qantara.sources.benchmarks.shapes import nested_columns, of_pair

_COLUMNS = nested_columns(("en", "ar"))
BENCHMARK = Benchmark(
    name="sample",
    data_set=replace(sample.DATA_SET, num_records=len(sample.BENCHMARK.read_text(encoding="utf-8").splitlines())),
    sides={code: Side(shapes=(of_pair(_COLUMNS, code),)) for code in ("en", "ar")},
    one_file=True,
    shipped=sample.BENCHMARK,
    note="shipped; synthetic, to try things out",
)
