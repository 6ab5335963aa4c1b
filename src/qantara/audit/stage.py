"""Audits a set of bilingual pairs: reads a file or folder of rows; writes findings, a summary, the ids of clean pairs and a page.

Three streaming readings of the rows: each is checked, the set as a whole looks at its suspects, and the pairs that the page shows
are read for their texts. Memory holds a few chunks and what `whole_set` keeps (about 310 bytes a pair).
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from qantara.audit.checking import CheckSettings, observed
from qantara.audit.page import PageFacts, render_page
from qantara.audit.pairs import BadRow, Pair, pair_of
from qantara.audit.passes import Advance, FirstPass, SecondPass, first_pass, read_pairs, second_pass
from qantara.audit.rows import NumberedRow, about_how_many, read_rows
from qantara.audit.summary import FaultRecall, summary_of
from qantara.audit.views import PairView, pair_view
from qantara.audit.workers import check_rows
from qantara.errors import DataError, StoreError
from qantara.fidelity.whole_set import ObservedPair, WholeSetFindings
from qantara.store import whole_file, write_json, write_text

_ROWS_TO_KNOW_COLUMNS = 100
SelfTest = Callable[[Iterable[Pair]], list[FaultRecall]]
StartBar = Callable[[str, int | None], Advance]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditConfig:
    """What to audit and where to; `shown` limits the pairs on the page, `self_test` measures the rules on pairs that passed."""

    pairs: Path
    out: Path
    settings: CheckSettings
    split: str = "train"
    num_workers: int = 1
    shown: int = 500
    self_test: SelfTest | None = None

    @property
    def direction(self) -> tuple[str, str]:
        """Return the language codes of both sides."""
        return self.settings.shape.source_language, self.settings.shape.target_language


def audit(config: AuditConfig, start_bar: StartBar) -> dict[str, Any]:
    """Return the summary of an audit after writing all its files; `start_bar` opens a progress bar and returns what moves it."""
    out = config.out
    _make_folder(out)
    unjoined = out / "findings.unjoined.part"
    try:
        with whole_file(out / "bad_rows.jsonl") as bad_rows:
            rows = _with_columns(config)
            results = check_rows(config.settings, rows, config.num_workers)
            advance = start_bar("checking", about_how_many(config.pairs))
            passed = first_pass(results, unjoined, bad_rows, advance)
            _require_pairs(config, passed)
        found = _set_findings(config, passed, start_bar("whole set", passed.num_rows - passed.num_bad))
        advance = start_bar("joining", passed.num_rows - passed.num_bad)
        joined = second_pass(unjoined, found, passed, out, config.shown, advance)
    finally:
        unjoined.unlink(missing_ok=True)
    summary = summary_of(config.pairs.name, config.settings, passed, joined, found)
    if config.self_test is not None:
        recalls = config.self_test(_passing(config, start_bar("self-test", joined.tally.num_pairs)))
        summary["self_test"] = [asdict(recall) for recall in recalls]
    facts = PageFacts(summary=summary, views=_views(config, joined, passed), direction=config.direction)
    write_text(out / "index.html", render_page(facts))
    write_json(out / "summary.json", summary)
    return summary


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{out}: can't be made a folder ({error.strerror}); choose another --out") from error


def _with_columns(config: AuditConfig) -> Iterator[NumberedRow]:
    """Yield the rows after seeing in the first of them that each column is there."""
    rows = iter(read_rows(config.pairs, config.split))
    first = list(islice(rows, _ROWS_TO_KNOW_COLUMNS))
    read = [row.values for row in first if row.values is not None]
    columns = config.settings.shape.columns
    if read and columns is not None and (absent := columns.absent(read)):
        there = ", ".join(dict.fromkeys(name for row in read for name in row))
        raise DataError(f"{config.pairs}: no column {', '.join(map(repr, absent))}; there are: {there}")
    return chain(first, rows)


def _require_pairs(config: AuditConfig, passed: FirstPass) -> None:
    if passed.num_rows == 0:
        raise DataError(f"{config.pairs}: holds no rows")
    if passed.num_rows == passed.num_bad:
        row, reason = passed.bad_rows[0]
        hint = "" if config.settings.shape.columns else "; name the columns with --columns"
        raise DataError(f"{config.pairs}: none of {passed.num_rows:,} rows is a pair; row {row}: {reason}{hint}")


def _set_findings(config: AuditConfig, passed: FirstPass, advance: Advance) -> WholeSetFindings:
    def again() -> Iterator[ObservedPair]:
        for pair in _pairs_again(config, lambda _: True):
            advance(1)
            yield observed(pair, config.settings.shape)

    return passed.whole_set.findings(again())


def _pairs_again(config: AuditConfig, wanted: Callable[[int], bool]) -> Iterator[Pair]:
    """Yield the wanted pairs, by row number, read from the start."""
    for row in read_rows(config.pairs, config.split):
        if row.values is None or not wanted(row.number):
            continue
        with contextlib.suppress(BadRow):  # counted and named in the first pass
            yield pair_of(row.values, row.number, config.settings.shape)


def _passing(config: AuditConfig, advance: Advance) -> Iterator[Pair]:
    """Yield the pairs that passed, with both files read in step."""
    checked = read_pairs(config.out / "findings.jsonl")
    rows = read_rows(config.pairs, config.split)
    for pair in checked:
        row = next(row for row in rows if row.number == pair.row)
        advance(1)
        if pair.verdict == "pass" and row.values is not None:
            yield pair_of(row.values, row.number, config.settings.shape)


def _views(config: AuditConfig, joined: SecondPass, passed: FirstPass) -> list[PairView]:
    """Return the chosen pairs laid out, worst first."""
    chosen = joined.showcase.chosen(joined.tally.rules())
    checked = {pair.row: pair for pair in read_pairs(config.out / "findings.jsonl") if pair.row in chosen}
    views = [
        pair_view(pair, checked[pair.number], config.direction, is_repeated=passed.is_repeated(pair.id))
        for pair in _pairs_again(config, chosen.__contains__)
    ]
    return sorted(views, key=lambda view: view.badness())
