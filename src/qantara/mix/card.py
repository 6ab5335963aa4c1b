"""The training set as files for people and other tools: JSONL of messages, a dataset card, a manifest with hashes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from qantara.chat import messages
from qantara.provenance import file_hash
from qantara.records import Example, Sample
from qantara.store import write_json, write_jsonl, write_text

Totals = Mapping[str, Mapping[str, int]]

_CARD = """---
language: [{languages}]
task_categories: [question-answering, multiple-choice]
tags: [medical, bilingual, instruction-tuning]
license: other
---

# Bilingual medical instruction data

Made by Qantara from English records by machine translation with checks and review. Research data: not for clinical use. Some or all
source records may be synthetic; the licence column says what applies to each record.

| fold | language | samples | tokens |
|---|---|---|---|
{counts}

Tokens are counted with the tokenizer of the model that is trained, chat template included. Requested ratio by tokens: {ratio}.
Families (a source item, its translation and what is made from them) never stand in both folds.

| source | licence | samples |
|---|---|---|
{sources}

Files and their SHA-256 are in `manifest.json`.
Each line holds `id`, `family`, `parent`, `language`, `source`, `licence` and `messages`.
"""


def export_dataset(
    folder: Path, examples: Mapping[str, Example], samples: Sequence[Sample], totals: Totals, ratio: Mapping[str, float]
) -> None:
    """Write `train.jsonl`, `validation.jsonl`, `README.md` and `manifest.json` (last) into `folder`."""
    folds = {fold: [examples[s.example_id] for s in samples if s.fold == fold] for fold in ("train", "validation")}
    for fold, members in folds.items():
        write_jsonl(folder / f"{fold}.jsonl", (_line(example) for example in members))
    write_text(folder / "README.md", _card(folds, totals, samples, ratio))
    names = ("train.jsonl", "validation.jsonl", "README.md")
    files = {name: {"sha256": file_hash(folder / name), "bytes": (folder / name).stat().st_size} for name in names}
    counts = {fold: len(members) for fold, members in folds.items()}
    write_json(folder / "manifest.json", {"files": files, "samples": counts, "tokens": totals})


def _line(example: Example) -> dict[str, object]:
    return {
        "id": example.id,
        "family": example.origin.family,
        "parent": example.origin.parent,
        "language": example.language,
        "source": example.origin.source,
        "licence": example.origin.licence,
        "messages": [{"role": turn.role, "content": turn.text} for turn in messages(example)],
    }


def _card(
    folds: Mapping[str, Sequence[Example]], totals: Totals, samples: Iterable[Sample], ratio: Mapping[str, float]
) -> str:
    numbers = Counter((sample.fold, sample.language) for sample in samples)
    counts = "\n".join(
        f"| {fold} | {code} | {numbers[fold, code]} | {tokens} |"
        for fold, row in totals.items()
        for code, tokens in row.items()
    )
    origins = Counter((e.origin.source, e.origin.licence) for members in folds.values() for e in members)
    sources = "\n".join(f"| {source} | {licence} | {n} |" for (source, licence), n in sorted(origins.items()))
    languages = ", ".join(sorted({code for row in totals.values() for code in row}))
    return _CARD.format(
        languages=languages,
        counts=counts,
        sources=sources,
        ratio=" : ".join(f"{code} {part:g}" for code, part in ratio.items()),
    )
