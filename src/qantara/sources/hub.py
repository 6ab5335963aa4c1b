"""Reads Hugging Face `datasets`: a hub id, a folder of data files, or a folder that `save_to_disk` wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qantara.errors import DataError


def rows(
    path: str, folder: Path, *, name: str | None = None, split: str = "train", revision: str | None = None
) -> Iterator[dict[str, object]]:
    """Yield the rows of one split; `path` is a folder under `folder` if there is one, else a hub id."""
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise DataError("reading the hub needs the package `datasets`: pip install 'qantara[train]'") from error
    local = folder / path
    try:
        data = _load(datasets, path, local, name=name, split=split, revision=revision)
    except (OSError, ValueError, KeyError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"data set {path!r}, split {split!r}: can't be read ({reason})") from error
    for row in data:
        yield dict(row)


def is_saved(folder: Path) -> bool:
    """Tell whether `save_to_disk` wrote this folder."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def _load(datasets: Any, path: str, local: Path, **choice: str | None) -> Any:  # noqa: ANN401 - the package has no types
    if is_saved(local):
        data = datasets.load_from_disk(str(local))
        return data[choice["split"]] if isinstance(data, datasets.DatasetDict) else data
    where = str(local) if local.is_dir() else path
    return datasets.load_dataset(where, choice["name"], split=choice["split"], revision=choice["revision"])
