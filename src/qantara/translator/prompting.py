"""Requests to translator and judge, made of the prompt files and a record's texts.

Two styles: `fields` sends all texts of a record in one tagged message (instruction-tuned models); `completion` sends one text a
call after worked examples (base models, which know no instructions).
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template

from qantara.errors import QantaraError
from qantara.languages import language
from qantara.llm.interface import Message, Request
from qantara.records import Attempt, Finding, content_id, text_fields
from qantara.translator.lock import lock

FIELD_STYLE_PROMPTS = ("translate.txt", "retranslate.txt", "judge.txt")


def prompt_file(name: str) -> str:
    """Return a shipped prompt, or raise QantaraError when there is none of that name."""
    file = resources.files("qantara.translator.prompts") / name
    if not file.is_file():
        raise QantaraError(f"there is no prompt {name}; add it to qantara/translator/prompts")
    return file.read_text(encoding="utf-8")


def prompts_hash() -> str:
    """Return one hash over all shipped prompts, for the provenance."""
    folder = resources.files("qantara.translator.prompts")
    return content_id(
        sorted((file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir() if file.name.endswith(".txt"))
    )


def translation_request(
    fields: Mapping[str, str], direction: tuple[str, str], model: str, max_tokens: int, previous: Attempt | None = None
) -> Request:
    """Return the request that asks for all fields at once; from the second round on with the last text and its defects."""
    system = _filled("translate.txt", direction)
    user = lock(fields)
    if previous is not None:
        text = lock(text_fields(previous.target)) if previous.target else "(it could not be read)"
        repair = Template(prompt_file("retranslate.txt")).substitute(
            round=previous.round + 1, previous=text, defects=defect_list(previous.findings)
        )
        user = f"{user}\n\n{repair.strip()}"
    messages = (Message(role="system", content=system), Message(role="user", content=user))
    return Request(model=model, messages=messages, max_tokens=max_tokens)


def completion_request(
    text: str, direction: tuple[str, str], model: str, max_tokens: int, round_number: int
) -> Request:
    """Return the request that continues worked examples with one text; each round puts the examples in another order."""
    source, target = (language(code).name for code in direction)
    pairs = [
        pair.split("\n") for pair in prompt_file(f"completion-{direction[0]}-{direction[1]}.txt").strip().split("\n\n")
    ]
    shift = round_number % len(pairs)
    shots = [f"{source}: {pair[0]}\n{target}: {pair[1]}" for pair in pairs[shift:] + pairs[:shift]]
    prompt = "\n\n".join([*shots, f"{source}: {' '.join(text.split())}\n{target}:"])
    return Request(model=model, messages=(Message(role="user", content=prompt),), max_tokens=max_tokens, stop=("\n",))


def judge_request(
    source: Mapping[str, str], target: Mapping[str, str], direction: tuple[str, str], model: str, max_tokens: int
) -> Request:
    """Return the request that asks a judge for error spans."""
    user = f"Source:\n{lock(source)}\n\nTranslation:\n{lock(target)}"
    messages = (Message(role="system", content=_filled("judge.txt", direction)), Message(role="user", content=user))
    return Request(model=model, messages=messages, max_tokens=max_tokens)


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


def _filled(name: str, direction: tuple[str, str]) -> str:
    source, target = (language(code).name for code in direction)
    return Template(prompt_file(name)).substitute(source=source, target=target).strip()
