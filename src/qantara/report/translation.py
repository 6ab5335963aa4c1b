"""How the translations went: routes, findings by rule, and how far the accepted share can be trusted."""

import math
from statistics import NormalDist

from qantara.report.facts import RunFacts
from qantara.report.formatting import count, interval, percent, plural
from qantara.report.lookup import detail, inside, routes
from qantara.report.notices import call_rows
from qantara.report.page import Cell, Section, Table, bar, code

_ROUTES = {
    "accept": "accepted by the machine",
    "people": "doubted, sent to people",
    "reject": "rejected by the machine",
}
_FAMILIES = {
    "call": "the model call",
    "digits": "numbers",
    "form": "the answer's form",
    "judge": "the judge model",
    "length": "length",
    "leaks": "text that does not belong",
    "script": "letters and scripts",
    "similarity": "meaning by the encoder",
    "structure": "structure of the item",
    "units": "units",
}
_WANTED_RATE = 0.05


def translation_section(facts: RunFacts) -> Section:
    """Return the section; without a translate stage it says so."""
    title = "Translation"
    found = routes(facts)
    if found is None:
        return Section(anchor="translation", title=title, paragraphs=["Nothing was translated in this run."])
    mended = detail(facts, "translate", "mended_by_retranslation")
    paragraphs = [
        f"A translation that a check or the judge faulted was retranslated with its faults listed; this mended {count(mended)}."
    ]
    tables = [_route_table(found), _rule_table(detail(facts, "translate", "found_by_rule") or {})]
    if facts.calls:
        headers = ("Purpose", "Backend", "Model", "Calls", "Prompt tokens", "Answer tokens")
        rows = call_rows(facts.calls)
        tables.append(Table(caption="Language-model calls", headers=headers, rows=rows, numeric=frozenset({3, 4, 5})))
    return Section(
        anchor="translation",
        title=title,
        paragraphs=[*paragraphs, trust_sentence(facts, found["accept"])],
        tables=tables,
    )


def trust_sentence(facts: RunFacts, accepted: int) -> str:
    """Return what people found in accepted items drawn at random, and what follows for all of them."""
    rate = detail(facts, "review", "accepted_error_rate")
    reviewed = inside(rate, "reviewed")
    if not reviewed:
        return (
            "Nobody has looked at a random share of the accepted translations, so their error rate is not known: that the checks "
            "found nothing is not proof that they are right."
        )
    wrong, high = rate["wrong"], rate["high"]
    needed = math.ceil(NormalDist().inv_cdf(0.975) ** 2 * (1 / _WANTED_RATE - 1))
    limit = (
        f" To show that fewer than {percent(_WANTED_RATE)} are wrong, people would have to look at {needed} and find no error."
        if high > _WANTED_RATE
        else ""
    )
    return (
        f"People looked at {plural(reviewed, 'accepted translation')} drawn at random and found {count(wrong)} wrong: "
        f"{percent(wrong / reviewed)} (95% interval {interval(rate['low'], high)}). Up to {count(high * accepted)} of the "
        f"{count(accepted)} accepted ones may thus be wrong.{limit}"
    )


def _route_table(found: dict[str, int]) -> Table:
    total = sum(found.values())
    rows: list[list[Cell]] = [
        [_ROUTES[name], count(number), bar(number / total, percent(number / total)) if total else ""]
        for name, number in found.items()
    ]
    return Table(
        caption="Where translations went", headers=("Route", "Items", "Share"), rows=rows, numeric=frozenset({1})
    )


def _rule_table(found: dict[str, int]) -> Table:
    most = max(found.values(), default=1)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Cell]] = [
        [code(rule), _FAMILIES.get(rule.split(".")[0], ""), bar(number / most, count(number))]
        for rule, number in ordered
    ]
    caption = "Faults found by rule, over all rounds (remarks on style are not counted)"
    return Table(caption=caption, headers=("Rule", "About", "Found"), rows=rows or [["none", "", ""]])
