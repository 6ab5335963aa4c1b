"""The training set as files for people and other tools: JSONL of messages or text, a dataset card, a manifest with hashes.

Each record stands in it once, however often it is trained on; how often that is the card and the manifest say.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from qantara.chat import messages
from qantara.mix.realized import SourceUse
from qantara.provenance import file_hash
from qantara.records import Example, Passage, Sample
from qantara.store import write_json, write_jsonl, write_text

Totals = Mapping[str, Mapping[str, int]]
_TASKS = {
    "answer": "question-answering",
    "choice": "multiple-choice",
    "dialogue": "question-answering",
    "passage": "text-generation",
}

_CARD = """---
language: [{languages}]
task_categories: [{tasks}]
tags: [medical, bilingual, instruction-tuning]
license: other
---

# Bilingual medical training data

Made by Qantara from the sources below; what it translated by machine was checked and, where in doubt, reviewed by people.
Research data: not for clinical use. Some or all source records may be synthetic; the licence column says what applies to each
record.

| fold | language | samples | tokens |
|---|---|---|---|
{counts}

Tokens are counted with the tokenizer of the model that is trained, chat template included.
Families (a source item, its translation and what is made from them) never stand in both folds.

| source | licence | samples |
|---|---|---|
{sources}

The model is trained on this at a ratio of {ratio}. A source that is used more than once counts with its repeats:

| language | source | tokens trained on | of them learnt | epochs |
|---|---|---|---|---|
{uses}

Files and their SHA-256 are in `manifest.json`.
Each line holds `id`, `family`, `parent`, `language`, `source`, `licence` and `messages` (plain text: `text`).
"""


def export_dataset(
    folder: Path,
    examples: Mapping[str, Example],
    samples: Sequence[Sample],
    totals: Totals,
    uses: Sequence[SourceUse],
    ratio: str,
) -> None:
    """Write `train.jsonl`, `validation.jsonl`, `README.md` and `manifest.json` (last) into `folder`.

    `totals` are the samples' tokens by fold and language, `ratio` the one that was asked for, in words.
    """
    folds = {fold: [examples[s.example_id] for s in samples if s.fold == fold] for fold in ("train", "validation")}
    for fold, members in folds.items():
        write_jsonl(folder / f"{fold}.jsonl", (_line(example) for example in members))
    write_text(folder / "README.md", _card(folds, totals, uses, ratio))
    names = ("train.jsonl", "validation.jsonl", "README.md")
    files = {name: {"sha256": file_hash(folder / name), "bytes": (folder / name).stat().st_size} for name in names}
    counts = {fold: len(members) for fold, members in folds.items()}
    manifest = {"files": files, "samples": counts, "tokens": totals, "trained_on": [asdict(use) for use in uses]}
    write_json(folder / "manifest.json", manifest)


def _line(example: Example) -> dict[str, object]:
    origin: dict[str, object] = {
        "id": example.id,
        "family": example.origin.family,
        "parent": example.origin.parent,
        "language": example.language,
        "source": example.origin.source,
        "licence": example.origin.licence,
    }
    if isinstance(example, Passage):
        return origin | {"text": example.text}
    return origin | {"messages": [{"role": turn.role, "content": turn.text} for turn in messages(example)]}


def _card(folds: Mapping[str, Sequence[Example]], totals: Totals, uses: Sequence[SourceUse], ratio: str) -> str:
    members = [example for fold in folds.values() for example in fold]
    numbers = Counter((fold, example.language) for fold, found in folds.items() for example in found)
    origins = Counter((example.origin.source, example.origin.licence) for example in members)
    rows = [(fold, code, numbers[fold, code], tokens) for fold, row in totals.items() for code, tokens in row.items()]
    trained = [(u.language, u.source, u.tokens, u.learnt_tokens, f"{u.epochs:.2f}") for u in uses]
    return _CARD.format(
        languages=", ".join(sorted({code for row in totals.values() for code in row})),
        tasks=", ".join(sorted({_TASKS[example.kind] for example in members})),
        counts=_table(rows),
        sources=_table([(source, licence, number) for (source, licence), number in sorted(origins.items())]),
        uses=_table(trained),
        ratio=ratio,
    )


def _table(rows: Iterable[Sequence[object]]) -> str:
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
