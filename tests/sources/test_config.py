import pytest
from pydantic import TypeAdapter, ValidationError

from qantara.sources.config import CsvSource, MmluPairs, PairsConfig, SampleSource, SourceConfig

SOURCE: TypeAdapter[SourceConfig] = TypeAdapter(SourceConfig)
PAIRS: TypeAdapter[PairsConfig] = TypeAdapter(PairsConfig)
MAPPING = {"kind": "answer", "question": "q", "answer": "a"}


def test_the_reader_decides_the_shape() -> None:
    assert isinstance(SOURCE.validate_python({"reader": "sample", "limit": 3}), SampleSource)
    assert isinstance(SOURCE.validate_python({"reader": "csv", "path": "a.csv", "mapping": MAPPING}), CsvSource)
    assert isinstance(PAIRS.validate_python({"reader": "mmlu", "path": "a.jsonl"}), MmluPairs)


@pytest.mark.parametrize(
    "config",
    [
        {"reader": "xml", "path": "a"},
        {"reader": "jsonl", "path": "a"},
        {"reader": "sample", "path": "a"},
        {"reader": "sample", "limit": 0},
        {"reader": "csv", "path": "a", "mapping": MAPPING, "delimiter": ";;"},
    ],
)
def test_what_a_reader_does_not_take_is_a_fault(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.validate_python(config)
