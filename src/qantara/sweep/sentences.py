"""A sweep's findings in plain sentences, for page and terminal: what changed with the ratio, and what can't be told from noise."""

from collections.abc import Mapping, Sequence
from typing import Any

from qantara.intervals import wilson
from qantara.languages import language
from qantara.pages.formatting import count, listing, percent, plural, points

Json = Mapping[str, Any]
_MOST_LISTED = 8
_KINDS = {"accuracy": "accuracy", "loss": "validation loss"}


def sentences(results: Json) -> list[str]:
    """Return what is to be known first, most important first; never fewer than one sentence."""
    if not results["arms"]:
        return [*_failed(results), "No arm has come to its end: there is nothing to tell."]
    return [
        *_failed(results),
        *_differences(results),
        *_forgetting(results),
        *_diverged(results),
        *_item_noise(results),
    ]


def measure_name(row: Json) -> str:
    """Return a row's measure in words: "Arabic validation loss"."""
    return f"{language(row['language']).name} {_KINDS[row['kind']]}"


def signed(row: Json, value: float | None) -> str:
    """Return a difference with its sign: percentage points of accuracy, nats a token of loss."""
    if value is None:
        return "not known"
    if row["kind"] == "accuracy":
        return f"{points(value)} points"
    text = f"{value:+.3f}"
    return "0.000" if text in {"+0.000", "-0.000"} else text.replace("-", "\u2212")


def between(row: Json) -> str:
    """Return the interval of a difference: "+0.3 to +4.9 points"."""
    return f"{signed(row, row['low']).removesuffix(' points')} to {signed(row, row['high'])}"


def share_text(share: float) -> str:
    """Return a share 0..1 as percent, with a decimal where it needs one."""
    return f"{100 * share:.3g}%"


def at_rate(results: Json, row: Json) -> str:
    """Return at which learning rate a row is, where there are several."""
    return f" (learning rate {row['learning_rate']:g})" if len(learning_rates(results)) > 1 else ""


def learning_rates(results: Json) -> list[float]:
    """Return the learning rates that were tried."""
    return sorted({arm["learning_rate"] for arm in results["arms"]})


def _differences(results: Json) -> list[str]:
    rows = results["comparisons"]
    tested = [row for row in rows if row["p_value"] is not None]
    if len(results["seeds"]) < 2:
        return ["There was one seed: there are no intervals, and no difference can be told from noise."]
    if not tested:
        return [
            "No two ratios could be compared: that takes two with two seeds in common, and some spread between seeds."
        ]
    shown = sorted((row for row in tested if row["larger_than_noise"]), key=lambda row: row["adjusted_p_value"])
    how_many = f"{count(len(shown))} {'is' if len(shown) == 1 else 'are'}" if shown else "none is"
    lines = [f"{_tests(results, tested, len(rows))}: {how_many} larger than noise."]
    lines += [_told(results, row) for row in shown[:_MOST_LISTED]]
    more = len(shown) - _MOST_LISTED
    return [*lines, *([f"{plural(more, 'more is', 'more are')} in the table."] if more > 0 else [])]


def _tests(results: Json, tested: Sequence[Json], num_compared: int) -> str:
    numbers = sorted({row["n"] for row in tested})
    seeds = plural(numbers[0], "seed") if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]} seeds"
    left = f" ({count(num_compared - len(tested))} more did not differ between seeds and could not be)"
    return (
        f"{plural(len(tested), 'difference')} between neighbouring and extreme shares of {_target(results)} "
        f"{'was' if len(tested) == 1 else 'were'} tested{left if len(tested) < num_compared else ''}, paired over {seeds}, by t "
        f"tests with Holm's correction at {100 * (1 - results['confidence']):.3g}% in all"
    )


def _told(results: Json, row: Json) -> str:
    better = (row["difference"] > 0) == (row["kind"] == "accuracy")
    return (
        f"{measure_name(row)} gets {'better' if better else 'worse'} from {share_text(row['first'])} to "
        f"{share_text(row['second'])} {_target(results)}{at_rate(results, row)}: {signed(row, row['difference'])} "
        f"({between(row)})."
    )


def _forgetting(results: Json) -> list[str]:
    return [
        _forgotten(results, rows)
        for kind in _KINDS
        if (rows := [row for row in results["forgetting"] if row["kind"] == kind])
    ]


def _forgotten(results: Json, rows: Sequence[Json]) -> str:
    least, most = min(rows, key=_mean), max(rows, key=_mean)
    ends = dict.fromkeys((signed(least, least["mean"]), signed(most, most["mean"])))
    start = f"Against the base model, {measure_name(rows[0])} changed by {' to '.join(ends)}"
    worse = [share_text(row["share"]) + at_rate(results, row) for row in rows if _is_worse(row)]
    if len(results["seeds"]) < 2:
        return f"{start}."
    if not worse:
        return f"{start}; at no share of {_target(results)} is it worse by more than its interval."
    return f"{start}. It is worse by more than its interval at {listing(worse)} {_target(results)}: forgetting."


def _mean(row: Json) -> float:
    return float(row["mean"])


def _target(results: Json) -> str:
    return language(results["direction"][1]).name


def _is_worse(row: Json) -> bool:
    if row["low"] is None:
        return False
    return bool(row["high"] < 0 if row["kind"] == "accuracy" else row["low"] > 0)


def _diverged(results: Json) -> list[str]:
    names = [arm["name"] for arm in results["arms"] if None in arm["losses"].values()]
    return [f"Training diverged in {listing(names)}: left out of losses."] if names else []


def _failed(results: Json) -> list[str]:
    names = list(results["failed"])
    if not names:
        return []
    return [f"{plural(len(names), 'arm')} failed and {'is' if len(names) == 1 else 'are'} left out: {listing(names)}."]


def _item_noise(results: Json) -> list[str]:
    items = results["base"]["items"]
    if not items:
        return []
    number = min(items.values())
    half = wilson(number // 2, number, results["confidence"])
    margin = percent((half.high - half.low) / 2).replace("%", "")
    return [
        f"Accuracies are on {plural(number, 'item')} a language, the same for all. Intervals show what seeds change; how well "
        f"these items stand for all questions is another matter: that alone is \u00b1{margin} points for an accuracy of 50%."
    ]
