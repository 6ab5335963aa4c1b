"""Makes the recorded calls of recipes/synthesize.yaml from the answers that were written for it.

Reads `answers.jsonl` (by item key and form: the turns, or the whole answer where its form is at fault) and the shipped sample;
writes `calls.jsonl.gz`. Run it after a prompt, the sample or an answer has changed:

    .venv/bin/python recipes/synthesize/record.py
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from qantara.errors import DataError
from qantara.fidelity.encoders import encoder
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Request, Response, Sending, call_key
from qantara.recipe import load
from qantara.records import Choice, Rejection, Turn
from qantara.sources.reading import read
from qantara.synthesis import SynthesisRecipe
from qantara.synthesize.forms import Order
from qantara.synthesize.prompting import dialogue_request
from qantara.synthesize.room import Room
from qantara.synthesize.stage import orders, synthesize
from qantara.synthesize.tags import ROLES, tagged

HERE = Path(__file__).parent
RECIPE = HERE.parent / "synthesize.yaml"


class Author:
    """A backend that answers each request with what was written for it."""

    name = "recorded"
    capacity = 64

    def __init__(self, written: Mapping[str, dict]) -> None:
        self._written = written

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Return the answer, cut off where that is the fault."""
        await sending()
        row = self._written[call_key(request)]
        return Response(
            text=text_of(row),
            finish_reason=row.get("finish_reason", "stop"),
            prompt_tokens=None,
            completion_tokens=None,
            model=request.model,
            seconds=0.0,
        )

    async def close(self) -> None:
        """There is nothing to give back."""


def text_of(row: dict) -> str:
    """Return the answer of a row as a model would write it."""
    if "answer" in row:
        return row["answer"]
    return tagged(tuple(Turn(role=ROLES[turn["role"]], text=turn["text"]) for turn in row["turns"]))


def answers() -> list[dict]:
    """Return the written answers."""
    return [json.loads(line) for line in (HERE / "answers.jsonl").read_text(encoding="utf-8").splitlines()]


def key_of(order: Order) -> tuple[str, str]:
    """Return the item key and the form by which an answer is found."""
    return order.item.origin.native_id, "-".join(order.form.languages)


def main() -> None:
    """Record."""
    recipe = load(RECIPE, SynthesisRecipe)
    direction = (recipe.source_language, recipe.target_language)
    items = [item for source in recipe.sources for item in read(source, HERE, recipe.source_language)]
    wanted: Sequence[Order] = [
        order for order in orders(items, recipe.synthesize, direction, recipe.seed) if isinstance(order.item, Choice)
    ]
    rows = {(row["key"], row["form"]): row for row in answers()}
    if missing := [" ".join(key_of(order)) for order in wanted if key_of(order) not in rows]:
        raise DataError(f"answers.jsonl has no answer for {', '.join(missing)}")
    written = {
        call_key(dialogue_request(order.item, order.form, recipe.synthesize)): rows[key_of(order)] for order in wanted
    }
    with tempfile.TemporaryDirectory() as folder:
        ledger = CallLedger(open_ledger(Path(folder) / "calls.sqlite"))
        desk = Desk(ledger)
        writer = Caller(Author(written), desk)
        room = Room(writer=writer, judge=None, desk=desk, encoder=encoder(), direction=direction)
        outcomes = list(synthesize(items, recipe.synthesize, room, recipe.seed))
        num_calls = ledger.export(HERE / "calls.jsonl.gz")
    num_kept = sum(not isinstance(outcome, Rejection) for outcome in outcomes)
    sys.stdout.write(f"{num_calls} calls recorded, {num_kept} dialogues kept\n")


if __name__ == "__main__":
    main()
