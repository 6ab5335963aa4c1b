"""The backend's config: told apart by `backend`, wrong settings named, nothing loaded while it is made."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from qantara.errors import DataError
from qantara.llm.config import BackendConfig, make_backend
from qantara.llm.interface import Message, Request

CONFIG = TypeAdapter(BackendConfig)
RECORDED = {"backend": "recorded", "model": "m", "file": "calls.jsonl"}
ENDPOINT = {"backend": "endpoint", "model": "m", "url": "http://127.0.0.1:1/v1"}
LOCAL = {"backend": "local", "model": "path:/absent"}


@pytest.mark.parametrize("settings", [RECORDED, ENDPOINT, LOCAL])
def test_each_kind_makes_its_backend_and_loads_nothing(settings):
    config = CONFIG.validate_python(settings)
    assert make_backend(config, Path("/absent")).name == settings["backend"]
    assert config.model == settings["model"]


def test_a_recorded_file_counts_from_the_base_folder(tmp_path):
    backend = make_backend(CONFIG.validate_python(RECORDED), tmp_path)
    request = Request(model="m", messages=(Message("user", "q"),), max_tokens=1)
    with pytest.raises(DataError, match=str(tmp_path / "calls.jsonl")):
        list(backend.complete([request]))


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (RECORDED | {"backend": "magic"}, "backend"),
        (RECORDED | {"url": "http://x"}, "url"),
        (ENDPOINT | {"url": "ftp://x"}, "url"),
        (ENDPOINT | {"url": "http://user:secret@host/v1"}, "url"),  # keys come from the environment
        (ENDPOINT | {"concurrency": 0}, "concurrency"),
        (ENDPOINT | {"concurrency": 1025}, "concurrency"),
        (ENDPOINT | {"timeout_seconds": 0}, "timeout_seconds"),
        (LOCAL | {"batch_size": 0}, "batch_size"),
        (LOCAL | {"template": "other"}, "template"),
        (LOCAL | {"dtype": "int4"}, "dtype"),
    ],
)
def test_a_wrong_setting_is_named(settings, place):
    with pytest.raises(ValidationError, match=place):
        CONFIG.validate_python(settings)
