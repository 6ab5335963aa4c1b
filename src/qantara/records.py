"""The records that stages hand to each other; frozen, typed, checked where they enter and trusted after that.

`Example` is a training record (or one side of a benchmark item) in one language. Changed text is a new record whose `parent`
is the old one; `family` is the first ancestor's id, so an English item, its Arabic child and what is made from them stay
together. No reading or writing of files here: that is `store`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, assert_never

Role = Literal["system", "user", "assistant"]
Severity = Literal["fail", "warn", "info"]
Route = Literal["accept", "people", "reject"]
Action = Literal["accept", "edit", "reject"]
ErrorDegree = Literal["none", "minor", "major"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a record comes from; `family` and `parent` are record ids ("" for a record that is its own first ancestor)."""

    source: str
    native_id: str
    licence: str = "unknown"
    split: str = "train"
    subject: str = ""
    family: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of a dialogue; the patient is `user`, the doctor is `assistant`."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A multiple-choice question; `answer_index` counts from 0. Empty text means the field is absent."""

    id: str
    language: str
    origin: Origin
    question: str
    options: tuple[str, ...]
    answer_index: int
    context: str = ""
    explanation: str = ""
    kind: Literal["choice"] = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question with a free-text answer."""

    id: str
    language: str
    origin: Origin
    question: str
    answer: str
    context: str = ""
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A conversation of two or more turns."""

    id: str
    language: str
    origin: Origin
    turns: tuple[Turn, ...]
    kind: Literal["dialogue"] = "dialogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Plain text: it asks nothing and answers nothing; a model that trains on it learns all of it."""

    id: str
    language: str
    origin: Origin
    text: str
    kind: Literal["passage"] = "passage"


Example = Choice | Answer | Dialogue | Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A record that a stage did not keep: `reason` is a short code, `detail` explains it without quoting the text."""

    record_id: str
    native_id: str
    stage: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Characters `start` up to, not including, `end` of a field's text as it stands (Python string offsets)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check or a judge found in one field (see `text_fields` for names; "" is the whole record).

    `source_text` and `target_text` quote what is concerned, "" when there is nothing; a deterministic rule also gives the quotes'
    spans and its `version`. `expected` and `got` are the compared facts ("10 mg", "100 mg"); `message` is for a reviewer to read.
    """

    rule: str
    severity: Severity
    field: str
    message: str
    source_text: str = ""
    target_text: str = ""
    version: int = 1
    source_span: Span | None = None
    target_span: Span | None = None
    expected: str = ""
    got: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One round of translation: `target` is None when the answer could not be read; `score` 0-100, `similarity` cosine -1..1."""

    round: int
    target: Example | None
    findings: tuple[Finding, ...]
    score: int
    judge_score: int | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The outcome for one source record: every attempt, the best one's text as `target`, and where it goes.

    `audit` marks an accepted item that was drawn at random for people, to learn the accepted share's error rate.
    """

    source: Example
    target: Example | None
    route: Route
    reason: str
    score: int
    attempts: tuple[Attempt, ...]
    audit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a reviewer chose for one translation; `edited` holds the new text by field name for an edit, else is empty.

    `error` is how bad the worst error was that the person found in the machine's text, before any edit.
    """

    record_id: str
    action: Action
    reviewer: str
    reason: str = ""
    edited: tuple[tuple[str, str], ...] = ()
    error: ErrorDegree = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What people's decisions on one run say of its scores; good for runs with the same `policy` and no other.

    `threshold` (0-100) is the least score at which the share of major errors is at most `error_rate`, shown with `confidence`
    (one-sided); None: none could be shown. `upper_error_rate` is the bound there, `review_share` what goes to people. Rates and
    `auc` are 0..1, None where nothing is known; their intervals are two-sided. `date` is the day it was made (UTC).
    """

    policy: str
    date: str
    threshold: int | None
    error_rate: float
    confidence: float
    upper_error_rate: float | None
    review_share: float | None
    auc: float | None
    auc_low: float
    auc_high: float
    accepted_error_rate: float | None
    accepted_error_low: float
    accepted_error_high: float
    num_accepted: int
    num_audited: int
    num_audited_wrong: int
    num_doubted: int
    num_doubted_decided: int
    num_doubted_wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A rendered training sample: `loss_mask[i]` tells whether token i is learnt; `fold` is "train" or "validation".

    `source` is the data set it is of. A passage may be longer than what is trained on at once: it is used in pieces.
    """

    example_id: str
    family: str
    language: str
    source: str
    kind: str
    fold: str
    input_ids: tuple[int, ...]
    loss_mask: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPoint:
    """A mean loss in nats a learnt token at an optimizer step, over one fold and one language or source ("all": over all)."""

    step: int
    fold: str
    language: str
    source: str
    loss: float
    num_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One model's answer to one benchmark item, in one language or arm, by one way of scoring.

    `scoring` is "letter" or "text" (what stands as the answer; the option with the largest value is chosen, the first of equals)
    or "generate" (a reply was written and read). `normalization` says what `log_probabilities`, one an option in natural logs, were
    divided by: "sum" (nothing), "token", "byte", "character"; "pmi": less the option's log-probability without the question;
    "permuted": the mean over cyclic orders of the options. `chosen_index` is -1 where a reply could not be read; `tier` tells how
    it was read. `arm` is the condition of an evaluation; "": the language is.
    """

    model: str
    item_id: str
    family: str
    subject: str
    language: str
    scoring: str
    normalization: str
    chosen_index: int
    answer_index: int
    log_probabilities: tuple[float, ...]
    task: str = ""
    arm: str = ""
    tier: str = ""
    reply: str = ""


