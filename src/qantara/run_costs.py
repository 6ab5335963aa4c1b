"""The cost of a run folder for `qantara cost`: reads its ledger and a price list; writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from qantara.errors import StoreError
from qantara.ledger import open_ledger
from qantara.llm.budget import FREE_BACKENDS
from qantara.llm.calls import CallLedger, Unsettled
from qantara.llm.costs import CostLine, as_json, cost_lines, sum_of, unsettled_usd
from qantara.llm.faults import MAY_BE_BILLED
from qantara.llm.prices import PRICES, Prices, read_prices
from qantara.store import read_json

_HEADERS = ("model", "stage", "round", "calls", "prompt tokens", "answer tokens", "USD")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCosts:
    """The lines, what was sent and never answered (and what it costs at most), and tries that failed, by fault."""

    lines: Sequence[CostLine]
    unsettled: Sequence[Unsettled]
    unsettled_usd: Decimal | None
    interrupted: int
    failed_tries: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return plain values; amounts of money are text, so that nothing is rounded."""
        lines = [as_json(line) for line in self.lines]
        calls, prompt, completion, usd = sum_of(self.lines)
        total = {"calls": calls, "prompt_tokens": prompt, "completion_tokens": completion}
        return {
            "lines": lines,
            "total": total | {"usd": None if usd is None else str(usd)},
            "interrupted": self.interrupted,
            "failed_tries": dict(self.failed_tries),
            "unsettled": [asdict(lost) for lost in self.unsettled],
            "unsettled_usd_at_most": None if self.unsettled_usd is None else str(self.unsettled_usd),
        }


@contextmanager
def ledger_of(run: Path) -> Iterator[CallLedger]:
    """Give the ledger of a run's calls, wherever its recipe says that it is; StoreError for a folder that has none."""
    recipe_file = run / "recipe.json"
    if not recipe_file.is_file():
        raise StoreError(f"{run} is no run folder: it has no recipe.json")
    own = run / "ledger.sqlite"
    url = read_json(recipe_file).get("ledger")
    if not url and not own.is_file():
        raise StoreError(f"{run} has no ledger: its recipe was never run there")
    engine = open_ledger(url or own)
    try:
        yield CallLedger(engine)
    finally:
        engine.dispose()


def costs_of(run: Path, prices: Path | None) -> RunCosts:
    """Return what the calls of a run took; without a price list everything that isn't free is unpriced."""
    with ledger_of(run) as ledger:
        own = run / PRICES
        listed = prices or (own if own.is_file() else None)
        price_list = read_prices(listed) if listed else Prices()
        unsettled = ledger.unsettled()
        return RunCosts(
            lines=cost_lines(ledger.totals(), price_list),
            unsettled=unsettled,
            unsettled_usd=unsettled_usd(unsettled, price_list),
            interrupted=ledger.interrupted(),
            failed_tries=ledger.failed_tries(),
        )


def as_table(costs: RunCosts) -> str:
    """Return the costs as text, a line for each model, stage and round."""
    rows = [_HEADERS, *(_row(line) for line in costs.lines)]
    calls, prompt, completion, usd = sum_of(costs.lines)
    rows.append(("total", "", "", f"{calls:,}", _number(prompt), _number(completion), _total_usd(costs.lines, usd)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADERS))]
    lines = [
        "  ".join(_set(cell, width, i) for i, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    lines.insert(-1, "-" * len(lines[0].rstrip()))
    return "\n".join([*(line.rstrip() for line in lines), *_remarks(costs)])


def _row(line: CostLine) -> tuple[str, ...]:
    tokens = (_number(line.prompt_tokens), _number(line.completion_tokens))
    usd = line.pricing if line.pricing != "priced" else "not told" if line.usd is None else f"{line.usd:.4f}"
    return (line.model, line.purpose, str(line.round), f"{line.calls:,}", *tokens, usd)


def _total_usd(lines: Sequence[CostLine], usd: Decimal | None) -> str:
    if all(line.pricing == "free" for line in lines):
        return "free"
    return "not known" if usd is None else f"{usd:.4f}"


def _remarks(costs: RunCosts) -> list[str]:
    remarks = []
    if costs.interrupted:
        remarks.append(
            f"{costs.interrupted:,} calls were sent and never answered (the process was stopped): may be billed"
        )
    if failed := ", ".join(f"{fault} {count:,}" for fault, count in costs.failed_tries.items()):
        billed = sum(costs.failed_tries.get(fault, 0) for fault in MAY_BE_BILLED)
        remarks.append(f"tries that failed: {failed}; {billed:,} of them may be billed")
    if tries := sum(lost.tries for lost in costs.unsettled if lost.backend not in FREE_BACKENDS):
        most = "its cost is not known" if costs.unsettled_usd is None else f"{costs.unsettled_usd:.4f} USD at most"
        remarks.append(f"not in the table: {tries:,} sendings that may be billed and whose tokens nobody told: {most}")
    if any(line.pricing == "unpriced" for line in costs.lines):
        remarks.append("unpriced: the model is in no price list (--prices); its cost is not known, not zero")
    return remarks


def _number(value: int | None) -> str:
    return "not told" if value is None else f"{value:,}"


def _set(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)
