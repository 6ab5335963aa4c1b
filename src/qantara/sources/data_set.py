"""What a reader of one data set says about it: the facts that a data card and a licence check need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set's facts; `num_records` as published, `licence` an SPDX identifier."""

    name: str
    url: str
    licence: str
    num_records: int
    citation: str
