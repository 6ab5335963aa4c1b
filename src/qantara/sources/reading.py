"""Reads what a recipe names: `read` yields records, `read_pairs` benchmark items, `content_hash` says whether the data changed."""

import hashlib
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import assert_never

from qantara.errors import DataError
from qantara.records import Choice, Example, content_id
from qantara.sources import csv_file, hub, jsonl, medquad, mmlu_pairs, parquet, sample
from qantara.sources.config import (
    ColumnPairs,
    CsvSource,
    HubSource,
    JsonlSource,
    MedquadSource,
    MmluPairs,
    NativePairs,
    NativeSource,
    PairsConfig,
    ParquetSource,
    SamplePairs,
    SampleSource,
    SourceConfig,
)
from qantara.sources.data_set import DataSet
from qantara.sources.mapping import Constants, Row, examples
from qantara.sources.native import native_examples
from qantara.sources.pairs import column_pairs, native_pairs


def read(config: SourceConfig, base_folder: Path, language: str) -> Iterator[Example]:
    """Yield the records of a source in order, one a row; relative paths start from `base_folder`.

    A record is in the language that it names, else in the source's, else in `language`.
    """
    language = config.language or language
    where = str(_path(config, base_folder))
    rows = _chosen(_rows(config, base_folder), config)
    match config:
        case SampleSource():
            yield from native_examples(rows, _of_data_set(sample.DATA_SET, language, "train"), where)
        case MedquadSource():
            yield from examples(rows, medquad.MAPPING, _of_data_set(medquad.DATA_SET, language, "train"), where)
        case NativeSource():
            yield from native_examples(rows, _of_config(config, language), where)
        case JsonlSource() | CsvSource() | ParquetSource() | HubSource():
            yield from examples(rows, config.mapping, _of_config(config, language), where)
        case _ as never:
            assert_never(never)


def read_pairs(config: PairsConfig, base_folder: Path, source_language: str, target_language: str) -> Iterator[Choice]:
    """Yield two records an item, source language first, then target language; their split is "test"."""
    path = _path(config, base_folder)
    rows = _chosen(jsonl.rows(path), config)
    where, direction = str(path), (source_language, target_language)
    match config:
        case SamplePairs():
            constants = _of_data_set(sample.DATA_SET, source_language, "test")
            yield from native_pairs(rows, constants, direction, where)
        case MmluPairs():
            constants = _of_data_set(mmlu_pairs.DATA_SET, source_language, "test")
            yield from column_pairs(rows, mmlu_pairs.COLUMNS, constants, direction, where)
        case NativePairs():
            yield from native_pairs(rows, _of_config(config, source_language), direction, where)
        case ColumnPairs():
            yield from column_pairs(rows, config.columns, _of_config(config, source_language), direction, where)
        case _ as never:
            assert_never(never)


def content_hash(config: SourceConfig | PairsConfig, base_folder: Path) -> str:
    """Return a hash of the bytes that would be read; for a hub id, of its settings (name a revision to pin it)."""
    path = _path(config, base_folder)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return content_id([(str(file.relative_to(path)), _file_hash(file)) for file in files])
    if isinstance(config, HubSource):
        return content_id(config.model_dump(mode="json"))
    return _file_hash(path)


def _chosen(rows: Iterable[Row], config: SourceConfig | PairsConfig) -> Iterator[Row]:
    if config.shuffle_seed is not None:
        rows = list(rows)
        random.Random(config.shuffle_seed).shuffle(rows)
    return islice(rows, config.limit)


def _rows(config: SourceConfig, base_folder: Path) -> Iterable[Row]:
    path = _path(config, base_folder)
    match config:
        case HubSource():
            options = {"name": config.name, "revision": config.revision}
            return hub.rows(config.path, base_folder, split=config.split, **options)
        case CsvSource():
            return csv_file.rows(path, config.delimiter)
        case ParquetSource():
            return parquet.rows(path)
        case _:
            return jsonl.rows(path)


def _path(config: SourceConfig | PairsConfig, base_folder: Path) -> Path:
    if isinstance(config, SampleSource):
        return sample.ITEMS
    if isinstance(config, SamplePairs):
        return sample.BENCHMARK
    return base_folder / config.path


def _of_data_set(data_set: DataSet, language: str, split: str) -> Constants:
    return Constants(language=language, source=data_set.name, licence=data_set.licence, split=split)


def _of_config(
    config: JsonlSource | CsvSource | ParquetSource | HubSource | NativeSource | NativePairs | ColumnPairs,
    language: str,
) -> Constants:
    split = "test" if isinstance(config, NativePairs | ColumnPairs) else config.split
    source = config.source or Path(config.path).name.split(".")[0]
    return Constants(language=language, source=source, licence=config.licence, split=split)


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror or error}); check `path` and `data`") from error
