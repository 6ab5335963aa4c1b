"""How far `qantara calibrate` can be trusted: simulated runs whose errors are all known, reviewed as a run would be.

A record has a major error with chance `rate`; a hidden doubt, higher by `signal` standard deviations for wrong records, gives its
score. The most doubted share `doubt` goes to people whole, a third of it with a fail; of the rest `audit` is drawn. Printed: how
often the intervals hold the truth of the whole run; how often a threshold is found, and misses the aim on what it accepts; and what
share goes to people (all of it without a threshold) beside an oracle that knows every error. "plain" is the stratified bootstrap
without smoothing, for comparison.
"""

import argparse
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qantara.review.agreement import Scored, auc
from qantara.review.calibration import Aim, Item, Report, calibrate


class World(NamedTuple):
    """One kind of run; shares 0..1, `signal` in standard deviations."""

    name: str
    size: int
    rate: float
    signal: float
    doubt: float = 0.1
    audit: float = 0.05


class Simulated(NamedTuple):
    """One run with the truth of every record."""

    scores: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    doubted: NDArray[np.bool_]
    drawn: NDArray[np.bool_]


class Outcome(NamedTuple):
    """What one simulated run showed; `found` tells whether there was a threshold, `broken` whether it missed the aim."""

    auc_held: bool
    plain_held: bool
    rate_held: bool
    found: bool
    broken: bool
    plain_broken: bool
    review_share: float
    oracle_share: float


WORLDS = (
    World("good score", 20_000, 0.05, 2.0),
    World("good score, few errors", 20_000, 0.02, 2.0),
    World("very good score", 20_000, 0.05, 3.0),
    World("weak score", 20_000, 0.03, 1.0, doubt=0.2),
    World("useless score, too many errors", 20_000, 0.05, 0.0),
    World("useless score, just too many", 20_000, 0.022, 0.0),
    World("good score, much doubt", 20_000, 0.05, 2.0, doubt=0.3),
    World("small run", 2_000, 0.03, 2.0, audit=0.2),
    World("small run, small audit", 2_000, 0.02, 2.0, audit=0.1),
)


def simulate(world: World, rng: np.random.Generator) -> Simulated:
    """Return one run."""
    wrong = rng.random(world.size) < world.rate
    doubt = rng.normal(size=world.size) + world.signal * wrong
    line, fail_line = np.quantile(doubt, [1 - world.doubt, 1 - world.doubt / 3])
    remarks = np.clip(np.floor((doubt - line + 1.5) / 0.4), 0, 5)
    warned = np.clip(np.floor((doubt - line) / 0.3), 0, 10)
    scores = np.where(doubt < line, 100 - 2 * remarks, 80 - 4 * warned) - 20 * (doubt >= fail_line)
    drawn = (doubt >= line) | (rng.random(world.size) < world.audit)
    return Simulated(scores.astype(np.int64), wrong, doubt >= fail_line, doubt >= line, drawn)


def items_of(run: Simulated) -> list[Item]:
    """Return the run as calibration sees it: only what people looked at is known."""
    columns = (column.tolist() for column in run)
    return [
        Item(
            kind="answer",
            score=score,
            judge_score=None,
            can_pass=not failed,
            doubted=doubted,
            drawn=drawn,
            error=("major" if wrong else "none") if drawn else None,
        )
        for score, wrong, failed, doubted, drawn in zip(*columns, strict=True)
    ]


def truth(run: Simulated) -> float:
    """Return the AUC over the whole run."""
    strata = [Scored(run.scores.tolist(), run.wrong.tolist(), len(run.scores))]
    return auc(strata, 0.95, 0).value or 0.0


