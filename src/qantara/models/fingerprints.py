"""Hashes of model files: a folder's fingerprint, remembered by size and time so that a second look is fast.

Reads model folders; writes one small JSON a folder under `CACHE/fingerprints` (never into the folder, which may be the user's).
Does not know where models come from: that is `references`.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from qantara.errors import ModelError

BLOCK_BYTES = 1 << 20


def cache_folder() -> Path:
    """Return the cache: `$QANTARA_CACHE`, or `~/.cache/qantara`."""
    return Path(os.environ.get("QANTARA_CACHE") or Path.home() / ".cache" / "qantara").absolute()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a small text file so that `path` never holds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def model_files(folder: Path) -> list[Path]:
    """Return the files that make up a model, by name: configuration, weights, tokenizer; hidden files are not counted."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def file_hashes(folder: Path) -> dict[str, str]:
    """Return SHA-256 by file name; a file whose size and time are as remembered is not read again."""
    remembered = _remembered(folder)
    known = {name: entry for name, entry in remembered.items() if _stamp(folder / name) == entry[:2]}
    hashes = {}
    for path in model_files(folder):
        hashes[path.name] = known[path.name][2] if path.name in known else sha256_of(path)
    _remember(folder, hashes)
    return hashes


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 over the names and hashes of a model's files: two folders with the same one hold the same model."""
    return hashlib.sha256(json.dumps(sorted(file_hashes(folder).items())).encode()).hexdigest()


def verify(folder: Path) -> str:
    """Read every file again and return the fingerprint, or raise ModelError that names the first file that changed.

    Compares with what `fingerprint` last saw; a folder that was never seen can only be remembered.
    """
    for name, entry in _remembered(folder).items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing: delete the folder {folder} and run again to fetch the model anew")
        if sha256_of(path) != entry[2]:
            raise ModelError(f"{path} is corrupt (its SHA-256 changed): delete the folder {folder} and run again")
    return fingerprint(folder)


def _stamp(path: Path) -> tuple[int, int]:
    """Return size in bytes and modification time in nanoseconds; (-1, -1) for a file that is gone."""
    if not path.is_file():
        return (-1, -1)
    status = path.stat()
    return (status.st_size, status.st_mtime_ns)


def _sidecar(folder: Path) -> Path:
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return cache_folder() / "fingerprints" / f"{key}.json"


def _remembered(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return [size, time, SHA-256] by file name; a sidecar that can't be read counts as none."""
    sidecar = _sidecar(folder)
    if not sidecar.is_file():
        return {}
    try:
        files = json.loads(sidecar.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError):
        return {}
    return {name: (num_bytes, time, digest) for name, (num_bytes, time, digest) in files.items()}


def _remember(folder: Path, hashes: dict[str, str]) -> None:
    files = {name: (*_stamp(folder / name), digest) for name, digest in hashes.items()}
    if files != _remembered(folder):
        write_whole(_sidecar(folder), json.dumps({"folder": str(folder.resolve()), "files": files}, indent=1))
