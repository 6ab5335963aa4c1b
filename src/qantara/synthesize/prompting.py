"""Requests to the writer and to the judge, made of the prompt files and an item. One call makes one dialogue.

The item stands between tags: its case, the right answer, the wrong ones. Option letters are left out, so no dialogue can name one.
"""

from importlib import resources
from string import Template

from qantara.errors import QantaraError
from qantara.languages import language
from qantara.llm.interface import Message, Request
from qantara.records import Choice, Turn, content_id
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.forms import Form
from qantara.synthesize.tags import tagged

_PACKAGE = "qantara.synthesize.prompts"


def prompts_hash() -> str:
    """Return one hash over all shipped prompts, for the provenance."""
    files = [file for file in resources.files(_PACKAGE).iterdir() if file.name.endswith(".txt")]
    return content_id(sorted((file.name, file.read_text(encoding="utf-8")) for file in files))


def item_text(item: Choice) -> str:
    """Return an item between the tags of the prompt, one part a line."""
    case = "\n".join(text for text in (item.context, item.question) if text)
    wrong = [text for i, text in enumerate(item.options) if i != item.answer_index]
    lines = [f"<case>{case}</case>", f"<right>{item.options[item.answer_index]}</right>"]
    lines += [f"<wrong>{text}</wrong>" for text in wrong]
    lines += [f"<explanation>{item.explanation}</explanation>"] if item.explanation else []
    return "\n".join(lines)


def dialogue_request(item: Choice, form: Form, config: SynthesizeConfig) -> Request:
    """Return the request that asks for one dialogue."""
    rule = _filled(
        "one_language.txt" if len(form.languages) == 1 else "switch.txt",
        language=language(form.first).name,
        first=language(form.first).name,
        last=language(form.last).name,
    )
    rules = [rule, *(_optional(f"language-{code}.txt") for code in form.languages)]
    system = _filled(
        "dialogue.txt",
        min_turns=str(config.min_turns),
        max_turns=str(config.max_turns),
        language_rule="\n".join(filter(None, rules)),
    )
    return Request(
        model=config.model.model,
        messages=(Message(role="system", content=system), Message(role="user", content=item_text(item))),
        max_tokens=config.max_output_tokens,
        temperature=config.temperature,
    )


def judge_request(item: Choice, turns: tuple[Turn, ...], model: str, max_tokens: int, schema: str) -> Request:
    """Return the request that asks a judge whether the advice agrees with the item."""
    user = f"{item_text(item)}\n\nDialogue:\n{tagged(turns)}"
    messages = (Message(role="system", content=_filled("judge.txt")), Message(role="user", content=user))
    return Request(model=model, messages=messages, max_tokens=max_tokens, schema=schema)


def _filled(name: str, **words: str) -> str:
    text = _optional(name)
    if not text:
        raise QantaraError(f"there is no prompt {name}; add it to qantara/synthesize/prompts")
    return Template(text).substitute(words)


def _optional(name: str) -> str:
    file = resources.files(_PACKAGE) / name
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""
