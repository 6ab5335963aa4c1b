"""What a run found, in plain sentences that claim no more than the intervals do.

In: rows of gaps, parts and accuracies; out: text. A gap whose interval holds nought is called not told apart from noise, never
parity; accuracies that chance or a constant answer reaches are said to say nothing about language.
"""

from collections.abc import Iterator, Sequence

from qantara.evaluate.pages.report_facts import Json, ReportFacts
from qantara.evaluate.pages.words import arm_title, way_name
from qantara.languages import language
from qantara.pages.formatting import interval, listing, p_value, percent, plural, points


def headlines(facts: ReportFacts) -> list[str]:
    """Return the sentences that stand first: how was scored, then for each task gap, parity and whether chance does as well."""
    found = [primary_sentence(facts)]
    main = [row for row in facts.gaps if facts.is_primary(row) and row["arm"] == facts.direction[1]]
    if not main:
        found.append("No gap between the languages was measured: the run has not both of them on the same items.")
    for row in main:
        found += [gap_sentence(facts, row), parity_sentence(row)]
        found += filter(None, (others_sentence(facts, row),))
    found += filter(None, (chance_sentence(facts),))
    found += [split_sentence(row) for row in split_headlines(facts)]
    found += [
        translate_sentence(row) for row in facts.translate_first if facts.is_primary(row) or _only_way(facts, row)
    ]
    return found


def primary_sentence(facts: ReportFacts) -> str:
    """Return which way of scoring decides, and that it was named beforehand."""
    return f"Answers are taken by {way_name(*facts.primary)}; this way was named as the primary one before the run."


def gap_sentence(facts: ReportFacts, row: Json) -> str:
    """Return the gap of one row in words, with its interval and the smallest gap that could be seen."""
    source, target = (language(code).name for code in facts.direction)
    place = f"On {task_title(row['task'])}, {facts.model} in {target}"
    same = f"the same {plural(row['num_items'], 'item')}"
    ends = f"95% interval {ends_of(row)}, p {_p(row['p_holm'])}"
    smallest = f"the smallest gap that so few items could show is {_size(row['smallest_detectable_gap'])}"
    if row["low"] <= 0 <= row["high"]:
        return (
            f"{place} cannot be told apart from {source} on {same}: it is {_below(row['gap'])} it ({ends}), which noise alone may "
            f"do; {smallest}."
        )
    return f"{place} is {_below(row['gap'])} {source} on {same} ({ends}); {smallest}."


def parity_sentence(row: Json) -> str:
    """Return whether the two languages are shown to be alike within the margin."""
    margin = _size(row["equivalence_margin"])
    if row["equivalence_p"] < 0.05:
        return f"The two are shown to be within {margin} of each other (p {_p(row['equivalence_p'])})."
    if row["low"] <= 0 <= row["high"]:
        return f"That is no proof of parity: that they are within {margin} is not shown either (p {_p(row['equivalence_p'])})."
    return f"Parity within {margin} is not shown (p {_p(row['equivalence_p'])})."


def others_sentence(facts: ReportFacts, row: Json) -> str:
    """Return between what the same gap lies by the other ways of scoring; "" where there is one way."""
    others = [
        other
        for other in facts.gaps
        if not facts.is_primary(other) and (other["task"], other["arm"]) == (row["task"], row["arm"])
    ]
    if not others:
        return ""
    low, high = min(others, key=_gap), max(others, key=_gap)
    told = f"{points(low['gap'])}" if low is high else f"{points(low['gap'])} to {points(high['gap'])}"
    return f"By {plural(len(others), 'other way', 'other ways')} of scoring, the same gap is {told} points."


def chance_sentence(facts: ReportFacts) -> str:
    """Return which accuracies chance or a constant answer does not lie below; "" when all are above both."""
    weak = [row for row in facts.scores if row["arm"] in facts.direction and facts.is_primary(row) and _is_weak(row)]
    if not weak:
        return ""
    told = listing([_weak(row) for row in weak])
    return (
        f"Caution: {told}. An accuracy that is not above chance and the most frequent answer shows no knowledge, and a gap between "
        "such accuracies says nothing about language."
    )


def split_headlines(facts: ReportFacts) -> list[Json]:
    """Return the parts of the gap by the primary way, totals aside."""
    return [row for row in facts.split if facts.is_primary(row) and row["part"] != "total"]


def split_sentence(row: Json) -> str:
    """Return one part of the gap in words."""
    sure = "" if row["low"] > 0 or row["high"] < 0 else "; not told apart from none"
    return f"Of the gap on {task_title(row['task'])}, {points(row['difference'])} points are {row['part']} ({ends_of(row)}{sure})."


def translate_sentence(row: Json) -> str:
    """Return what translating first gains or loses."""
    sure = "" if row["low"] > 0 or row["high"] < 0 else ", not told apart from none"
    what = "Translating first" if row["part"] == "translated" else "Translating first and translating the reply back"
    return (
        f"{what} changes accuracy on {task_title(row['task'])} by {points(row['difference'])} points ({ends_of(row)}{sure}) "
        f"against answering directly, on {plural(row['num_items'], 'item')}."
    )


def task_title(task: str) -> str:
    """Return what a task is called in a sentence."""
    return "all tasks together" if task == "pooled" else task


def ends_of(row: Json) -> str:
    """Return the interval of a difference, in points."""
    return f"{points(row['low'])} to {points(row['high'])}"


def comparison_sentences(rows: Sequence[Json]) -> Iterator[str]:
    """Yield a sentence for each row of `model_rows`."""
    for row in rows:
        sure = "" if row["low"] > 0 or row["high"] < 0 else "; not told apart from noise"
        yield (
            f"{arm_title(row['arm'])}, {task_title(row['task'])}: {row['first']} is {_below(-row['difference'])} "
            f"{row['second']} on {plural(row['num_items'], 'item')} ({ends_of(row)}, p {_p(row['p_holm'])}{sure})."
        )


def _only_way(facts: ReportFacts, row: Json) -> bool:
    """Return whether an arm has no row by the primary way, so that this one stands for it."""
    return not any(facts.is_primary(other) and other["part"] == row["part"] for other in facts.translate_first)


def _is_weak(row: Json) -> bool:
    """Return whether an accuracy's interval reaches down to chance (where that is known) or to the constant answer."""
    return row["above_chance"] is False or not row["above_majority"]


def _weak(row: Json) -> str:
    beside = [f"chance gets {percent(row['chance'])}"] if row["above_chance"] is not None else []
    beside.append(f"the most frequent answer gets {percent(row['majority'])}")
    return (
        f"{arm_title(row['arm'])} on {task_title(row['task'])} gets {percent(row['accuracy'])} "
        f"({interval(row['low'], row['high'])}) where {listing(beside)}"
    )


def _below(gap: float) -> str:
    size = _size(gap)
    return f"{size} below" if gap > 0 else f"{size} above" if gap < 0 else "level with"


def _size(value: float) -> str:
    text = points(abs(value)).lstrip("+")
    return f"{text} {'point' if text == '1.0' else 'points'}"


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def _gap(row: Json) -> float:
    return float(row["gap"])
