"""Settings of the synthesize stage: who writes, who judges, which forms, how long, how often an answer is asked for again."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.languages import LANGUAGES
from qantara.llm.config import BackendConfig
from qantara.synthesize.forms import SWITCH


class SynthesizeConfig(BaseModel):
    """How items become dialogues. `forms` names language codes, and "switch" for a change of language in mid-dialogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: BackendConfig = Field(description="the language model that writes the dialogues")
    judge: BackendConfig | None = Field(
        default=None,
        description="the language model that says whether the advice agrees with the item; none: the checks alone",
    )
    forms: dict[str, float] = Field(
        default={"en": 1.0, "ar": 1.0, SWITCH: 1.0},
        description='share of each form among the dialogues, any positive numbers: language codes and "switch"',
    )
    forms_per_item: float = Field(
        default=1.0,
        ge=1,
        le=8,
        description="forms an item gets on average; 1.4: one each, and four items in ten a second one",
    )
    min_turns: int = Field(
        default=4, ge=4, le=40, description="least turns of a dialogue, patient's and doctor's counted"
    )
    max_turns: int = Field(
        default=8, ge=4, le=40, description="most turns of a dialogue, patient's and doctor's counted"
    )
    temperature: float = Field(
        default=0.7,
        ge=0,
        le=2,
        description="sampling temperature of the writer; 0: greedy, and then resamples are in vain",
    )
    resamples: int = Field(
        default=2,
        ge=0,
        le=10,
        description="further askings of a dialogue that is cut off, out of form or fails a check",
    )
    max_output_tokens: int = Field(default=2048, ge=64, le=65536, description="longest answer asked for, in tokens")

    @model_validator(mode="after")
    def _fits_together(self) -> "SynthesizeConfig":
        unknown = [name for name in self.forms if name != SWITCH and name not in LANGUAGES]
        if unknown:
            known = ", ".join([*sorted(LANGUAGES), SWITCH])
            raise ValueError(f"forms: {', '.join(map(repr, unknown))} is not known; known: {known}")
        wanted = [name for name, share in self.forms.items() if share > 0]
        if not wanted or any(share < 0 for share in self.forms.values()):
            raise ValueError("forms: shares are 0 or more, and at least one is more than 0")
        if self.forms_per_item > len(wanted):
            raise ValueError(f"forms_per_item is {self.forms_per_item:g}, but only {len(wanted)} forms are asked for")
        if self.min_turns > self.max_turns:
            raise ValueError("min_turns is more than max_turns")
        if self.max_turns == self.min_turns and self.min_turns % 2:
            raise ValueError("min_turns to max_turns holds no even number: the doctor has the last word")
        return self
