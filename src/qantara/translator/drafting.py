"""One record's texts through the translating model and back: a draft, or what is wrong with the call or the form.

A record is sent whole, since its texts explain each other. Only when that is too long for the model it is split at field (or turn)
boundaries; a single field that is too long is set aside. No answer that was cut off or out of form becomes a draft.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from qantara.errors import CallFailed
from qantara.llm.interface import Request, Response
from qantara.llm.readable import Asking, ask_readable, why_of_no_use
from qantara.records import Attempt, Example, Finding, child, text_fields
from qantara.translator.lock import unlock
from qantara.translator.prompting import completion_request, translation_request
from qantara.translator.room import Room
from qantara.translator.together import all_of

_TOO_LONG = ("context_overflow", "length")
_FOR_GOOD = ("call.bad_request", "call.context_overflow")


@dataclass(frozen=True, slots=True)
class Draft:
    """A round's translation of a record, None when it could not be had; `is_last`: asking again would bring nothing else."""

    target: Example | None
    findings: tuple[Finding, ...] = ()
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts by field name, or the findings that say why there are none."""

    fields: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """Fields to translate in one call, those whose translation is settled, and what the last round made of the record."""

    fields: Mapping[str, str]
    settled: Mapping[str, tuple[str, str]]
    previous: Attempt | None
    number: int


async def draft(example: Example, previous: Attempt | None, number: int, room: Room) -> Draft:
    """Return the translation that the model gives in round `number`, told what was wrong with the previous one."""
    fields = text_fields(example)
    reused = room.reusable(fields, previous)
    asked = {name: text for name, text in fields.items() if name not in reused}
    settled = {name: (fields[name], text) for name, text in reused.items()}
    try:
        if room.config.style == "completion":
            texts = await _completed(asked, number, room)
        else:
            part = _Part(asked, settled, previous, number)
            texts = await _translated(part, room) if asked else _Texts({})
    except CallFailed as error:
        return Draft(None, (_finding(f"call.{error.fault}", "", "the call got no answer, also after retries"),), True)
    if texts.findings:
        return Draft(None, texts.findings, texts.is_last)
    return Draft(child(example, reused | dict(texts.fields), room.direction[1]))


async def _translated(part: _Part, room: Room) -> _Texts:
    request = translation_request(part.fields, room, part.previous, part.settled)
    response, unlocked = await _ask(request, part.fields, part.number, room)
    if unlocked is not None:
        return _Texts(unlocked)
    if response.finish_reason in _TOO_LONG and len(part.fields) > 1:
        halves = [replace(part, fields=half) for half in _halves(part.fields)]
        return _joined(await all_of(_translated(half, room) for half in halves))
    return _unusable(response, part.fields)


async def _ask(
    request: Request, fields: Mapping[str, str], number: int, room: Room
) -> tuple[Response, Mapping[str, str] | None]:
    def read(text: str) -> Mapping[str, str] | None:
        unlocked = unlock(text, fields)
        return None if unlocked.findings else unlocked.fields

    return await ask_readable(room.translator, request, read, _asking(number, room))


async def _completed(fields: Mapping[str, str], number: int, room: Room) -> _Texts:
    requests = [completion_request(text, room, number) for text in fields.values()]
    answers = await all_of(
        ask_readable(room.translator, request, lambda text: text.strip() or None, _asking(number, room))
        for request in requests
    )
    named = zip(fields, answers, strict=True)
    return _joined([_Texts({name: text}) if text else _unusable(answer, (name,)) for name, (answer, text) in named])


def _asking(number: int, room: Room) -> Asking:
    return Asking(purpose="translate", round_number=number, resamples=room.config.resamples)


def _halves(fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Split fields, in their order, where the texts before and after are closest in length."""
    names = list(fields)
    lengths = [len(text) for text in fields.values()]
    cut = min(range(1, len(names)), key=lambda i: abs(sum(lengths[:i]) - sum(lengths[i:])))
    return {name: fields[name] for name in names[:cut]}, {name: fields[name] for name in names[cut:]}


def _joined(parts: list[_Texts]) -> _Texts:
    findings = tuple(finding for part in parts for finding in part.findings)
    fields = {name: text for part in parts for name, text in part.fields.items()}
    return _Texts({} if findings else fields, findings, any(part.is_last for part in parts))


def _unusable(response: Response, fields: Mapping[str, str] | tuple[str, ...]) -> _Texts:
    field = next(iter(fields)) if len(fields) == 1 else ""
    if response.finish_reason == "stop":
        faults = unlock(response.text, fields).findings if isinstance(fields, Mapping) else ()
        return _Texts({}, faults or (_finding("call.empty", field, "the answer is empty"),))
    rule, message = why_of_no_use(response)
    return _Texts({}, (_finding(rule, field, message),), rule in _FOR_GOOD)


def _finding(rule: str, field: str, message: str) -> Finding:
    return Finding(rule=rule, severity="fail", field=field, message=message)
