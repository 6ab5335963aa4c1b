"""What a recipe says about its data, by `reader`: a source of records (`SourceConfig`), paired items (`PairsConfig`)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from qantara.sources.mapping import ColumnMapping
from qantara.sources.pairs import PairColumns


class _Reader(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int | None = Field(default=None, ge=1, description="rows that are read at most, from the start; none: all")
    shuffle_seed: int | None = Field(
        default=None,
        ge=0,
        description="read the rows in a random order, so that `limit` draws a sample; none: as they stand",
    )


class _File(_Reader):
    path: Path = Field(description="file, from the recipe's data folder; gzipped if it ends with .gz (not Parquet)")


class _Facts(BaseModel):
    source: str | None = Field(default=None, min_length=1, description="name of the data set; none: the file's name")
    licence: str = Field(default="unknown", description="SPDX identifier of the licence of the data")


class _Language(BaseModel):
    language: str | None = Field(
        default=None, description="language code of records that don't name theirs; none: the recipe's source language"
    )


class JsonlSource(_File, _Facts, _Language):
    """JSON Lines with a column mapping."""

    reader: Literal["jsonl"]
    split: str = Field(default="train", description="split that the records belong to")
    mapping: ColumnMapping


class CsvSource(_File, _Facts, _Language):
    """CSV or TSV with a header line and a column mapping."""

    reader: Literal["csv"]
    split: str = Field(default="train", description="split that the records belong to")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="the character between values")
    mapping: ColumnMapping


class ParquetSource(_File, _Facts, _Language):
    """Parquet with a column mapping."""

    reader: Literal["parquet"]
    split: str = Field(default="train", description="split that the records belong to")
    mapping: ColumnMapping


class HubSource(_Reader, _Facts, _Language):
    """A Hugging Face data set with a column mapping."""

    reader: Literal["hub"]
    path: str = Field(min_length=1, description="hub id, or folder (data files, or written by save_to_disk)")
    name: str | None = Field(default=None, description="configuration of the data set")
    split: str = Field(default="train", description="split that is read")
    revision: str | None = Field(
        default=None, description="commit of the hub repository; name one to stay reproducible"
    )
    mapping: ColumnMapping


class NativeSource(_File, _Facts, _Language):
    """JSON Lines in Qantara's own shape."""

    reader: Literal["native"]
    split: str = Field(default="train", description="split that the records belong to")


class MedquadSource(_File, _Language):
    """MedQuAD as JSON Lines."""

    reader: Literal["medquad"]


class SampleSource(_Reader, _Language):
    """The sample that is shipped in the package."""

    reader: Literal["sample"]


class NativePairs(_File, _Facts):
    """Paired items as JSON Lines in Qantara's own shape."""

    reader: Literal["native"]


class ColumnPairs(_File, _Facts):
    """Paired items as JSON Lines with named columns."""

    reader: Literal["columns"]
    columns: PairColumns


class MmluPairs(_File):
    """Medical MMLU in English and Arabic as JSON Lines."""

    reader: Literal["mmlu"]


class SamplePairs(_Reader):
    """The paired items that are shipped in the package."""

    reader: Literal["sample"]


SourceConfig = Annotated[
    JsonlSource | CsvSource | ParquetSource | HubSource | NativeSource | MedquadSource | SampleSource,
    Field(discriminator="reader"),
]
PairsConfig = Annotated[NativePairs | ColumnPairs | MmluPairs | SamplePairs, Field(discriminator="reader")]
