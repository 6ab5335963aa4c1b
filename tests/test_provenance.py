import hashlib
import json
from pathlib import Path

from qantara.provenance import code_hash, describe, file_hash, versions


def test_a_file_hash_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_versions_name_what_shapes_results():
    found = versions()
    assert {"python", "qantara", "pyarrow", "pydantic"} <= set(found)


def test_provenance_is_plain_json_without_places_or_names():
    text = json.dumps(describe(7, "abc", {"m": {"sha256": "0"}}))
    assert '"seed": 7' in text
    assert code_hash() in text
    assert "/home" not in text
    assert str(Path.cwd()) not in text