def plain_bootstrap(run: Simulated, rng: np.random.Generator, rounds: int = 400) -> tuple[float, float]:
    """Return the 95 % interval of the AUC by resampling the decided records of each stratum, weights kept."""
    levels = np.unique(run.scores)
    total = np.zeros((rounds, 2, len(levels)))
    for stratum in (run.doubted, ~run.doubted):
        seen = stratum & run.drawn
        places = np.searchsorted(levels, run.scores[seen])
        wrong = run.wrong[seen]
        counts = np.stack([np.bincount(places[chosen], minlength=len(levels)) for chosen in (~wrong, wrong)])
        share = (counts / counts.sum()).ravel()
        total += rng.multinomial(seen.sum(), share, size=rounds).reshape(total.shape) * (stratum.sum() / seen.sum())
    right, wrong_ones = total[:, 0], total[:, 1]
    above = right.sum(axis=1, keepdims=True) - np.cumsum(right, axis=1)
    values = (wrong_ones * (above + right / 2)).sum(axis=1) / (right.sum(axis=1) * wrong_ones.sum(axis=1))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def plain_threshold(run: Simulated, aim: Aim, rng: np.random.Generator) -> int | None:
    """Return the threshold that an upper bound by a plain stratified bootstrap would choose."""
    chosen = None
    for threshold in np.unique(run.scores[~run.failed])[::-1].tolist():
        accepted = ~run.failed & (run.scores >= threshold)
        rates = np.zeros(400)
        for stratum in (accepted & run.doubted, accepted & ~run.doubted):
            seen = stratum & run.drawn
            if stratum.any():
                share = run.wrong[seen].mean() if seen.any() else 1.0
                rates += (
                    stratum.sum() / accepted.sum() * rng.binomial(max(1, seen.sum()), share, 400) / max(1, seen.sum())
                )
        if np.quantile(rates, aim.confidence) <= aim.error_rate:
            chosen = threshold
    return chosen


def misses(run: Simulated, threshold: int | None, error_rate: float) -> bool:
    """Tell whether a threshold accepts more errors than the aim allows."""
    return threshold is not None and run.wrong[~run.failed & (run.scores >= threshold)].mean() > error_rate


def oracle_share(run: Simulated, error_rate: float) -> float:
    """Return the least share to people that keeps the aim, every error known; 1 when no threshold does."""
    shares = [1.0]
    for threshold in np.unique(run.scores[~run.failed]).tolist():
        accepted = ~run.failed & (run.scores >= threshold)
        if run.wrong[accepted].mean() <= error_rate:
            shares.append(float(1 - accepted.mean()))
    return min(shares)


def outcome(run: Simulated, report: Report, aim: Aim, rng: np.random.Generator) -> Outcome:
    """Compare a report with the truth."""
    found = report.calibration
    low, high = plain_bootstrap(run, rng)
    real_auc, real_rate = truth(run), float(run.wrong[~run.doubted].mean())
    return Outcome(
        auc_held=found.auc_low <= real_auc <= found.auc_high,
        plain_held=low <= real_auc <= high,
        rate_held=found.accepted_error_low <= real_rate <= found.accepted_error_high,
        found=found.threshold is not None,
        broken=misses(run, found.threshold, aim.error_rate),
        plain_broken=misses(run, plain_threshold(run, aim, rng), aim.error_rate),
        review_share=1.0 if found.review_share is None else found.review_share,
        oracle_share=oracle_share(run, aim.error_rate),
    )


def main() -> None:
    """Print one line a world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--error-rate", type=float, default=0.02)
    parser.add_argument("--confidence", type=float, default=0.95)
    arguments = parser.parse_args()
    aim = Aim(error_rate=arguments.error_rate, confidence=arguments.confidence)
    print(
        f"{arguments.runs} runs each, at most {aim.error_rate:.1%} major errors, confidence {aim.confidence:.0%}; percent"
    )
    print(f"{'':31}{'interval holds':>22}{'':5}{'threshold':^26}{'to people':>18}")
    names = ("AUC", "plain", "rate", "found", "misses", "plain misses", "ours", "oracle")
    print(f"{'':31}" + "".join(f"{name:>{7 if name != 'plain misses' else 14}}" for name in names))
    for world in WORLDS:
        rng, began = np.random.default_rng(1), time.monotonic()
        outcomes = []
        for _ in range(arguments.runs):
            run = simulate(world, rng)
            report = calibrate(items_of(run), 0, aim, "simulated", "2026-01-01")
            outcomes.append(outcome(run, report, aim, rng))
        means = 100 * np.array(outcomes, dtype=float).mean(axis=0)
        widths = (7, 7, 7, 7, 7, 14, 7, 7)
        cells = "".join(f"{mean:>{width}.1f}" for mean, width in zip(means, widths, strict=True))
        print(f"{world.name:31}{cells}   ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
