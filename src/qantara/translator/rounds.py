"""The loop: translate a batch, check, judge, retranslate what is not acceptable with its defects, at most `max_rounds` times.

A batch goes through each round together, so that a backend sees many calls at once. Deterministic checks come before the judge,
and a text that fails them is not judged: the call would be paid for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qantara.fidelity.check import check
from qantara.fidelity.meaning import Compared, Meaning
from qantara.llm.caller import Caller
from qantara.llm.interface import Request, Response
from qantara.records import Attempt, Example, Finding, child, text_fields, worst
from qantara.translator.config import TranslatorConfig
from qantara.translator.judging import Judgement, read_judgement
from qantara.translator.lock import unlock
from qantara.translator.prompting import completion_request, judge_request, translation_request
from qantara.translator.scoring import is_acceptable, score


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a translation needs at hand: callers for translator and judge, what compares meanings (or None), the languages."""

    translator: Caller
    judge: Caller | None
    meaning: Meaning | None
    direction: tuple[str, str]
    config: TranslatorConfig


def translate_batch(examples: Sequence[Example], room: Room) -> list[tuple[Attempt, ...]]:
    """Return each example's attempts in order; the last one is acceptable or the rounds are used up."""
    attempts: list[tuple[Attempt, ...]] = [() for _ in examples]
    pending = list(range(len(examples)))
    for number in range(room.config.max_rounds + 1):
        if not pending:
            break
        batch = [examples[i] for i in pending]
        made = _round(batch, [attempts[i][-1] if attempts[i] else None for i in pending], number, room)
        for i, attempt in zip(pending, made, strict=True):
            attempts[i] = (*attempts[i], attempt)
        pending = [i for i in pending if not is_acceptable(attempts[i][-1], room.config.threshold)]
    return attempts


def _round(batch: Sequence[Example], previous: Sequence[Attempt | None], number: int, room: Room) -> list[Attempt]:
    drafts = _translate(batch, previous, number, room)
    targets = [target for target, _ in drafts]
    findings = [
        (*form, *(check(source, target) if target else ()))
        for source, (target, form) in zip(batch, drafts, strict=True)
    ]
    meanings = _meanings(batch, targets, room)
    findings = [
        (*found, *(meaning.findings if meaning else ())) for found, meaning in zip(findings, meanings, strict=True)
    ]
    judgements = _judge(batch, targets, findings, room)
    return [
        Attempt(
            round=number,
            target=target,
            findings=(*found, *judgement.findings),
            score=score((*found, *judgement.findings)),
            judge_score=judgement.own_score,
            similarity=meaning.similarity if meaning else None,
        )
        for target, found, meaning, judgement in zip(targets, findings, meanings, judgements, strict=True)
    ]


def _translate(
    batch: Sequence[Example], previous: Sequence[Attempt | None], number: int, room: Room
) -> list[tuple[Example | None, tuple[Finding, ...]]]:
    if room.config.style == "completion":
        return _complete_fields(batch, number, room)
    requests = [
        translation_request(
            text_fields(example), room.direction, room.config.model.model, room.config.max_output_tokens, last
        )
        for example, last in zip(batch, previous, strict=True)
    ]
    responses = room.translator.complete(requests, "translate")
    return [_read(example, response, room.direction[1]) for example, response in zip(batch, responses, strict=True)]


def _read(example: Example, response: Response, language: str) -> tuple[Example | None, tuple[Finding, ...]]:
    if response.finish_reason != "stop":
        return None, (_call_fault("", response),)
    fields, faults = unlock(response.text, text_fields(example))
    return (None, faults) if faults else (child(example, fields, language), ())


def _complete_fields(
    batch: Sequence[Example], number: int, room: Room
) -> list[tuple[Example | None, tuple[Finding, ...]]]:
    requests: list[Request] = []
    owners: list[tuple[int, str]] = []
    for i, example in enumerate(batch):
        for name, text in text_fields(example).items():
            limit = room.config.max_output_tokens
            requests.append(completion_request(text, room.direction, room.config.model.model, limit, number))
            owners.append((i, name))
    answers: list[dict[str, Response]] = [{} for _ in batch]
    for (i, name), response in zip(owners, room.translator.complete(requests, "translate"), strict=True):
        answers[i][name] = response
    return [_assemble(example, answer, room.direction[1]) for example, answer in zip(batch, answers, strict=True)]


def _assemble(
    example: Example, answers: Mapping[str, Response], language: str
) -> tuple[Example | None, tuple[Finding, ...]]:
    faults = tuple(
        _call_fault(name, answer)
        for name, answer in answers.items()
        if answer.finish_reason != "stop" or not answer.text.strip()
    )
    if faults:
        return None, faults
    return child(example, {name: answer.text.strip() for name, answer in answers.items()}, language), ()


def _call_fault(field: str, response: Response) -> Finding:
    reasons = {
        "length": "the answer was cut off at the token limit",
        "refused": "the model refused",
        "stop": "the answer is empty",
    }
    rule = {"length": "call.truncated", "refused": "call.refused", "stop": "call.empty"}.get(
        response.finish_reason, "call.failed"
    )
    message = reasons.get(response.finish_reason, "the call gave no usable answer")
    return Finding(rule=rule, severity="fail", field=field, message=message)


def _meanings(batch: Sequence[Example], targets: Sequence[Example | None], room: Room) -> list[Compared | None]:
    """Return what sentence vectors say of each readable translation, compared with the others of its round."""
    found: list[Compared | None] = [None] * len(batch)
    if room.meaning is None:
        return found
    readable = [(i, target) for i, target in enumerate(targets) if target is not None]
    compared = room.meaning([(text_fields(batch[i]), text_fields(target)) for i, target in readable])
    for (i, _), meaning in zip(readable, compared, strict=True):
        found[i] = meaning
    return found


def _judge(
    batch: Sequence[Example], targets: Sequence[Example | None], findings: Sequence[tuple[Finding, ...]], room: Room
) -> list[Judgement]:
    judgements = [Judgement((), None) for _ in batch]
    if room.judge is None or room.config.judge is None:
        return judgements
    requests, owners = [], []
    for i, (source, target) in enumerate(zip(batch, targets, strict=True)):
        if target is None or worst(findings[i]) == "fail":
            continue
        model, limit = room.config.judge.model, room.config.max_output_tokens
        requests.append(judge_request(text_fields(source), text_fields(target), room.direction, model, limit))
        owners.append(i)
    for i, response in zip(owners, room.judge.complete(requests, "judge"), strict=True):
        judgements[i] = read_judgement(response)
    return judgements
