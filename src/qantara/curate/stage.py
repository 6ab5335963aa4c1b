"""Reads records of a source and the benchmark; writes each record cleaned, or rejected with the first reason that holds."""

from collections.abc import Collection, Iterable, Iterator

from pydantic import BaseModel, ConfigDict, Field

from qantara.curate.cleaning import clean
from qantara.curate.contamination import BenchmarkIndex, in_benchmark, index_benchmark
from qantara.curate.duplicates import duplicate_key, has_duplicate_options
from qantara.languages import looks_like
from qantara.records import Answer, Choice, Dialogue, Example, Passage, Rejection, text_fields

_LEAST_OPTIONS = 2
_LEAST_TURNS = 2


class CurateConfig(BaseModel):
    """Settings of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_characters: int = Field(default=8000, ge=1, description="characters of all texts of a record, at most")
    min_characters: int = Field(default=1, ge=1, description="characters of all texts of a record, at least")
    least_script_share: float = Field(
        default=0.5, ge=0, le=1, description="share of a record's letters in its language's script, at least, 0..1"
    )
    duplicates: bool = Field(default=True, description="reject all but the first of records that are the same")
    benchmark_overlap: bool = Field(default=True, description="reject records that are items of the benchmark")


def curate(
    examples: Iterable[Example], benchmark: Iterable[Example], config: CurateConfig, languages: Collection[str]
) -> Iterator[Example | Rejection]:
    """Yield each record once, in order, cleaned or as a rejection; of duplicates the first is kept.

    A record must be in one of `languages`, and its letters those of the language that it names.
    A record that is rejected keeps the id it came in with.
    """
    index = index_benchmark(benchmark if config.benchmark_overlap else ())
    seen: dict[str | None, str] = {}
    for example in examples:
        cleaned = clean(example)
        fault = _fault(cleaned, config, languages, index)
        key = duplicate_key(cleaned) if config.duplicates else None
        if fault is None and key in seen:
            fault = ("duplicate", f"the same as {seen[key]}")
        if fault is None:
            if key is not None:
                seen[key] = cleaned.id
            yield cleaned
        else:
            yield _rejection(example, *fault)


def _fault(
    example: Example, config: CurateConfig, languages: Collection[str], index: BenchmarkIndex
) -> tuple[str, str] | None:
    """Return the reason code and detail of the first fault of a record, None for a sound one."""
    texts = text_fields(example)
    num_characters = sum(map(len, texts.values()))
    if absent := _absent(example):
        return "empty", absent
    if num_characters < config.min_characters:
        return "too_short", f"{num_characters} characters, at least {config.min_characters}"
    if isinstance(example, Choice) and (fault := _choice_fault(example)):
        return fault
    if num_characters > config.max_characters:
        return "over_length", f"{num_characters} characters, at most {config.max_characters}"
    if example.language not in languages:
        return "wrong_language", f"{' or '.join(languages)} was expected"
    if not looks_like(" ".join(texts.values()), example.language, config.least_script_share):
        return "wrong_language", f"{example.language} was expected"
    if in_benchmark(example, index):
        return "in_benchmark", "the question is a benchmark item"
    return None


def _absent(example: Example) -> str:
    """Say what a record lacks that its kind needs, "" for nothing."""
    match example:
        case Answer():
            return "" if example.question and example.answer else "no question or no answer"
        case Choice():
            if not example.question:
                return "no question"
            return (
                "" if len(example.options) >= _LEAST_OPTIONS and all(example.options) else "no options, or an empty one"
            )
        case Dialogue():
            full = len(example.turns) >= _LEAST_TURNS and all(turn.text for turn in example.turns)
            return "" if full else "fewer than two turns, an empty one, or roles that the mapping does not know"
        case Passage():
            return "" if example.text else "no text"


def _choice_fault(choice: Choice) -> tuple[str, str] | None:
    if not 0 <= choice.answer_index < len(choice.options):
        return "answer_out_of_range", f"answer index {choice.answer_index} of {len(choice.options)} options"
    if has_duplicate_options(choice):
        return "duplicate_options", "two options are the same"
    return None


def _rejection(example: Example, reason: str, detail: str) -> Rejection:
    return Rejection(
        record_id=example.id, native_id=example.origin.native_id, stage="curate", reason=reason, detail=detail
    )
