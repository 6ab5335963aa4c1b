"""Measures the checks on the written dialogues: what they find of planted and of made faults, and which faultless ones they reject.

Reads `answers.jsonl` and the shipped sample, prints tables for docs/synthesize.md. Made faults: each faultless dialogue with
another option called the right one, with another item's advice, and with one seeded fault of `fidelity.mutate` in its last turn.

    .venv/bin/python recipes/synthesize/measure.py
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from qantara.fidelity.encoders import Encoder, RememberingEncoder, encoder
from qantara.fidelity.mutate import mutate
from qantara.recipe import load
from qantara.records import Choice, Turn, text_fields
from qantara.sources.reading import read
from qantara.synthesis import SynthesisRecipe
from qantara.synthesize.advice import sense_of
from qantara.synthesize.checks import faults_of
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.facts import Said
from qantara.synthesize.forms import Form
from qantara.synthesize.stage import orders
from qantara.synthesize.tags import ROLES, Fault, read_turns

HERE = Path(__file__).parent
KINDS = ("value_x10", "decimal_shifted", "unit_swapped", "number_added", "drug_swapped", "laterality", "antonym")
KINDS += ("negation_dropped", "negation_added", "untranslated_span")


@dataclass(frozen=True)
class Sample:
    """A written dialogue with its item; `fault` is the planted one, "" for none."""

    item: Choice
    form: Form
    turns: tuple[Turn, ...]
    fault: str


@dataclass(frozen=True)
class Bench:
    """What the checks need."""

    config: SynthesizeConfig
    encoder: Encoder

    def reasons(self, sample: Sample, item: Choice | None = None, advice: str = "") -> list[str]:
        """Return the reasons of a dialogue's faults, with another item or another last turn in place of its own."""
        turns = (*sample.turns[:-1], replace(sample.turns[-1], text=advice)) if advice else sample.turns
        return [fault.reason for fault in faults_of(item or sample.item, sample.form, turns, self.config, self.encoder)]


def samples(recipe: SynthesisRecipe) -> Iterator[Sample]:
    """Yield the written dialogues that have turns; where the form is at fault there is nothing to measure."""
    rows = {(r["key"], r["form"]): r for r in map(json.loads, (HERE / "answers.jsonl").open(encoding="utf-8"))}
    direction = (recipe.source_language, recipe.target_language)
    items = [item for source in recipe.sources for item in read(source, HERE, recipe.source_language)]
    for order in orders(items, recipe.synthesize, direction, recipe.seed):
        if not isinstance(order.item, Choice):
            continue
        row = rows[order.item.origin.native_id, "-".join(order.form.languages)]
        if "turns" in row:
            turns = tuple(Turn(role=ROLES[turn["role"]], text=turn["text"]) for turn in row["turns"])
        elif isinstance(told := read_turns(row["answer"]), Fault):
            continue
        else:
            turns = told
        yield Sample(order.item, order.form, turns, row.get("fault", ""))


def comparable_by(sample: Sample) -> str:
    """Return what the right answer can be compared by in this dialogue."""
    if sense_of(sample.item) != "plain":
        return "asks what is not so"
    right = Said(sample.item.options[sample.item.answer_index], sample.item.language)
    if right.drugs or right.quantities:
        return "drugs or numbers"
    if any(cue.startswith("antonym left_right:") for cue in right.cues):
        return "a side of the body"
    return "words, same language" if sample.form.last == sample.item.language else "words, other language"


def relabelled(bench: Bench, faultless: list[Sample]) -> dict[str, Counter[str]]:
    """Return how often a dialogue is rejected for its advice when another option is called right, by what can be compared."""
    found: dict[str, Counter[str]] = {}
    for sample in faultless:
        counts = found.setdefault(comparable_by(sample), Counter())
        for i in range(len(sample.item.options)):
            if i != sample.item.answer_index:
                reasons = bench.reasons(sample, replace(sample.item, answer_index=i))
                counts["made"] += 1
                counts["found"] += any(reason.startswith("answer.") for reason in reasons)
    return found


def main() -> None:
    """Print the tables."""
    recipe = load(HERE.parent / "synthesize.yaml", SynthesisRecipe)
    bench = Bench(recipe.synthesize, RememberingEncoder(encoder()))
    every = list(samples(recipe))
    faultless = [sample for sample in every if not sample.fault]
    out = [f"{len(every)} dialogues with turns, {len(faultless)} without a planted fault"]
    kept = [sample for sample in faultless if not bench.reasons(sample)]
    out.append(f"faultless ones rejected: {len(faultless) - len(kept)}")
    planted = [sample for sample in every if sample.fault]
    out.append(f"planted faults found: {sum(bool(bench.reasons(sample)) for sample in planted)} of {len(planted)}")
    out.append("another option is called right, by what the answer can be compared by:")
    for name, counts in sorted(relabelled(bench, kept).items()):
        out.append(f"  {name:24} {counts['found']:>4} of {counts['made']:>4}")
    others = [(a, b) for a in kept for b in kept if a.item.id != b.item.id and a.form == b.form]
    num_found = sum(bool(bench.reasons(a, advice=b.turns[-1].text)) for a, b in others)
    out.append(f"another item's advice: {num_found} of {len(others)} found")
    out.append("one made fault in the last turn:")
    for kind in KINDS:
        found, made = 0, 0
        for number, sample in enumerate(kept):
            if kind == "untranslated_span" and sample.form.last == sample.item.language:
                continue
            source, codes = "\n".join(text_fields(sample.item).values()), (sample.item.language, sample.form.last)
            mutation = mutate(source, sample.turns[-1].text, kind, seed=number, languages=codes)
            if mutation is not None:
                made += 1
                found += bool(bench.reasons(sample, advice=str(mutation.target)))
        out.append(f"  {kind:24} {found:>4} of {made:>4}")
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
