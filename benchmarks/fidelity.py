"""Recall of the fidelity checks by kind of fault, their false alarms and their speed; prints one table a set, writes JSON.

Sets: `--pairs FILE` (JSONL with `en` and `ar`, or `source` and `target`), `--sample` (the shipped items with the right translations
of the recording, and the benchmark's items), `--doses` (`fidelity_doses.jsonl`: synthetic, two drugs and two amounts each),
`--stems` (`fidelity_stems.jsonl`: synthetic, questions asked with EXCEPT, NOT or LEAST; ratios and sides of the body),
`--french` (`fidelity_french.jsonl`: synthetic, English to French). The last two were written without looking at the rules.
Faults are made by `qantara.fidelity.mutate`. Pairs are taken for right: the few real faults that they hold count as false alarms.
"""

import argparse
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

from qantara.fidelity.encoders import encoder
from qantara.fidelity.meaning import MeaningRules
from qantara.fidelity.mutate import KINDS
from qantara.fidelity.self_test import FEW_PLACES, Check, SelfTest, Side, checks, self_test
from qantara.intervals import Share
from qantara.records import Answer, Choice, Dialogue, Example, Origin, Turn, text_fields

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "src" / "qantara" / "sources" / "sample"
LANGUAGES = ("en", "ar")
LANGUAGES_OF = {"french": ("en", "fr")}  # of the sets that are not in LANGUAGES
SYNTHETIC = {
    "doses": "the synthetic sentences with doses",
    "stems": "the synthetic questions asked with EXCEPT, NOT or LEAST, and sentences with ratios and sides of the body",
    "french": "the synthetic French sentences",
}
PAIR_CHARACTERS = 890  # at most; on average about 850

Pairs = list[tuple[Side, Side]]


def rows_of(path: Path) -> list[dict]:
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def text_pairs(path: Path, languages: tuple[str, str] = LANGUAGES) -> Pairs:
    """Return the pairs of texts of a file."""
    source, target = languages
    return [(row.get(source, row.get("source", "")), row.get(target, row.get("target", ""))) for row in rows_of(path)]


def synthetic_pairs(name: str) -> Pairs:
    """Return the pairs of a synthetic set: of records where an item has options, else of texts."""
    path = Path(__file__).with_name(f"fidelity_{name}.jsonl")
    texts = text_pairs(path, LANGUAGES_OF.get(name, LANGUAGES))
    return [
        choice_pair(row) if row.get("kind") == "choice" else pair
        for row, pair in zip(rows_of(path), texts, strict=True)
    ]


def choice_pair(row: dict) -> tuple[Example, Example]:
    """Return both sides of a multiple-choice item that has its texts by language."""
    key = {"kind": "choice", "key": row["id"], "answer_index": row["answer_index"]}
    return record(key, row["en"], "en"), record(key, row["ar"], "ar")


def joined(pairs: Pairs, num_characters: int) -> Pairs:
    """Return neighbors put together as long as a source stays under `num_characters`, and those pairs that come near it."""
    made: Pairs = []
    sources: list[str] = []
    targets: list[str] = []
    for source, target in pairs:
        if sources and sum(map(len, sources)) + len(str(source)) > num_characters:
            made.append((" ".join(sources), " ".join(targets)))
            sources, targets = [], []
        sources.append(str(source))
        targets.append(str(target))
    return [pair for pair in made if len(str(pair[0])) >= 0.9 * num_characters]


def sample_pairs() -> Pairs:
    """Return the shipped training items with the right translations that the recording has, and the benchmark's items."""
    answers = {row["key"]: row["translation"] for row in rows_of(ROOT / "recipes" / "demo" / "answers.jsonl")}
    pairs: Pairs = []
    for row in rows_of(SAMPLE / "items.jsonl"):
        if row["key"] in answers:
            pairs.append((record(row, row, "en"), record(row, answers[row["key"]], "ar")))
    return pairs + [choice_pair(row) for row in rows_of(SAMPLE / "benchmark.jsonl")]


def record(row: Mapping, texts: Mapping, language: str) -> Example:
    """Return one side of an item of the sample."""
    start = {"id": row["key"], "language": language, "origin": Origin(source="sample", native_id=row["key"])}
    if row["kind"] == "choice":
        options, explanation = tuple(texts["options"]), texts.get("explanation", "")
        question, answer_index = texts["question"], row["answer_index"]
        return Choice(**start, question=question, options=options, answer_index=answer_index, explanation=explanation)
    if row["kind"] == "answer":
        return Answer(**start, question=texts["question"], answer=texts["answer"], context=texts.get("context", ""))
    roles = [turn["role"] for turn in row["turns"]]
    said = [turn if isinstance(turn, str) else turn["text"] for turn in texts["turns"]]
    return Dialogue(**start, turns=tuple(Turn(role=role, text=text) for role, text in zip(roles, said, strict=True)))


def fields(side: Side) -> dict[str, str]:
    """Return the texts of a pair's side by field name."""
    return {"text": side} if isinstance(side, str) else text_fields(side)


def percent(share: Share) -> str:
    """Return a share with its interval, in percent."""
    return f"{share.value:6.1%} ({share.low:5.1%} to {share.high:6.1%})" if share.total else "     -"


