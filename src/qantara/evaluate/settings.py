"""What an evaluation is asked to do, checked before anything is loaded: arms, ways of scoring, the one that counts."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.evaluate.prompting.arms import Arm, chosen_arms
from qantara.evaluate.prompting.prompts import PromptSpec

Scoring = Literal["letter", "text", "generate"]
Way = tuple[str, str]  # scoring, normalization
_TEXT_NORMALIZATIONS = ("sum", "token", "byte", "character")


class EvaluationConfig(BaseModel):
    """Settings of an evaluation; all but `batch_size` and `max_reply_tokens` are part of what its numbers mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    direction: tuple[str, str] = Field(default=("en", "ar"), description="language codes of source and target")
    arms: tuple[str, ...] = Field(default=("en", "ar"), min_length=1, description="names of arms, see `arms`")
    scoring: tuple[Scoring, ...] = Field(default=("letter",), min_length=1, description="what stands as the answer")
    shots: int = Field(default=0, ge=0, le=50, description="worked examples before each question")
    limit: int | None = Field(
        default=None, ge=1, description="items a task at most, always the same random ones; none: all"
    )
    chat: bool = Field(default=False, description="ask through the model's chat template")
    delimiter: str = Field(default=" ", description="what stands between the cue and the answer in a plain prompt")
    options_shown: bool = Field(default=True, description="list the options in the question")
    permutations: bool = Field(default=False, description="letters also averaged over all cyclic orders of the options")
    pmi: bool = Field(default=False, description="texts also less their log-probability without the question")
    primary: str | None = Field(
        default=None, description='the way of scoring that counts, "letter:sum"; none: the first that is asked for'
    )
    batch_size: int = Field(default=8, ge=1, le=1024, description="questions a forward")
    max_reply_tokens: int = Field(default=256, ge=1, le=32768, description="longest reply that is generated, in tokens")
    equivalence_margin: float = Field(
        default=0.02, gt=0, lt=1, description="largest gap that still counts as parity, 0.02 is two points"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "EvaluationConfig":
        chosen_arms(self.arms, self.direction)
        if self.direction[0] == self.direction[1]:
            raise ValueError("direction: source and target are the same language")
        if self.permutations and "letter" not in self.scoring:
            raise ValueError("permutations are of letters: add letter to scoring")
        if self.pmi and "text" not in self.scoring:
            raise ValueError("pmi is of option texts: add text to scoring")
        if "letter" in self.scoring and not self.options_shown:
            raise ValueError("letters mean nothing when the options aren't shown: leave letter out of scoring")
        if "translated-back" in self.arms and "generate" not in self.scoring:
            raise ValueError("the arm translated-back is of replies that are written: add generate to scoring")
        if self.primary is not None and self.primary_way not in self.ways:
            known = ", ".join(":".join(way).rstrip(":") for way in self.ways)
            raise ValueError(f"primary: {self.primary!r} is not scored; there are: {known}")
        return self

    @property
    def ways(self) -> list[Way]:
        """Return every way of scoring that is reported, the default primary one first."""
        found: list[Way] = []
        for scoring in dict.fromkeys(self.scoring):
            if scoring == "letter":
                found += [("letter", "sum")] + [("letter", "permuted")] * self.permutations
            elif scoring == "text":
                found += [("text", name) for name in (*_TEXT_NORMALIZATIONS, *(("pmi",) if self.pmi else ()))]
            else:
                found.append(("generate", ""))
        return found

    @property
    def primary_way(self) -> Way:
        """Return the way of scoring that counts, chosen before anything is scored."""
        if self.primary is None:
            return self.ways[0]
        scoring, _, normalization = self.primary.partition(":")
        return scoring, normalization

    def chosen(self) -> list[Arm]:
        """Return the arms in the order asked for."""
        return chosen_arms(self.arms, self.direction)

    def spec(self, arm: Arm) -> PromptSpec:
        """Return how an arm's items are asked."""
        return PromptSpec(
            prompt_language=arm.prompt_language,
            label_set=arm.label_set,
            delimiter=self.delimiter,
            shots=self.shots,
            chat=self.chat,
            options_shown=self.options_shown,
        )

    def meaning(self) -> dict[str, object]:
        """Return the settings that the numbers follow from, JSON-ready."""
        return self.model_dump(mode="json", exclude={"batch_size"})
