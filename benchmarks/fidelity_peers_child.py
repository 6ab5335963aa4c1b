"""Run three existing number checkers on pairs; only for the interpreter of the throw-away environment of `fidelity_peers.py`.

Reads JSONL {"id", "source", "target"} on stdin; writes one line {"seconds": {checker: seconds}} and then one line a pair,
{"id", checker: "accept" | "reject"}. Only the number rule of each checker runs, none of its other filters.
"""

import json
import sys
import time
from collections.abc import Callable
from unittest.mock import MagicMock

Checker = Callable[[str, str], bool]


def opusfilter() -> Checker:
    """Return the NonZeroNumerals filter at its default threshold: similarity of the digits 1 to 9 at least 0.5."""
    from opusfilter.filters import NonZeroNumeralsFilter  # noqa: PLC0415

    numerals = NonZeroNumeralsFilter(threshold=0.5)
    return lambda source, target: bool(next(numerals.decisions([(source, target)])))


def bicleaner() -> Checker:
    """Return the number rule: the same Western digits, in any order; it reads no state of its class."""
    sys.modules |= {
        "fastspell": MagicMock(),
        "kenlm": MagicMock(),
    }  # costly to build, imported at its top, not called by the rule
    from hardrules.hardrules import Hardrules  # noqa: PLC0415

    return lambda source, target: bool(Hardrules.c_no_number_inconsistencies(None, source, target))


def translate_toolkit() -> Checker:
    """Return the `numbers` check for Arabic: every number of the source as often in the target;
    it turns Arabic digits into Western ones on the source side only."""
    from translate.filters.checks import CheckerConfig, FilterFailure, StandardChecker  # noqa: PLC0415

    checker = StandardChecker(checkerconfig=CheckerConfig(targetlanguage="ar"))

    def accepts(source: str, target: str) -> bool:
        try:
            return bool(checker.numbers(source, target))
        except FilterFailure:
            return False

    return accepts


def main() -> None:
    """Run each checker over every pair, timed apart from its imports."""
    pairs = [json.loads(line) for line in sys.stdin]
    verdicts: list[dict[str, str]] = [{"id": pair["id"]} for pair in pairs]
    seconds: dict[str, float] = {}
    for load in (opusfilter, bicleaner, translate_toolkit):
        accepts = load()
        started = time.perf_counter()
        for pair, verdict in zip(pairs, verdicts, strict=True):
            verdict[load.__name__] = "accept" if accepts(pair["source"], pair["target"]) else "reject"
        seconds[load.__name__] = time.perf_counter() - started
    for line in ({"seconds": seconds}, *verdicts):
        print(json.dumps(line))


if __name__ == "__main__":
    main()
