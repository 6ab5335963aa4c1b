"""Which language model answers, as a recipe says it; `make_backend` turns that into one."""

from pathlib import Path
from typing import Annotated, assert_never

from pydantic import Field

from qantara.llm.endpoint import EndpointBackend, EndpointConfig
from qantara.llm.interface import Backend
from qantara.llm.local import LocalBackend, LocalConfig
from qantara.llm.recorded import RecordedBackend, RecordedConfig

BackendConfig = Annotated[RecordedConfig | EndpointConfig | LocalConfig, Field(discriminator="backend")]


def make_backend(config: RecordedConfig | EndpointConfig | LocalConfig, base_folder: Path) -> Backend:
    """Return the backend of a config; relative paths start from `base_folder`. Nothing is loaded before the first call."""
    match config:
        case RecordedConfig():
            return RecordedBackend(base_folder / config.file)
        case EndpointConfig():
            return EndpointBackend(config)
        case LocalConfig():
            return LocalBackend(config)
        case _ as never:
            assert_never(never)
