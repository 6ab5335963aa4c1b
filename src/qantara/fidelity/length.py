"""Compares the length in characters of a text and its translation: text that was dropped, added or repeated.

Bounds are data (`lexicons/length_bounds.tsv`: quantiles of human translations, by length of the source). A pair of languages
without bounds is not checked. An empty translation is a matter of `structure`.
"""

from itertools import takewhile

from qantara.fidelity.lexicon import rows
from qantara.fidelity.text_pair import TextPair
from qantara.records import Finding, Severity


def length_findings(pair: TextPair) -> list[Finding]:
    """Return a finding when the ratio of lengths (target to source, in characters) is outside of what people write."""
    num_source, num_target = len(pair.source.strip()), len(pair.target.strip())
    bounds = bounds_of(num_source, pair.source_language, pair.target_language)
    if not num_source or not num_target or not bounds:
        return []
    ratio = num_target / num_source
    fail_below, warn_below, warn_above, fail_above = bounds
    if warn_below <= ratio <= warn_above:
        return []
    severity: Severity = "warn" if fail_below <= ratio <= fail_above else "fail"
    rule, message = "length.short", "was something left out?"
    if ratio > warn_above:
        rule, message = "length.long", "was something added or repeated?"
    return [
        pair.finding(rule, severity, f"the translation has {ratio:.2f} times the characters of the source: {message}")
    ]


def bounds_of(num_characters: int, source_language: str, target_language: str) -> tuple[float, ...]:
    """Return the ratios (fail below, warn below, warn above, fail above) for a source of this length; () if there are none."""
    pair = (source_language, target_language)
    ours = [row for row in rows("length_bounds") if (row["source"], row["target"]) == pair]
    reached = list(takewhile(lambda row: int(row["from_characters"]) <= num_characters, ours))
    if not reached:
        return ()
    return tuple(float(reached[-1][name]) for name in ("fail_below", "warn_below", "warn_above", "fail_above"))
