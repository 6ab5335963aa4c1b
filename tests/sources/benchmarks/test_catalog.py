import re
import sys

import pytest

from qantara.languages import LANGUAGES
from qantara.sources.benchmarks.benchmark import Benchmark
from qantara.sources.benchmarks.catalog import benchmark_of, list_tasks

MODULES = {
    "medqa": ["medqa"],
    "medmcqa": ["medmcqa"],
    "pubmedqa": ["pubmedqa"],
    "mmlu_medical": ["mmlu-medical"],
    "mmlu_medical_pairs": ["mmlu-medical-pairs"],
    "mmmlu": ["mmmlu-ar"],
    "bimedix": ["bimedix-medqa-ar", "bimedix-medmcqa-ar", "bimedix-pubmedqa-ar", "bimedix-mmlu-ar"],
    "medarabiq": ["medarabiq", "medarabiq-blanks"],
    "medarabench": ["medarabench"],
    "sample_pairs": ["sample"],
}


@pytest.mark.parametrize("benchmark", list_tasks(), ids=lambda one: one.name)
def test_every_benchmark_says_what_it_is(benchmark: Benchmark) -> None:
    facts = benchmark.data_set
    assert facts.url.startswith("https://")
    assert facts.licence
    assert facts.citation
    assert facts.num_records > 0
    assert set(benchmark.languages) <= set(LANGUAGES)
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", part.path) for side in benchmark.sides.values() for part in side.hub)
    assert benchmark_of(benchmark.name) is benchmark


@pytest.mark.parametrize("module", MODULES)
def test_every_header_tells_licence_size_citation_and_hub(module: str) -> None:
    header = sys.modules[f"qantara.sources.benchmarks.{module}"].__doc__ or ""
    for name in MODULES[module]:
        benchmark = benchmark_of(name)
        assert benchmark is not None
        ids = {
            part.path for side in benchmark.sides.values() for part in side.hub if not part.path.startswith("BiMediX/")
        }
        known = {part.path for part in benchmark_of("mmlu-medical").sides["en"].hub} if module == "mmmlu" else set()  # type: ignore[union-attr]
        assert all(path in header for path in ids - known)
    if module != "sample_pairs":
        assert "Cite: " in header
        assert re.search(r"\d", header)
        assert re.search("licen[cs]e|MIT|CC BY|Apache", header, re.IGNORECASE)
    assert "Hub" in header or "hub" in header


def test_names_are_single_and_all_have_a_module() -> None:
    names = [benchmark.name for benchmark in list_tasks()]
    assert len(set(names)) == len(names)
    assert sorted(names) == sorted(name for found in MODULES.values() for name in found)


def test_an_unknown_name_is_none() -> None:
    assert benchmark_of("medkwa") is None
