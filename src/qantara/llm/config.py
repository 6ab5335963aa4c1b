"""Which language model answers, as a recipe says it; `make_backend` turns that into one."""

from pathlib import Path
from typing import Annotated, assert_never

import sqlalchemy as sa
from pydantic import Field

from qantara.llm.batch_file import BatchBackend, BatchConfig
from qantara.llm.endpoint import EndpointBackend, EndpointConfig
from qantara.llm.interface import Backend
from qantara.llm.local import LocalBackend, LocalConfig
from qantara.llm.recorded import RecordedBackend, RecordedConfig

BackendConfig = Annotated[RecordedConfig | EndpointConfig | LocalConfig | BatchConfig, Field(discriminator="backend")]


def make_backend(config: BackendConfig, base_folder: Path, engine: sa.Engine) -> Backend:
    """Return the backend of a config; nothing is loaded before the first call.

    Relative paths start from `base_folder`; `engine` is the run's database, where a batch file leaves its receipts.
    """
    match config:
        case RecordedConfig():
            return RecordedBackend(base_folder / config.file)
        case EndpointConfig():
            return EndpointBackend(config)
        case LocalConfig():
            return LocalBackend(config)
        case BatchConfig():
            return BatchBackend(config, engine)
        case _ as never:
            assert_never(never)


def identity(config: BackendConfig) -> dict[str, object]:
    """Return the settings that can change an answer: not where the model is, how fast it is asked or how its calls are sent."""
    kept: set[str]
    match config:
        case EndpointConfig() | BatchConfig():
            kept = {"model", "enforce_schema", "reasoning"}
        case RecordedConfig():
            kept = {"model", "file"}
        case LocalConfig():
            kept = {"model", "template", "dtype", "max_input_tokens", "quantization", "adapter"}
        case _ as never:
            assert_never(never)
    return config.model_dump(mode="json", include=kept)
