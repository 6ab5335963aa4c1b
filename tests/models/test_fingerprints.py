"""Fingerprints: what changes them, and that a second look does not read the weights again."""

import os
from pathlib import Path

import pytest

from qantara.errors import ModelError
from qantara.models.fingerprints import cache_folder, file_hashes, fingerprint, sha256_of, verify, write_whole


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QANTARA_CACHE", str(tmp_path / "cache"))
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}", encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"weights")
    return model


def change_unseen(path: Path, content: bytes) -> None:
    """Change a file but neither its size nor its time, as a bad disk does."""
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_same_files_elsewhere_have_the_same_fingerprint(folder, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert fingerprint(copy) == fingerprint(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_any_changed_or_added_file_changes_the_fingerprint(folder, name):
    before = fingerprint(folder)
    (folder / name).write_bytes(b"other")
    assert fingerprint(folder) != before


def test_hidden_files_and_sidecars_do_not_count(folder):
    before = fingerprint(folder)
    (folder / ".gitattributes").write_text("x", encoding="utf-8")
    assert fingerprint(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == [".gitattributes", "config.json", "model.safetensors"]


def test_a_file_of_known_size_and_time_is_not_read_again_but_verify_reads_it(folder):
    before = fingerprint(folder)
    change_unseen(folder / "model.safetensors", b"sthgiew")
    assert fingerprint(folder) == before
    with pytest.raises(ModelError, match=r"model\.safetensors is corrupt"):
        verify(folder)


def test_verify_names_a_missing_file(folder):
    assert verify(folder) == fingerprint(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        verify(folder)


def test_a_broken_sidecar_counts_as_none(folder):
    before = fingerprint(folder)
    for sidecar in (cache_folder() / "fingerprints").iterdir():
        sidecar.write_text("{half", encoding="utf-8")
    assert fingerprint(folder) == before


def test_hashes_are_of_the_content(folder):
    assert file_hashes(folder)["model.safetensors"] == sha256_of(folder / "model.safetensors")


def test_a_small_file_is_written_whole_and_leaves_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "new" / "file.json", "text")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.json"]