def table(name: str, result: SelfTest) -> Iterator[str]:
    """Yield the lines of the table of one set."""
    yield f"\n{name}: {result.num_pairs} pairs"
    yield f"  {'fault':20} {'places':>6}  {'found as fail':26} {'as fail or warn':26}"
    for row in result.kinds:
        few = f"  fewer than {FEW_PLACES} places" if row.has_few_places else ""
        yield f"  {row.kind:20} {row.num_places:6}  {percent(row.fail):26} {percent(row.fail_or_warn):26}{few}"
    yield f"  {'false alarms':20} {result.num_pairs:6}  {percent(result.fail):26} {percent(result.fail_or_warn):26}"
    for (severity, rule), count in result.alarms.items():
        yield f"    {severity:5} {rule:28} {count:5} {count / result.num_pairs:7.2%}"


def shown(name: str, pairs: Pairs, result: SelfTest) -> Iterator[str]:
    """Yield the faults of a set that were not found as a failure, for reading."""
    for row in result.kinds:
        for missed in row.missed:
            made, source = missed.mutation, pairs[missed.pair][0]
            found = ", ".join(f"{finding.severity} {finding.rule}" for finding in missed.findings)
            yield f"\n{name} {row.kind} pair {missed.pair} {made.field}: [{made.before}] -> [{made.after}] {found}"
            yield f"  {fields(source).get(made.field, '')}\n  {fields(made.target).get(made.field, '')}"


def alarms(name: str, pairs: Pairs, chosen: Check) -> Iterator[str]:
    """Yield what is found in the pairs as they stand, for reading."""
    for i, (source, target) in enumerate(pairs):
        for finding in chosen(source, target):
            if finding.severity != "info":
                before, after = fields(source).get(finding.field, ""), fields(target).get(finding.field, "")
                yield f"\n{name} {i} {finding.severity} {finding.rule} {finding.field}: {finding.message}\n  {before}\n  {after}"


def pairs_per_second(pairs: Pairs, chosen: Callable[[Side, Side], object], rounds: int = 5) -> float:
    """Return how many pairs a core checks in a second of its own time: the best of some rounds, after one that fills the caches."""
    best = math.inf
    for _ in range(rounds + 1):
        started = time.process_time()
        for source, target in pairs:
            chosen(source, target)
        best = min(best, time.process_time() - started)
    return len(pairs) / best


def as_data(name: str, result: SelfTest) -> dict:
    """Return the figures of a set as `docs/fidelity.md` takes them: shares from 0 to 1."""
    return {
        "name": name,
        "num_pairs": result.num_pairs,
        "false_alarms": {"fail": result.fail.value, "fail_or_warn": result.fail_or_warn.value},
        "kinds": [
            {
                "kind": row.kind,
                "num": row.num_places,
                "fail": row.fail.value,
                "fail_or_warn": row.fail_or_warn.value,
            }
            for row in result.kinds
            if row.num_places
        ],
    }


def machine() -> str:
    """Return what the figures were measured on, in words."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}, Python {platform.python_version()}"


def main() -> None:
    """Measure the sets that were asked for and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, help="JSONL of text pairs")
    parser.add_argument("--sample", action="store_true", help="the shipped sample")
    for name, contents in SYNTHETIC.items():
        parser.add_argument(f"--{name}", action="store_true", help=contents)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-kind", type=int, default=300, metavar="N")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, metavar="KIND")
    parser.add_argument("--meaning", action="store_true", help="compare meanings too, with the embedded encoder")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--show", metavar="KIND", help="print the missed faults of a kind, or `alarms`")
    arguments = parser.parse_args()
    sets: dict[str, Pairs] = {}
    if arguments.pairs:
        sets[arguments.pairs.stem] = text_pairs(arguments.pairs)
    if arguments.sample:
        sets["sample"] = sample_pairs()
    sets |= {name: synthetic_pairs(name) for name in SYNTHETIC if getattr(arguments, name)}
    if not sets:
        parser.error("give --pairs, --sample or a synthetic set")
    figures: dict = {"date": date.today().isoformat(), "machine": machine(), "sets": []}  # noqa: DTZ011
    for name, pairs in sets.items():
        languages = LANGUAGES_OF.get(name, LANGUAGES)
        chosen = checks(pairs, languages, MeaningRules(encoder(), languages) if arguments.meaning else None)
        if arguments.show == "alarms":
            print("\n".join(alarms(name, pairs, chosen)))
            continue
        kinds = [arguments.show] if arguments.show else arguments.kinds
        result = self_test(
            pairs, chosen, seed=arguments.seed, per_kind=arguments.per_kind, languages=languages, kinds=kinds
        )
        print("\n".join(table(name, result)))
        figures["sets"].append(as_data(name, result))
        if arguments.show:
            print("\n".join(shown(name, pairs, result)))
    if arguments.pairs and not arguments.show:
        long = joined(sets[arguments.pairs.stem], PAIR_CHARACTERS)
        speed = pairs_per_second(long, checks(long, LANGUAGES))
        mean = sum(len(str(source)) for source, _ in long) / len(long)
        print(
            f"\nrules: {speed:,.0f} pairs a second on one core ({len(long)} pairs, sources of {mean:.0f} characters on average)"
        )
        figures["pairs_per_second"] = speed
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
