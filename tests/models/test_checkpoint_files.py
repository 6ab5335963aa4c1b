import pytest
import torch
from safetensors.torch import save_file

from qantara.errors import ModelError
from qantara.models import checkpoint_files
from qantara.models.checkpoint_files import StoredTensor, copy_tokenizer, read_headers, stored_tensors, write_shards

TENSORS = {f"layer.{i}.weight": torch.full((4, 8), float(i), dtype=torch.bfloat16) for i in range(5)}


@pytest.mark.parametrize(("largest", "num_files"), [(1 << 20, 1), (2 * 64, 3)])
def test_what_is_written_in_shards_is_read_again(tmp_path, monkeypatch, largest, num_files):
    monkeypatch.setattr(checkpoint_files, "MAX_SHARD_BYTES", largest)
    write_shards(iter(TENSORS.items()), tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) == num_files
    assert (tmp_path / "model.safetensors.index.json").exists() == (num_files > 1)
    found = dict(stored_tensors(tmp_path))
    assert set(found) == set(TENSORS)
    assert all(torch.equal(tensor, TENSORS[name]) for name, tensor in found.items())


def test_a_header_tells_name_type_shape_and_bytes(tmp_path):
    save_file(
        {"a": torch.zeros(2, 3, dtype=torch.bfloat16), "b": torch.zeros(4, dtype=torch.uint8)},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    found = sorted(read_headers(tmp_path), key=lambda stored: stored.name)
    assert found == [StoredTensor("a", "BF16", (2, 3), 12), StoredTensor("b", "U8", (4,), 4)]


@pytest.mark.parametrize("content", [b"", b"\x10", b"\xff" * 64, b"\x02\x00\x00\x00\x00\x00\x00\x00no"])
def test_a_file_that_is_cut_off_or_none_is_a_clear_error(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        list(read_headers(tmp_path))


def test_all_but_configuration_and_weights_is_copied(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    names = (
        "config.json",
        "model.safetensors.index.json",
        "model.safetensors",
        "tokenizer.json",
        "chat_template.jinja",
    )
    for name in (*names, "README.md"):
        (tmp_path / "old" / name).write_text("{}", encoding="utf-8")
    copy_tokenizer(tmp_path / "old", tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"tokenizer.json", "chat_template.jinja"}
