"""A model's answer read into turns: `<t role="patient">..</t>`, one after another, and nothing around them.

Plain tags and not JSON: in JSON many models write Arabic as escapes. Read strictly; what is wrong is a `Fault` with a reason code.
"""

import re
from typing import NamedTuple

from qantara.records import Role, Turn

ROLES: dict[str, Role] = {"patient": "user", "doctor": "assistant"}
ITEM_TAGS = ("case", "right", "wrong", "explanation", "t")
_TURN = re.compile(r'<t role="(patient|doctor)">(.*?)</t>', re.DOTALL)
_MARKUP = re.compile(r"</?[a-z][^<>\n]{0,40}>|<\||\|>|\[/?inst\]|```", re.IGNORECASE)
_RESERVED = re.compile(rf"</?(?:{'|'.join(ITEM_TAGS)})[ >]")


class Fault(NamedTuple):
    """What is wrong with a dialogue: a reason code, and where or what, without a word of the text."""

    reason: str
    detail: str = ""


def tagged(turns: tuple[Turn, ...]) -> str:
    """Return turns as a model is asked to write them, one a line."""
    names = {role: name for name, role in ROLES.items()}
    return "\n".join(f'<t role="{names[turn.role]}">{turn.text}</t>' for turn in turns)


def has_reserved_markup(text: str) -> bool:
    """Tell whether a text holds tags of the prompt, so that it can't be told apart from them."""
    return _RESERVED.search(text) is not None


def read_turns(answer: str) -> tuple[Turn, ...] | Fault:
    """Return the turns of an answer, or the first thing that is wrong with its form."""
    found = list(_TURN.finditer(answer))
    if not found:
        return Fault("form.no_turns", "the answer holds no turn that can be read")
    outside = _TURN.sub("", answer)
    if outside.strip():
        return Fault("form.text_outside_turns", f"{len(outside.strip())} characters stand outside the turns")
    turns = tuple(Turn(role=ROLES[match[1]], text=match[2].strip()) for match in found)
    for number, turn in enumerate(turns, start=1):
        if not turn.text:
            return Fault("form.empty_turn", f"turn {number}")
        if _MARKUP.search(turn.text):
            return Fault("form.markup", f"turn {number}")
    return turns