def content_id(*parts: object) -> str:
    """Return the id of what `parts` hold: 16 hexadecimal digits of BLAKE2b over their canonical JSON."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8"), digest_size=8).hexdigest()


def text_fields(example: Example) -> dict[str, str]:
    """Return the texts of a record by field name, in reading order; empty fields are left out.

    Names: `context`, `question`, `options/0`.., `explanation`, `answer`, `turns/0`.., `text`. Structure (answer index, roles, ids)
    is not text and is not here.
    """
    fields: dict[str, str]
    match example:
        case Choice():
            options = {f"options/{i}": text for i, text in enumerate(example.options)}
            fields = {"context": example.context, "question": example.question}
            fields |= options | {"explanation": example.explanation}
        case Answer():
            fields = {"context": example.context, "question": example.question, "answer": example.answer}
        case Dialogue():
            fields = {f"turns/{i}": turn.text for i, turn in enumerate(example.turns)}
        case Passage():
            fields = {"text": example.text}
        case _ as never:
            assert_never(never)
    return {name: text for name, text in fields.items() if text}


def replace_text(example: Example, fields: Mapping[str, str]) -> Example:
    """Return the record with the texts of `fields` put in place of its own, structure untouched; the id stays the old one."""
    match example:
        case Choice():
            options = tuple(fields.get(f"options/{i}", text) for i, text in enumerate(example.options))
            return replace(
                example,
                context=fields.get("context", example.context),
                question=fields.get("question", example.question),
                options=options,
                explanation=fields.get("explanation", example.explanation),
            )
        case Answer():
            return replace(
                example,
                context=fields.get("context", example.context),
                question=fields.get("question", example.question),
                answer=fields.get("answer", example.answer),
            )
        case Dialogue():
            turns = tuple(
                replace(turn, text=fields.get(f"turns/{i}", turn.text)) for i, turn in enumerate(example.turns)
            )
            return replace(example, turns=turns)
        case Passage():
            return replace(example, text=fields.get("text", example.text))


def with_id(example: Example) -> Example:
    """Return the record with its content id (and itself as family if it has none)."""
    origin = example.origin
    structure: list[object] = []
    if isinstance(example, Choice):
        structure = [example.answer_index]
    elif isinstance(example, Dialogue):
        structure = [turn.role for turn in example.turns]
    parts = (example.kind, example.language, origin.source, origin.native_id, text_fields(example), structure)
    new_id = content_id(*parts)
    return replace(example, id=new_id, origin=replace(origin, family=origin.family or new_id))


def child(parent: Example, fields: Mapping[str, str], language: str) -> Example:
    """Return `parent` with other texts in another (or the same) language: a new record of the same family."""
    changed = replace(replace_text(parent, fields), language=language)
    return with_id(replace(changed, origin=replace(parent.origin, parent=parent.id)))


def worst(findings: tuple[Finding, ...] | list[Finding]) -> Literal["pass", "warn", "fail"]:
    """Return the verdict that follows from findings: the worst severity, info counting as pass."""
    severities = {finding.severity for finding in findings}
    if "fail" in severities:
        return "fail"
    return "warn" if "warn" in severities else "pass"
