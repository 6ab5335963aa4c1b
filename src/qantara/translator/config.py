"""Settings of the translator room: who translates, who judges, how many rounds, and what is reused."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.llm.config import BackendConfig


class TranslatorConfig(BaseModel):
    """How one record becomes one checked translation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: BackendConfig = Field(description="the language model that translates")
    judge: BackendConfig | None = Field(
        default=None,
        description="the language model that lists errors, another one than translates; none: deterministic checks and "
        "sentence vectors alone",
    )
    second_judge: BackendConfig | None = Field(
        default=None, description="a second vote, asked only where the score lies in `gray_band`; none: no second vote"
    )
    gray_band: tuple[int, int] = Field(
        default=(40, 90), description="lowest and highest score (0-100) that a second judge is asked about"
    )
    style: Literal["fields", "completion"] = Field(
        default="fields",
        description="fields: all texts of a record in one instruction; completion: one text a call, for base models",
    )
    meaning: bool = Field(
        default=True, description="compare meanings by sentence vectors; about 10 ms of one core a text"
    )
    max_rounds: int = Field(default=2, ge=0, le=10, description="retranslations at most, after the first translation")
    resamples: int = Field(
        default=2, ge=0, le=10, description="further askings of a call whose answer is cut off, empty or out of form"
    )
    max_output_tokens: int = Field(default=2048, ge=16, le=65536, description="longest answer asked for, in tokens")
    memory: Path | None = Field(
        default=None,
        description="TMX file of fields that were accepted before and are reused; from the recipe's folder",
    )
    glossary: Path | None = Field(
        default=None, description="terms (TSV or TBX) that prompts name where they occur; from the recipe's folder"
    )

    @property
    def judges_itself(self) -> bool:
        """Tell whether a judge is the model that translates."""
        return any(judge is not None and judge.model == self.model.model for judge in (self.judge, self.second_judge))

    @property
    def warning(self) -> str:
        """Return what a user should know of these settings before trusting what is accepted, "" for nothing."""
        if self.judge is None:
            return "there is no judge: the checks see numbers, negations and options, but no wrong term"
        return "the judge is the model that translates: it will not see its own errors" if self.judges_itself else ""

    @model_validator(mode="after")
    def _votes_fit(self) -> "TranslatorConfig":
        if self.second_judge is not None and self.judge is None:
            raise ValueError("second_judge needs judge: it is asked where the first one leaves doubt")
        if self.second_judge is not None and self.judge is not None and self.second_judge.model == self.judge.model:
            raise ValueError("second_judge is the same model as judge: the same question gets the same answer")
        if not 0 <= self.gray_band[0] <= self.gray_band[1] <= 100:
            raise ValueError("gray_band is two scores from 0 to 100, the lower one first")
        return self
