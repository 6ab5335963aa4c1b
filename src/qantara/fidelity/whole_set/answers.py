"""What a set's multiple-choice items have in common: where the right answer stands, and whether it is the longest option.

Counts only, so two shards add up. A model can score on such a set without reading it, and a translation that makes right answers
longer makes that easier.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from qantara.fidelity.whole_set.pair import ObservedPair, SetFinding
from qantara.intervals import wilson

_LEAST_ITEMS = 50
_SIGNIFICANT = 0.001
_SMALL_EFFECT = 0.1  # Cohen's w: 0.1 is small (Cohen 1988)
_FAR_ABOVE_CHANCE = 1.3
_LEAST_RISE = 0.03


@dataclass(slots=True)
class AnswerCounts:
    """How often each position is right (by number of options), and how often the right option is the longest (by side)."""

    positions: Counter[tuple[int, int]] = field(default_factory=Counter)
    longest: Counter[tuple[bool, bool]] = field(default_factory=Counter)  # (in the source, in the target)
    expected_longest: float = 0.0

    def observe(self, pair: ObservedPair) -> None:
        """Take in a pair; what is no well-formed multiple-choice item is passed over."""
        if pair.answer_index is None or not 0 <= pair.answer_index < pair.num_options:
            return
        self.positions[pair.num_options, pair.answer_index] += 1
        sides = (pair.source, pair.target)
        source, target = (_is_longest(side, pair.answer_index, pair.num_options) for side in sides)
        self.longest[source, target] += 1
        self.expected_longest += 1 / pair.num_options

    def merge(self, other: "AnswerCounts") -> None:
        """Add another shard's counts."""
        self.positions += other.positions
        self.longest += other.longest
        self.expected_longest += other.expected_longest

    def findings(self) -> list[SetFinding]:
        """Return the findings about the key and about the longest option; none for fewer than 50 items."""
        sizes = sorted({num_options for num_options, _ in self.positions if num_options > 1})
        skews = [self._skew(num_options) for num_options in sizes]
        found = [finding for finding in skews if finding]
        if sum(self.longest.values()) >= _LEAST_ITEMS:
            found.append(self._longest_option())
        return found

    def _skew(self, num_options: int) -> SetFinding | None:
        counts = [self.positions[num_options, position] for position in range(num_options)]
        total = sum(counts)
        if total < max(_LEAST_ITEMS, 5 * num_options):
            return None
        expected = total / num_options
        statistic = sum((count - expected) ** 2 for count in counts) / expected
        p_value = chi_square_p(statistic, num_options - 1)
        effect = math.sqrt(statistic / total)
        skewed = p_value < _SIGNIFICANT and effect >= _SMALL_EFFECT
        shares = {f"share_{position}": count / total for position, count in enumerate(counts)}
        listed = ", ".join(f"{100 * share:.1f} %" for share in shares.values())
        return SetFinding(
            rule="set.answer_key_skew",
            severity="warn" if skewed else "info",
            message=f"Right answers of the {total} items with {num_options} options stand at {listed}, in order"
            + (": the key is skewed, so guessing one position pays" if skewed else ""),
            figures={"num_items": total, "num_options": num_options, "chi_square": statistic, "p_value": p_value}
            | {"effect_w": effect}
            | shares,
        )

    def _longest_option(self) -> SetFinding:
        total = sum(self.longest.values())
        source = wilson(sum(count for (before, _), count in self.longest.items() if before), total)
        target = wilson(sum(count for (_, after), count in self.longest.items() if after), total)
        chance = self.expected_longest / total
        gained, lost = self.longest[False, True], self.longest[True, False]
        p_value = chi_square_p(max(0, abs(gained - lost) - 1) ** 2 / (gained + lost), 1) if gained + lost else 1.0
        biased = target.low > _FAR_ABOVE_CHANCE * chance
        rose = p_value < _SIGNIFICANT and target.value - source.value >= _LEAST_RISE
        reasons = [" far above chance"] * biased + [" more often than in the source"] * rose
        return SetFinding(
            rule="set.longest_option",
            severity="warn" if reasons else "info",
            message=f"The right answer is the longest option in {100 * source.value:.1f} % of {total} sources and in "
            f"{100 * target.value:.1f} % of the targets ({100 * target.low:.1f}-{100 * target.high:.1f} %); chance is "
            f"{100 * chance:.1f} %" + ("." if not reasons else ":" + " and".join(reasons)),
            figures=_longest_figures(source.value, target, chance) | {"p_value_of_rise": p_value, "num_items": total},
        )


def chi_square_p(statistic: float, degrees: int) -> float:
    """Return P(X >= statistic) for chi-square with `degrees` >= 1, by the finite sums for even and odd degrees.

    Abramowitz and Stegun 1964, 26.4.4 and 26.4.5.
    """
    half = statistic / 2
    if degrees % 2 == 0:
        terms = [1.0]
        for i in range(1, degrees // 2):
            terms.append(terms[-1] * half / i)
        return min(1.0, math.exp(-half) * sum(terms))
    term, total = math.sqrt(statistic), 0.0
    for i in range(1, degrees, 2):
        total += term
        term *= statistic / (i + 2)
    return min(1.0, math.erfc(math.sqrt(half)) + math.sqrt(2 / math.pi) * math.exp(-half) * total)


def _is_longest(fields: Mapping[str, str], answer_index: int, num_options: int) -> bool:
    """Tell whether the right option is longer, in characters, than every other."""
    lengths = [len(fields.get(f"options/{i}", "")) for i in range(num_options)]
    right = lengths.pop(answer_index)
    return right > max(lengths, default=right)


def _longest_figures(source: float, target: tuple[int, int, float, float, float], chance: float) -> dict[str, float]:
    _, _, share, low, high = target
    return {"source_share": source, "target_share": share, "target_low": low, "target_high": high, "chance": chance}
