"""How the translations went: what decided, routes, reasons, findings by rule, and how far the accepted share can be trusted."""

import math
from statistics import NormalDist

from qantara.pages.formatting import count, interval, percent, plural
from qantara.pages.sections import Cell, Section, Table, bar, code, two_lines
from qantara.report.acceptance import acceptance_lines, calibration_table
from qantara.report.facts import RunFacts
from qantara.report.lookup import detail, inside, routes

_ROUTES = {
    "accept": "accepted by the machine",
    "people": "doubted, sent to people",
    "reject": "rejected by the machine",
}
_REASONS = {
    "call_bad_request": "the server turned the request down",
    "call_connection": "the connection to the server broke, also when tried again",
    "call_context_overflow": "the text is too long for the model",
    "call_empty": "the answer was empty",
    "call_failed": "the call gave no usable answer",
    "call_not_found": "the server knows no such model or address",
    "call_overloaded": "the server stayed overloaded",
    "call_rate_limited": "the server asked to slow down, also when tried again",
    "call_refused": "the model refused",
    "call_refused_key": "the server refused the key",
    "call_server_error": "the server failed, also when tried again",
    "call_timeout": "no answer came in time, also when tried again",
    "call_truncated": "the answer was cut off at the token limit",
    "call_unreachable": "the server could not be reached",
    "call_unparseable": "what the server sent could not be read",
    "no_readable_translation": "the answer was not in the form that was asked for",
    "reserved_markup": "the source holds the tags that the structure lock uses",
    "score_below_floor": "its score was below the calibrated floor",
}
_FAMILIES = {
    "advice": "how strongly something is advised",
    "antonym": "opposites and sides",
    "call": "the model call",
    "digits": "numbers",
    "drug": "drugs and their doses",
    "form": "the answer's form",
    "judge": "the judge model",
    "leaks": "text that does not belong",
    "length": "length",
    "meaning": "meaning by the encoder",
    "negation": "negation",
    "options": "answer options",
    "person": "who it is about",
    "script": "letters and scripts",
    "stem": "what the question asks",
    "structure": "structure of the item",
    "terms": "terms of the glossary",
    "units": "units",
    "usage": "how a drug is taken",
    "verbatim": "what must stay letter by letter",
}
_WANTED_RATE = 0.05


def translation_section(facts: RunFacts) -> Section:
    """Return the section; without a translate stage it says so."""
    title = "Translation"
    found = routes(facts)
    if found is None:
        return Section(anchor="translation", title=title, paragraphs=["Nothing was translated in this run."])
    mended = detail(facts, "translate", "mended_by_retranslation")
    repaired = (
        f"A translation with a fault or a doubt was retranslated with its faults listed; this mended {count(mended)}."
    )
    tables = [
        _route_table(found),
        _reason_table(facts.summaries["translate"]["reasons"]),
        calibration_table(facts),
        _rule_table(detail(facts, "translate", "found_by_rule") or {}),
    ]
    return Section(
        anchor="translation",
        title=title,
        paragraphs=[*acceptance_lines(facts), repaired, *_memory_lines(facts), trust_sentence(facts, found["accept"])],
        tables=[table for table in tables if table is not None and table.rows],
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


def _reason_table(reasons: dict[str, int]) -> Table:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Cell]] = [
        [two_lines(code(reason), _REASONS.get(reason, "")), count(number)] for reason, number in ordered
    ]
    caption = "Why translations were rejected by the machine"
    return Table(caption=caption, headers=("Reason", "Items"), rows=rows, numeric=frozenset({1}))


def _memory_lines(facts: RunFacts) -> list[str]:
    """Return what is said of the translation memory, if the run had one."""
    memory = detail(facts, "translate", "memory")
    if memory is None:
        return []
    told = [
        f"A translation memory of {plural(memory['entries'], 'entry', 'entries')} was at hand: a field that stands in it was not "
        "translated anew but took the translation that was accepted before, and was checked like any other."
    ]
    if (reused := memory.get("reused")) is not None:
        told.append(f"That was so for {plural(reused, 'field')}.")
    if several := memory["ambiguous"]:
        told.append(
            f"It has more than one translation for {plural(several, 'source text')}; one by a person comes first."
        )
    if unusable := memory["unusable"]:
        told.append(f"{plural(unusable, 'entry', 'entries')} could not be used.")
    return [" ".join(told)]


def _rule_table(found: dict[str, int]) -> Table:
    most = max(found.values(), default=1)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Cell]] = [
        [two_lines(code(rule), _FAMILIES.get(rule.split(".")[0], "")), bar(number / most, count(number))]
        for rule, number in ordered
    ]
    caption = "Faults found by rule, over all rounds (remarks on style are not counted)"
    return Table(caption=caption, headers=("Rule", "Found"), rows=rows or [["none", ""]])
