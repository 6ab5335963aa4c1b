"""Makes the demo's recorded calls and decisions from the answers that were written for it.

Reads `answers.jsonl` (by item key: the right Arabic, faulty rounds before it, what a judge says of each) and the shipped sample;
writes `calls.jsonl.gz` and `decisions.jsonl`. Run it after a prompt, the sample or an answer has changed:

    .venv/bin/python recipes/demo/record.py
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from qantara.errors import DataError
from qantara.fidelity.encoders import encoder
from qantara.fidelity.meaning import MeaningRules
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Request, Response, Sending
from qantara.pipeline import open_pipeline
from qantara.records import Example, Translation, text_fields
from qantara.review.exchange import export_rows
from qantara.sources.sample import parallel_questions
from qantara.store import write_jsonl
from qantara.translate.stage import translate
from qantara.translator.lock import lock
from qantara.translator.room import Room

HERE = Path(__file__).parent
RECIPE = HERE.parent / "demo.yaml"
REVIEWER = "synthetic reviewer"


class Author:
    """A backend that answers from what was written: the next faulty round if there is one left, else the right translation."""

    name = "recorded"

    def __init__(self, examples: Sequence[Example], answers: dict[str, dict]) -> None:
        self._rounds: dict[str, list[str]] = {}
        self._judged: dict[tuple[str, str], list[dict]] = {}
        self.right: dict[str, dict[str, str]] = {}
        for example in examples:
            answer = answers[example.origin.native_id]
            source = lock(text_fields(example))
            versions = [(fault["translation"], fault["spans"]) for fault in answer.get("faults", [])]
            versions.append((answer["translation"], answer.get("spans", [])))
            self._rounds[source] = [lock(flat(translation)) for translation, _ in versions]
            for translation, spans in versions:
                self._judged[source, lock(flat(translation))] = spans
            self.right[example.id] = flat(answer["translation"])

    @property
    def capacity(self) -> int:
        """Return how many calls may wait at once; one batch after the other, so that the recording keeps its order."""
        return 1

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Answer a request from its text alone."""
        text = request.messages[-1].content
        return Response(
            text=self._judge(text) if text.startswith("Source:") else self._translate(text),
            finish_reason="stop",
            prompt_tokens=None,
            completion_tokens=None,
            model=request.model,
            seconds=0.0,
        )

    async def close(self) -> None:
        """There is nothing to give back."""

    def _translate(self, text: str) -> str:
        source, _, repair = text.partition("\n\nRepair round ")
        rounds = self._rounds[source]
        number = int(repair.partition(":")[0]) if repair else 0
        return rounds[min(number, len(rounds) - 1)]

    def _judge(self, text: str) -> str:
        source, _, target = text.removeprefix("Source:\n").partition("\n\nTranslation:\n")
        spans = self._judged[source, target]
        worst = {"critical": 35, "major": 65, "minor": 94}
        own = min((worst[span["severity"]] for span in spans), default=98)
        return json.dumps({"spans": spans, "score": own}, ensure_ascii=False)


def flat(side: dict) -> dict[str, str]:
    """Return one side of an answer as texts by field name."""
    if "turns" in side:
        return {f"turns/{i}": turn["text"] for i, turn in enumerate(side["turns"])}
    if "options" in side:
        options = {f"options/{i}": text for i, text in enumerate(side["options"])}
        return {"question": side["question"]} | options | {"explanation": side["explanation"]}
    return {"question": side["question"], "answer": side["answer"]}


def decide(translations: Sequence[Translation], right: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """Return a filled-in review table: what is right accepted, faults edited, the last of them rejected, one record left open."""
    doubted = [t.source.id for t in translations if t.route == "people"]
    faulty = [t.source.id for t in translations if t.target and text_fields(t.target) != right[t.source.id]]
    refused, undecided = [record for record in faulty if record in doubted][-1], doubted[-1]
    filled = []
    for row in export_rows(translations, {}):
        record = row["record_id"]
        if record == undecided:
            continue
        row["reviewer"] = REVIEWER
        if record == refused:
            row |= {"action": "reject", "reason": "three rounds with the same error; not worth an edit"}
        elif record in faulty:
            new = right[record][row["field"]]
            row |= {"action": "edit", "edited": "" if new == row["target"] else new}
        else:
            row |= {"action": "accept", "reason": "false alarm" if record in doubted else ""}
        filled.append(
            {name: row[name] for name in ("record_id", "native_id", "field", "action", "edited", "reviewer", "reason")}
        )
    return filled


def main() -> None:
    """Record."""
    answers = {line["key"]: line for line in map(json.loads, (HERE / "answers.jsonl").open(encoding="utf-8"))}
    with tempfile.TemporaryDirectory() as folder:
        pipeline = open_pipeline(RECIPE, ["review.decisions=null"], Path(folder) / "run", Console(stderr=True))
        for stage in ("sources", "benchmark", "curate"):
            pipeline.run(only=stage)
        examples = list(pipeline.run_folder.kept("curate", Example))
        if missing := [e.origin.native_id for e in examples if e.origin.native_id not in answers]:
            raise DataError(f"answers.jsonl has no answer for {', '.join(missing)}")
        author = Author(examples, answers)
        ledger = CallLedger(open_ledger(Path(folder) / "calls.sqlite"))
        desk = Desk(ledger)
        room = Room(
            translator=Caller(author, desk),
            judge=Caller(author, desk),
            desk=desk,
            meaning=MeaningRules(encoder(), pipeline.direction, parallel_questions(pipeline.direction)),
            direction=pipeline.direction,
            config=pipeline.recipe.translate,
        )
        outcomes = list(translate(examples, pipeline.recipe.translate, room, pipeline.recipe.seed))
        ledger.export(HERE / "calls.jsonl.gz")
    translations = [outcome for outcome in outcomes if isinstance(outcome, Translation)]
    write_jsonl(HERE / "decisions.jsonl", decide(translations, author.right))
    sys.stdout.write(f"{len(translations)} translations recorded\n")


if __name__ == "__main__":
    main()
