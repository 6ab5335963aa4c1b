"""The backend's config: told apart by `backend`, wrong settings named, nothing loaded while it is made."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from qantara.errors import DataError
from qantara.llm.config import BackendConfig, identity, make_backend
from qantara.llm.interface import Message, Request

CONFIG = TypeAdapter(BackendConfig)
RECORDED = {"backend": "recorded", "model": "m", "file": "calls.jsonl"}
ENDPOINT = {"backend": "endpoint", "model": "m", "url": "http://127.0.0.1:1/v1"}
LOCAL = {"backend": "local", "model": "path:/absent"}
BATCH = {"backend": "batch", "model": "m", "url": "http://127.0.0.1:1/v1"}
ENGINE = sa.create_engine("sqlite://")


@pytest.mark.parametrize("settings", [RECORDED, ENDPOINT, LOCAL, BATCH])
def test_each_kind_makes_its_backend_and_loads_nothing(settings):
    config = CONFIG.validate_python(settings)
    backend = make_backend(config, Path("/absent"), ENGINE)
    assert backend.name == settings["backend"]
    assert backend.capacity >= 1
    assert config.model == settings["model"]


def test_a_recorded_file_counts_from_the_base_folder(tmp_path, sending):
    backend = make_backend(CONFIG.validate_python(RECORDED), tmp_path, ENGINE)
    request = Request(model="m", messages=(Message("user", "q"),), max_tokens=1)
    with pytest.raises(DataError, match=str(tmp_path / "calls.jsonl")):
        asyncio.run(backend.answer(request, sending))


@pytest.mark.parametrize(
    ("settings", "same", "other"),
    [
        (ENDPOINT, {"url": "http://elsewhere/v1", "concurrency": 9, "max_retries": 1}, {"enforce_schema": True}),
        (BATCH, {"url": "http://elsewhere/v1", "poll_seconds": 9}, {"model": "n"}),
        (LOCAL, {"batch_size": 2}, {"dtype": "float32"}),
        (RECORDED, {}, {"file": "other.jsonl"}),
    ],
)
def test_only_what_can_change_an_answer_makes_a_model_another_one(settings, same, other):
    config = identity(CONFIG.validate_python(settings))
    assert identity(CONFIG.validate_python(settings | same)) == config
    assert identity(CONFIG.validate_python(settings | other)) != config


def test_a_batch_answers_as_the_endpoint_does():
    assert identity(CONFIG.validate_python(ENDPOINT)) == identity(CONFIG.validate_python(BATCH))


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (RECORDED | {"backend": "magic"}, "backend"),
        (RECORDED | {"url": "http://x"}, "url"),
        (ENDPOINT | {"url": "ftp://x"}, "url"),
        (ENDPOINT | {"url": "http://user:secret@host/v1"}, "url"),  # keys come from the environment
        (ENDPOINT | {"concurrency": 0}, "concurrency"),
        (ENDPOINT | {"concurrency": 4097}, "concurrency"),
        (ENDPOINT | {"url": "http://host:99999/v1"}, "url"),
        (ENDPOINT | {"url": "http://host/v1?key=secret"}, "url"),
        (ENDPOINT | {"requests_per_minute": 0}, "requests_per_minute"),
        (ENDPOINT | {"tokens_per_minute": -1}, "tokens_per_minute"),
        (BATCH | {"max_requests_per_file": 0}, "max_requests_per_file"),
        (ENDPOINT | {"timeout_seconds": 0}, "timeout_seconds"),
        (LOCAL | {"batch_size": 0}, "batch_size"),
        (LOCAL | {"template": "other"}, "template"),
        (LOCAL | {"dtype": "int4"}, "dtype"),
    ],
)
def test_a_wrong_setting_is_named(settings, place):
    with pytest.raises(ValidationError, match=place):
        CONFIG.validate_python(settings)
