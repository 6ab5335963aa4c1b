"""What the rules on a set as a whole find in real data: a prompt's example that leaked into many targets, and human translations.

`--mmlu` is JSONL with `question_en`, `choices_en`, `question_ar`, `choices_ar` (the Arabic medical MMLU). Its leaked example tells
of "IP", which is how this script, and not the rules, knows the rows. `--pairs` is JSONL of human translations with `en` and
`ar`, where every failure is a false alarm.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from qantara.fidelity.whole_set import ObservedPair, WholeSet

SHARED_TARGET = "set.shared_target"


def pair_of(number: int, source: Mapping[str, str], target: Mapping[str, str]) -> ObservedPair:
    """Return an English-Arabic pair with its place in the set."""
    return ObservedPair(number=number, source=source, target=target, source_language="en", target_language="ar")


def question(row: Mapping, code: str) -> dict[str, str]:
    """Return one side of a question as fields."""
    options = {f"options/{i}": text for i, text in enumerate(row[f"choices_{code}"])}
    return {"question": row[f"question_{code}"]} | options


def rules_by_pair(pairs: list[ObservedPair]) -> dict[int, set[tuple[str, str]]]:
    """Return severity and rule of the findings of each pair that has any."""
    whole = WholeSet()
    for pair in pairs:
        whole.observe(pair)
    found = whole.findings(pairs).by_pair
    return {number: {(finding.severity, finding.rule) for finding in these} for number, these in found.items()}


def rows_of(path: Path) -> list[dict]:
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mmlu", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    arguments = parser.parse_args()
    pairs = [pair_of(i, question(row, "en"), question(row, "ar")) for i, row in enumerate(rows_of(arguments.mmlu))]
    leaked = {pair.number for pair in pairs if "IP" in pair.target["question"] and "IP" not in pair.source["question"]}
    shared = {i for i, rules in rules_by_pair(pairs).items() if SHARED_TARGET in {rule for _, rule in rules}}
    num_found = len(leaked & shared)
    print(
        f"{len(pairs)} questions, the leaked example: {num_found} of {len(leaked)} found, {len(shared - leaked)} others"
    )
    pairs = [pair_of(i, {"text": row["en"]}, {"text": row["ar"]}) for i, row in enumerate(rows_of(arguments.pairs))]
    found = rules_by_pair(pairs)
    failed = sum(any(severity == "fail" for severity, _ in rules) for rules in found.values())
    print(f"{len(pairs)} human translations: {failed} with a fail, {len(found)} with a finding")


if __name__ == "__main__":
    main()
