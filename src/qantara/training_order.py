"""What a model is shown and in which order: pieces of samples, written once by whoever mixes and read by whoever trains.

A piece is `num_tokens` tokens of sample `sample` (its place in the kept samples) from token `start` on. Most pieces are whole
samples; long passages are cut into several, and the last piece of a language may be cut so that the budget is met to the token.
Knows nothing of ratios (`mix`) and of batches (`train`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qantara.errors import DataError
from qantara.store import whole_file

FILE = "order.parquet"
_SCHEMA = pa.schema([("sample", pa.int32()), ("start", pa.int32()), ("num_tokens", pa.int32())])


class Piece(NamedTuple):
    """`num_tokens` tokens of the sample at place `sample`, from token `start` on."""

    sample: int
    start: int
    num_tokens: int


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """Pieces as three columns of equal length (int32): millions of them take little room."""

    samples: NDArray[np.int32]
    starts: NDArray[np.int32]
    num_tokens: NDArray[np.int32]

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> "TrainingOrder":
        """Return pieces as an order."""
        table = np.array(list(pieces), dtype=np.int32).reshape(-1, 3)
        return cls(*(np.ascontiguousarray(column) for column in table.T))

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Piece]:
        columns = (column.tolist() for column in (self.samples, self.starts, self.num_tokens))
        return (Piece(*values) for values in zip(*columns, strict=True))


def write_order(path: Path, order: TrainingOrder) -> None:
    """Write an order as Parquet, whole or not at all."""
    columns = [pa.array(column) for column in (order.samples, order.starts, order.num_tokens)]
    with whole_file(path) as part:
        pq.write_table(pa.Table.from_arrays(columns, schema=_SCHEMA), part, compression="zstd")


def read_order(path: Path) -> TrainingOrder:
    """Read an order; a file that isn't there or isn't whole is a DataError."""
    try:
        table = pq.read_table(path, schema=_SCHEMA)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not a readable training order; run the mix stage again (--from mix)") from error
    return TrainingOrder(*(table.column(name).to_numpy() for name in _SCHEMA.names))


def whole_pieces(sample: int, num_tokens: int, most_tokens: int) -> list[Piece]:
    """Return a sample in pieces of at most `most_tokens` tokens, as even as they can be: one for all but long passages."""
    number = max(1, -(-num_tokens // most_tokens))
    edges = [num_tokens * i // number for i in range(number + 1)]
    return [Piece(sample, start, end - start) for start, end in pairwise(edges)]
