"""Settings of the translator room: who translates, who judges, how many rounds, and where doubt begins."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from qantara.llm.config import BackendConfig
from qantara.translator.scoring import DEFAULT_THRESHOLD


class TranslatorConfig(BaseModel):
    """How one record becomes one checked translation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: BackendConfig = Field(description="the language model that translates")
    judge: BackendConfig | None = Field(
        default=None,
        description="the language model that lists errors; none: deterministic checks and sentence vectors alone",
    )
    style: Literal["fields", "completion"] = Field(
        default="fields",
        description="fields: all texts of a record in one instruction; completion: one text a call, for base models",
    )
    max_rounds: int = Field(default=2, ge=0, le=10, description="retranslations at most, after the first translation")
    threshold: int = Field(
        default=DEFAULT_THRESHOLD, ge=0, le=100, description="least score (0-100) that needs no person"
    )
    max_output_tokens: int = Field(default=2048, ge=16, le=65536, description="longest answer asked for, in tokens")
