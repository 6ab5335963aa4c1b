import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import TypeAdapter

from qantara.errors import DataError
from qantara.records import Answer, Choice
from qantara.sources import sample
from qantara.sources.config import PairsConfig, SourceConfig
from qantara.sources.reading import content_hash, read, read_pairs

SOURCE: TypeAdapter[SourceConfig] = TypeAdapter(SourceConfig)
PAIRS: TypeAdapter[PairsConfig] = TypeAdapter(PairsConfig)
MAPPING = {"kind": "answer", "question": "q", "answer": "a"}
ROWS = [{"q": f"Question {i}", "a": f"Answer {i}"} for i in range(5)]


def source(**config: object) -> SourceConfig:
    return SOURCE.validate_python(config)


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def test_the_same_rows_give_the_same_texts_from_every_kind_of_file(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [dict(row) for row in ROWS])
    lines = [f"{row['q']},{row['a']}" for row in ROWS]
    (tmp_path / "a.csv").write_text("\n".join(["q,a", *lines]), encoding="utf-8")
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    for reader in ("jsonl", "csv", "parquet"):
        config = source(reader=reader, path=f"a.{reader}", mapping=MAPPING, limit=3, licence="MIT")
        found = list(read(config, tmp_path, "en"))
        assert [made.answer for made in found if isinstance(made, Answer)] == ["Answer 0", "Answer 1", "Answer 2"]
        assert {(made.origin.source, made.origin.licence, made.origin.split) for made in found} == {
            ("a", "MIT", "train")
        }


def test_a_shuffle_seed_draws_a_sample_that_is_the_same_each_time(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"q": f"Question {i}", "a": "A"} for i in range(100)])
    drawn = [
        [made.question for made in read(config, tmp_path, "en") if isinstance(made, Answer)]
        for seed in (1, 1, 2)
        for config in [source(reader="jsonl", path="a.jsonl", mapping=MAPPING, limit=10, shuffle_seed=seed)]
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10
    assert drawn[0] != [f"Question {i}" for i in range(10)]


def test_a_saved_data_set_of_the_hub_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the train extra")
    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    config = source(reader="hub", path="saved", mapping=MAPPING, source="five")
    assert len(list(read(config, tmp_path, "en"))) == 5
    assert content_hash(config, tmp_path) == content_hash(config, tmp_path)
    elsewhere = source(reader="hub", path="owner/name", mapping=MAPPING)
    assert content_hash(elsewhere, tmp_path) != content_hash(config, tmp_path)


def test_medquad_and_mmlu_need_only_a_path(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "m.jsonl", [{"id": "1", "instruction": "Q", "output": "A", "focus": "F"}])
    (made,) = read(source(reader="medquad", path="m.jsonl"), tmp_path, "en")
    assert (made.origin.source, made.origin.licence) == ("MedQuAD", "CC-BY-4.0")
    row = {"id": "1", "subject": "s", "question_en": "Q", "choices_en": ["a", "b"], "answer_index": 0}
    write_jsonl(tmp_path / "p.jsonl", [{**row, "question_ar": "س", "choices_ar": ["ا", "ب"]}])
    config = PAIRS.validate_python({"reader": "mmlu", "path": "p.jsonl"})
    assert [item.language for item in read_pairs(config, tmp_path, "en", "ar")] == ["en", "ar"]


def test_native_files_and_the_sample_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"key": "a-1", "kind": "answer", "specialty": "x", "language": "en", "question": "Q", "answer": "A"}
    side = {"question": "Q", "options": ["a", "b"]}
    write_jsonl(tmp_path / "items.jsonl", [dict(item)])
    write_jsonl(tmp_path / "benchmark.jsonl", [{"id": "1", "answer_index": 0, "en": side, "ar": side}])
    monkeypatch.setattr(sample, "ITEMS", tmp_path / "items.jsonl")
    monkeypatch.setattr(sample, "BENCHMARK", tmp_path / "benchmark.jsonl")
    (native,) = read(source(reader="native", path="items.jsonl", source="own"), tmp_path, "en")
    (shipped,) = read(source(reader="sample"), Path("nowhere"), "en")
    assert (native.origin.source, shipped.origin.source) == ("own", "qantara-sample")
    pairs = [
        PAIRS.validate_python({"reader": "sample"}),
        PAIRS.validate_python({"reader": "native", "path": "benchmark.jsonl"}),
    ]
    for config in pairs:
        items = list(read_pairs(config, tmp_path, "en", "ar"))
        assert all(isinstance(item, Choice) and item.origin.split == "test" for item in items)
        assert len(items) == 2


def test_paired_columns_are_read(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "p.jsonl", [{"qe": "Q", "qa": "س", "oe": ["a"], "oa": ["ا"], "k": "A"}])
    columns = {"question": {"en": "qe", "ar": "qa"}, "options": {"en": "oe", "ar": "oa"}, "answer_index": "k"}
    config = PAIRS.validate_python({"reader": "columns", "path": "p.jsonl", "columns": columns})
    assert [item.question for item in read_pairs(config, tmp_path, "en", "ar")] == ["Q", "س"]


def test_the_content_hash_follows_the_bytes(tmp_path: Path) -> None:
    config = source(reader="jsonl", path="a.jsonl", mapping=MAPPING)
    write_jsonl(tmp_path / "a.jsonl", [dict(row) for row in ROWS])
    before = content_hash(config, tmp_path)
    write_jsonl(tmp_path / "a.jsonl", [dict(row) for row in ROWS[1:]])
    assert content_hash(config, tmp_path) != before


@pytest.mark.parametrize("name", ["gone.jsonl", "gone.parquet"])
def test_a_missing_file_is_an_error_in_one_line(tmp_path: Path, name: str) -> None:
    config = source(reader=name.split(".")[1], path=name, mapping=MAPPING)
    with pytest.raises(DataError, match="no such file"):
        list(read(config, tmp_path, "en"))
    with pytest.raises(DataError, match=r"gone.*can't be read"):
        content_hash(config, tmp_path)
