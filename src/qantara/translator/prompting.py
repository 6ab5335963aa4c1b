"""Requests to translator and judge, made of the prompt files and a record's texts.

Two styles: `fields` sends all texts of a record in one tagged message (instruction-tuned models); `completion` sends one text a
call after worked examples (base models, which know no instructions).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from string import Template
from types import MappingProxyType

from qantara.languages import language
from qantara.llm.batch_file import BatchConfig
from qantara.llm.config import BackendConfig
from qantara.llm.endpoint import EndpointConfig
from qantara.llm.interface import Message, Request
from qantara.records import Attempt, Finding, text_fields
from qantara.translator.judging import schema
from qantara.translator.lock import lock
from qantara.translator.prompt_files import prompt_file
from qantara.translator.room import Room


def translation_request(
    fields: Mapping[str, str],
    room: Room,
    previous: Attempt | None = None,
    settled: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Request:
    """Return the request that asks for these fields at once; from the second round on with their last text and its defects.

    `settled` are the record's other fields, (source, target) each: their translation is known and is shown, not asked for.
    """
    parts = [lock(fields), room.terms(fields), _settled(settled), _repair(fields, previous) if previous else ""]
    user = "\n\n".join(part for part in parts if part)
    system = Message(role="system", content=_filled("translate.txt", room.direction))
    messages = (system, Message(role="user", content=user))
    return Request(model=room.config.model.model, messages=messages, max_tokens=room.config.max_output_tokens)


def completion_request(text: str, room: Room, round_number: int) -> Request:
    """Return the request that continues worked examples with one text; each round puts the examples in another order."""
    source, target = (language(code).name for code in room.direction)
    examples = prompt_file("completion-{}-{}.txt".format(*room.direction))
    pairs = [pair.split("\n") for pair in examples.strip().split("\n\n")]
    shift = round_number % len(pairs)
    shots = [f"{source}: {pair[0]}\n{target}: {pair[1]}" for pair in pairs[shift:] + pairs[:shift]]
    prompt = "\n\n".join([*shots, f"{source}: {' '.join(text.split())}\n{target}:"])
    messages = (Message(role="user", content=prompt),)
    limit = room.config.max_output_tokens
    return Request(model=room.config.model.model, messages=messages, max_tokens=limit, stop=("\n",))


def judge_request(source: Mapping[str, str], target: Mapping[str, str], room: Room, judge: BackendConfig) -> Request:
    """Return the request that asks a judge for error spans."""
    user = f"Source:\n{lock(source)}\n\nTranslation:\n{lock(target)}"
    messages = (
        Message(role="system", content=_filled("judge.txt", room.direction)),
        Message(role="user", content=user),
    )
    enforced = isinstance(judge, EndpointConfig | BatchConfig) and judge.enforce_schema
    limit = room.config.max_output_tokens
    return Request(model=judge.model, messages=messages, max_tokens=limit, schema=schema() if enforced else "")


def defect_list(findings: Sequence[Finding]) -> str:
    """Return findings as numbered lines a model can act on, worst first; what is mere information is left out."""
    order = {"fail": 0, "warn": 1}
    listed = sorted((f for f in findings if f.severity in order), key=lambda finding: order[finding.severity])
    lines = []
    for number, finding in enumerate(listed, start=1):
        quotes = [
            f'{side} "{text}"'
            for side, text in (("source", finding.source_text), ("target", finding.target_text))
            if text
        ]
        lines.append(
            f"{number}. {finding.field or 'record'}: {finding.message}" + (f" ({', '.join(quotes)})" if quotes else "")
        )
    return "\n".join(lines)


def _settled(fields: Mapping[str, tuple[str, str]]) -> str:
    if not fields:
        return ""
    texts = "\n".join(f"{name}: {source} = {target}" for name, (source, target) in fields.items())
    return Template(prompt_file("settled.txt")).substitute(texts=texts).strip()


def _repair(fields: Mapping[str, str], previous: Attempt) -> str:
    """Return the part of a prompt that gives back the last translation of these fields and what is wrong with it."""
    before = text_fields(previous.target) if previous.target else {}
    text = lock({name: before[name] for name in fields if name in before}) or "(it could not be read)"
    defects = defect_list([finding for finding in previous.findings if not finding.field or finding.field in fields])
    template = Template(prompt_file("retranslate.txt"))
    return template.substitute(round=previous.round + 1, previous=text, defects=defects).strip()


@cache
def _filled(name: str, direction: tuple[str, str]) -> str:
    source, target = (language(code).name for code in direction)
    return Template(prompt_file(name)).substitute(source=source, target=target).strip()
