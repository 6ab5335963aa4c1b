"""Renders the viewer of one task: an HTML file with every item in every arm, that needs no network and no other file.

Cards are rendered here and stand compressed in the page, some at a time, so that thousands of items stay quick to open; a short
table of all items drives the filters. The one script is named by its hash in the page's content security policy.
"""

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from qantara.evaluate.pages.item_views import (
    AskedItem,
    ItemsFacts,
    anchor,
    chosen_prediction,
    item_view,
    margin,
    outcome,
)
from qantara.evaluate.pages.shown_text import prompt_lines
from qantara.evaluate.pages.words import arm_title, long_arm_title, way_name
from qantara.pages.environment import environment

CARDS_A_CHUNK = 25
CARDS_A_PAGE = 50
CLOSE_NATS = (0.01, 0.1, 0.5)
_BORDER = "<!-- next card -->"  # no text can hold it: all are escaped


def items_file_name(task: str) -> str:
    """Return the name of a task's viewer beside the report."""
    return f"items-{re.sub(r'[^A-Za-z0-9._-]', '_', task)}.html"


def render_items(facts: ItemsFacts) -> str:
    """Return the page as HTML; the same facts give the same text."""
    script = _script()
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        environment("qantara.evaluate.pages")
        .get_template("items.html")
        .render(
            facts=facts,
            titles=[long_arm_title(arm, facts.direction) for arm in facts.arms],
            primary=way_name(*facts.primary),
            prefixes=list(_prefixes(facts)),
            index=_inert(item_index(facts)),
            chunks=list(card_chunks(facts)),
            close=CLOSE_NATS,
            script=Markup(script),
            script_hash=digest,
        )
    )


def item_index(facts: ItemsFacts) -> dict[str, Any]:
    """Return what filters need: names once, then a row an item: id, anchor, subject, rules, and for each arm five values.

    These are outcome, margin (None: nothing scored), tier, the other run's outcome ("" without one) and whether the two chose
    differently.
    """
    return {
        "arms": [arm_title(arm.name) for arm in facts.arms],
        "border": _BORDER,
        "cardsAChunk": CARDS_A_CHUNK,
        "cardsAPage": CARDS_A_PAGE,
        "items": [_row(item, facts) for item in facts.items],
    }


def card_chunks(facts: ItemsFacts) -> Iterator[str]:
    """Yield the cards of so many items at a time as gzip in Base64, in the order of the items."""
    card: Any = environment("qantara.evaluate.pages").get_template("card.html").module
    for start in range(0, len(facts.items), CARDS_A_CHUNK):
        items = facts.items[start : start + CARDS_A_CHUNK]
        text = _BORDER.join(str(card.card(item_view(item, facts), bool(facts.other_model))) for item in items)
        yield b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii")


def _row(item: AskedItem, facts: ItemsFacts) -> list[Any]:
    by_arm = {answer.arm: answer for answer in item.answers}
    cells: list[Any] = []
    for arm in facts.arms:
        answer = by_arm.get(arm.name)
        mine = chosen_prediction(answer.predictions, facts.primary) if answer else None
        other = chosen_prediction(answer.others, facts.primary) if answer else None
        lead = margin(mine.log_probabilities) if mine else None
        differs = bool(mine and other and mine.chosen_index != other.chosen_index)
        cells.append(
            [
                outcome(mine),
                None if lead is None else round(lead, 4),
                mine.tier if mine else "",
                outcome(other) if other else "",
                int(differs),
            ]
        )
    rules = list(dict.fromkeys(finding.rule for finding in item.findings))
    return [item.id, anchor(item.id), item.subject, rules, cells]


def _prefixes(facts: ItemsFacts) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Yield id, the arm that has it and the lines of each prefix, once."""
    seen = set()
    arms = {arm.name: arm for arm in facts.arms}
    for item in facts.items:
        for answer in item.answers:
            name = answer.prompt.prefix_id if answer.prompt else ""
            if name and name not in seen:
                seen.add(name)
                arm = arms[answer.arm]
                yield (
                    name,
                    long_arm_title(arm, facts.direction),
                    prompt_lines(facts.prefixes[name], arm.prompt_language),
                )


def _inert(value: object) -> Markup:
    """Return JSON that no HTML parser can take for markup."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escaped)
    return Markup(text)


@cache
def _script() -> str:
    return files("qantara.evaluate.pages").joinpath("templates/viewer.js").read_text(encoding="utf-8")
