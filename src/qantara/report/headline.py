"""Three to five figures in sentences, from the run's summaries and scores; what did not happen is said, not left out."""

from typing import Any

from qantara.languages import language
from qantara.pages.formatting import count, listing, p_value, percent, plural, points
from qantara.report.facts import RunFacts
from qantara.report.lookup import detail, routes


def headlines(facts: RunFacts, scoring: str) -> list[str]:
    """Return the sentences; `scoring` is the way of scoring whose gap is told, fixed before results are seen."""
    return [_came_in(facts), _machine(facts), _people(facts), _trained(facts), gap_sentence(facts, scoring)]


def main_gap(facts: RunFacts, scoring: str) -> dict[str, Any] | None:
    """Return the gap that is told first: of the tuned model if there is one, in the given scoring if it was used."""
    gaps = facts.scores.get("gaps", [])
    ranked = sorted(gaps, key=lambda gap: (gap["model"] != "tuned", gap["scoring"] != scoring))
    return ranked[0] if ranked else None


def gap_sentence(facts: RunFacts, scoring: str) -> str:
    """Return the measured gap with its interval, and the smallest gap that so many items can show."""
    gap = main_gap(facts, scoring)
    if gap is None:
        return "The language gap was not measured in this run."
    source, target = (language(code).name for code in facts.direction)
    low, high = points(gap["low"]), points(gap["high"])
    verdict = (
        "the interval holds zero, so no gap is shown"
        if gap["low"] <= 0 <= gap["high"]
        else "the interval leaves zero out"
    )
    return (
        f"On the same {plural(gap['num_items'], 'item')} the {gap['model']} model, scored by option {gap['scoring']}, is "
        f"{percent(abs(gap['gap'])).replace('%', ' points')} {'worse' if gap['gap'] < 0 else 'better'} in {source} than in "
        f"{target} (gap {points(gap['gap'])}, 95% interval {low} to {high}, p {_equals(gap.get('p_value'))}): {verdict}. "
        f"So many items can show a gap of "
        f"{percent(gap.get('smallest_detectable_gap')).replace('%', ' points')} or more; a smaller one would mostly go unseen."
    )


def _equals(value: float | None) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def _came_in(facts: RunFacts) -> str:
    name = language(facts.direction[0]).name + " " if "translate" in facts.summaries else ""
    fit = "translated" if "translate" in facts.summaries else "trained on"
    summary = facts.summaries.get("curate")
    if summary is None:
        return "No items were curated in this run."
    rejected = f"{count(summary['rejected'])} were rejected, each with its reason"
    return f"{plural(summary['in'], f'{name}item')} came in; {count(summary['kept'])} were fit to be {fit}, {rejected}."


def _machine(facts: RunFacts) -> str:
    found = routes(facts)
    if found is None:
        return "Nothing was translated in this run."
    total = sum(found.values())
    mended = detail(facts, "translate", "mended_by_retranslation")
    share = f" ({percent(found['accept'] / total)})" if total else ""
    after = f", {count(mended)} of them only after it had been told its faults" if mended else ""
    return (
        f"Of {plural(total, 'translation')} the machine accepted {count(found['accept'])}{share}{after}; it doubted "
        f"{count(found['people'])} and sent them to people, and rejected {count(found['reject'])}."
    )


def _people(facts: RunFacts) -> str:
    decisions = detail(facts, "review", "decisions")
    if decisions is None:
        return "No people reviewed translations in this run."
    words = {"accept": "accepted", "edit": "edited", "reject": "rejected"}
    taken = {name: decisions.get(name, 0) for name in words}
    told = listing([f"{count(number)} {words[name]}" for name, number in taken.items()])
    waiting = facts.translation.num_waiting
    verbs = "waits for a decision and is" if waiting == 1 else "wait for a decision and are"
    rest = f" {count(waiting)} still {verbs} not trained on." if waiting else " None is left waiting."
    return f"People decided on {plural(sum(taken.values()), 'translation')}: {told}.{rest}"


def _trained(facts: RunFacts) -> str:
    samples = detail(facts, "mix", "samples", "train")
    if "train" not in facts.summaries:
        mixed = f" {plural(sum(samples.values()), 'training sample')} were made." if samples else ""
        return f"No model was trained in this run.{mixed}"
    told = ""
    if samples:
        told = " (" + listing([f"{count(number)} {language(code).name}" for code, number in samples.items()]) + ")"
    number = plural(sum(samples.values()), "sample") if samples else "samples"
    tokens, steps = detail(facts, "train", "tokens"), detail(facts, "train", "steps")
    return f"A model was trained on {number}{told}: {count(tokens)} tokens in {count(steps)} optimizer steps."
