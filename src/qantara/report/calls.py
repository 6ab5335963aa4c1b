"""The section on language-model calls: tokens and money by model, purpose and round, and tries that brought no answer.

What is not known is said to be not known or unpriced, never shown as 0; prices are the user's (`llm.prices`), not looked up here.
"""

from collections.abc import Sequence
from decimal import Decimal

from qantara.llm.faults import MAY_BE_BILLED
from qantara.llm.interface import Fault
from qantara.pages.formatting import NOT_KNOWN, count, dollars, listing, plural
from qantara.pages.sections import Cell, Section, Table, code, two_lines
from qantara.report.facts import Json, RunFacts

NO_CALLS = "This run made no language-model calls."
FAULTS: dict[Fault, str] = {
    "rate_limited": "the server asked to slow down",
    "overloaded": "the server was overloaded",
    "server_error": "the server failed",
    "timeout": "no answer came in time",
    "connection": "the connection broke",
    "unreachable": "the server could not be reached",
    "unparseable": "what came back could not be read",
    "refused_key": "the server refused the key",
    "not_found": "the server knows no such model or address",
}


def call_section(facts: RunFacts) -> Section:
    """Return the section; a run without calls says so."""
    title, tries = "Language-model calls", _failed_tries(facts.troubles)
    if not facts.calls and not tries and not facts.troubles.get("interrupted"):
        return Section(anchor="calls", title=title, paragraphs=[NO_CALLS])
    tables = [_call_table(facts.calls), _tries_table(tries)]
    return Section(
        anchor="calls",
        title=title,
        paragraphs=[*_cost_sentences(facts.calls), *_trouble_sentences(facts)],
        tables=[table for table in tables if table.rows],
    )


def _call_table(calls: Sequence[Json]) -> Table:
    ordered = sorted(calls, key=lambda row: (row["model"], row["purpose"], row["round"], row["backend"]))
    headers = ("Model", "Purpose", "Round", "Calls", "US dollars", "Prompt tokens", "Of them cached", "Answer tokens")
    return Table(
        caption="Answered calls by model, purpose and round (round 0 is the first translation)",
        headers=headers,
        rows=[_call_row(row) for row in ordered],
        numeric=frozenset(range(2, 8)),
        total=["In all", "", "", _calls(calls), _total_money(calls), *_tokens(calls)],
    )


def _call_row(row: Json) -> list[Cell]:
    model = two_lines(row["model"], row["backend"])
    return [model, row["purpose"], str(row["round"]), _calls([row]), _money(row), *_tokens([row])]


def _calls(calls: Sequence[Json]) -> str:
    return count(sum(row["calls"] for row in calls))


def _tokens(calls: Sequence[Json]) -> list[str]:
    """Return prompt tokens, cached ones and answer tokens of all rows; a sum is not known when one of its parts isn't."""
    cached = sum(row["cached_tokens"] for row in calls)
    return [
        count(_sum([row["prompt_tokens"] for row in calls])),
        count(cached) if cached else "",
        count(_sum([row["completion_tokens"] for row in calls])),
    ]


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _money(row: Json) -> str:
    if row["pricing"] != "priced":
        return str(row["pricing"])
    return NOT_KNOWN if row["usd"] is None else dollars(Decimal(row["usd"]))


def _total_money(calls: Sequence[Json]) -> str:
    paid = [row for row in calls if row["pricing"] != "free"]
    known = [Decimal(row["usd"]) for row in paid if row["usd"] is not None]
    if not paid:
        return "free"
    if not known:
        return "unpriced" if all(row["pricing"] == "unpriced" for row in paid) else NOT_KNOWN
    return ("" if len(known) == len(paid) else "at least ") + dollars(sum(known, Decimal(0)))


def _cost_sentences(calls: Sequence[Json]) -> list[str]:
    paid = [row for row in calls if row["pricing"] != "free"]
    if not paid:
        return ["No call was paid for: answers came from a recording or from a model on this machine."] if calls else []
    told = []
    if known := [row for row in paid if row["usd"] is not None]:
        usd = dollars(sum((Decimal(row["usd"]) for row in known), Decimal(0)))
        told.append(f"{_number(known)} cost {usd} US dollars by the price list that was given.")
    if unpriced := [row for row in paid if row["pricing"] == "unpriced"]:
        models = listing(sorted({row["model"] for row in unpriced}))
        told.append(f"{_number(unpriced)} to {models} had no price: what they cost is not known, and not taken for 0.")
    if uncounted := [row for row in paid if row["pricing"] == "priced" and row["usd"] is None]:
        told.append(f"{_number(uncounted)} had no full count of tokens from the server: what they cost is not known.")
    return told


def _number(calls: Sequence[Json]) -> str:
    return plural(sum(row["calls"] for row in calls), "call")


def _trouble_sentences(facts: RunFacts) -> list[str]:
    told, tries = [], _failed_tries(facts.troubles)
    if lost := facts.troubles.get("interrupted", 0):
        verb, they = ("was", "it") if lost == 1 else ("were", "they")
        is_free = bool(facts.calls) and not tries and all(row["pricing"] == "free" for row in facts.calls)
        cost = (
            f"{they} cost nothing" if is_free else f"{they} may have been billed, and {verb} not counted in the table"
        )
        told.append(f"{plural(lost, 'call')} {verb} sent and never answered, since the process was stopped: {cost}.")
    if tries:
        billed = sum(number for fault, number in tries.items() if fault in MAY_BE_BILLED)
        rest = f"{count(billed) if billed else 'none'} of them may have been billed"
        told.append(f"{plural(sum(tries.values()), 'try', 'tries')} brought no answer; {rest}.")
    return told


def _failed_tries(troubles: Json) -> dict[Fault, int]:
    return {fault: number for fault, number in troubles.get("failed_tries", {}).items() if number}


def _tries_table(tries: dict[Fault, int]) -> Table:
    ordered = sorted(tries.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Cell]] = [
        [two_lines(code(fault), FAULTS[fault]), count(number), "yes" if fault in MAY_BE_BILLED else "no"]
        for fault, number in ordered
    ]
    headers = ("Fault", "Tries", "May have been billed")
    return Table(caption="Tries that brought no answer", headers=headers, rows=rows, numeric=frozenset({1}))
