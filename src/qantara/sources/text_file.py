"""Opens text files, gzipped ones by their suffix, and turns what can go wrong into one-line `DataError`s."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from qantara.errors import DataError


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 text file with their numbers from 1; raise DataError with the line that can't be read."""
    number = 0
    try:
        with _open(path) as lines:
            for line in lines:
                number += 1
                yield number, line
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check `path` and the recipe's `data` folder") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, after line {number}: not UTF-8 text; convert the file to UTF-8") from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise DataError(f"{path}, after line {number}: the gzip file is broken or cut off; fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror or error})") from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
