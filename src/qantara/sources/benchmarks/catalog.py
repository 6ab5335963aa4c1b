"""All benchmarks that `qantara evaluate --tasks` knows by name, in the order of `--list`."""

from qantara.sources.benchmarks import (
    bimedix,
    medarabench,
    medarabiq,
    medmcqa,
    medqa,
    mmlu_medical,
    mmlu_medical_pairs,
    mmmlu,
    pubmedqa,
    sample_pairs,
)
from qantara.sources.benchmarks.benchmark import Benchmark

_ALL = (
    sample_pairs.BENCHMARK,
    medqa.BENCHMARK,
    medmcqa.BENCHMARK,
    pubmedqa.BENCHMARK,
    mmlu_medical.BENCHMARK,
    mmlu_medical_pairs.BENCHMARK,
    mmmlu.BENCHMARK,
    *bimedix.BENCHMARKS,
    *medarabiq.BENCHMARKS,
    medarabench.BENCHMARK,
)


def list_tasks() -> list[Benchmark]:
    """Return every benchmark, in the order in which they are listed."""
    return list(_ALL)


def benchmark_of(name: str) -> Benchmark | None:
    """Return the benchmark of a name, None for a name that is none."""
    return next((benchmark for benchmark in _ALL if benchmark.name == name), None)
