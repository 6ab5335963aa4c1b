"""Speed and false alarms of the fidelity checks on clean pairs: JSONL with an `id`, an `en` and an `ar` text a line.

Prints the share of pairs with a fail or a warn, by rule, and pairs per second on one core; `--show` prints the pairs that fail.
Human translations hold a few real errors, so a share of 0 is not the aim.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from qantara.fidelity.check import check
from qantara.records import Answer, Example, Finding, Origin, with_id, worst


def record(row: dict[str, str], language: str) -> Example:
    """Return one side of a pair as a record."""
    origin = Origin(source="pairs", native_id=row["id"])
    return with_id(Answer(id="", language=language, origin=origin, question="", answer=row[language]))


def main() -> None:
    """Check every pair of --data and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.data.read_text(encoding="utf-8").splitlines()]
    pairs = [(record(row, "en"), record(row, "ar")) for row in rows]
    started = time.perf_counter()
    results: list[tuple[Finding, ...]] = [check(source, target) for source, target in pairs]
    seconds = time.perf_counter() - started
    verdicts = Counter(worst(found) for found in results)
    rules = Counter(key for found in results for key in {(finding.severity, finding.rule) for finding in found})
    print(f"{len(pairs)} pairs, {len(pairs) / seconds:.0f} pairs per second on one core")
    for verdict in ("fail", "warn", "pass"):
        print(f"{verdict:5} {verdicts[verdict]:6} {verdicts[verdict] / len(pairs):8.2%}")
    for (severity, rule), count in sorted(rules.items()):
        print(f"  {severity:5} {rule:28} {count:5} {count / len(pairs):8.2%}")
    if arguments.show:
        for row, found in zip(rows, results, strict=True):
            for finding in found:
                if finding.severity == "fail":
                    print(f"\n{finding.rule}: {finding.message}\n  {row['en']}\n  {row['ar']}")


if __name__ == "__main__":
    main()
