from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.hub import is_saved, rows

datasets = pytest.importorskip("datasets", reason="needs the train extra")


def test_a_saved_data_set_is_read_from_its_folder(tmp_path: Path) -> None:
    data = datasets.Dataset.from_list([{"q": "a"}, {"q": "b"}])
    data.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"test": data}).save_to_disk(str(tmp_path / "many"))
    assert is_saved(tmp_path / "one")
    assert list(rows("one", tmp_path)) == [{"q": "a"}, {"q": "b"}]
    assert list(rows("many", tmp_path, split="test")) == [{"q": "a"}, {"q": "b"}]


def test_a_folder_of_data_files_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"q": "a"}\n', encoding="utf-8")
    assert list(rows("data", tmp_path)) == [{"q": "a"}]


def test_a_split_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    data = datasets.Dataset.from_list([{"q": "a"}])
    datasets.DatasetDict({"test": data}).save_to_disk(str(tmp_path / "many"))
    with pytest.raises(DataError, match="split 'train': can't be read") as caught:
        list(rows("many", tmp_path))
    assert "\n" not in str(caught.value)
