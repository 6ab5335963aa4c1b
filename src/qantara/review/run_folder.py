"""Review of a run folder from outside the pipeline: what the `qantara review` and `qantara calibrate` commands call."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qantara.errors import DataError, StoreError
from qantara.ledger import open_ledger
from qantara.records import Decision, Translation
from qantara.review.decisions import add_decisions, latest_decisions
from qantara.review.exchange import export_review, import_review
from qantara.store import KEPT, SUMMARY, read_json, read_records


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedRun:
    """A run whose translations are done: its folder, where its ledger is, and the target language's code."""

    folder: Path
    ledger: str | Path
    target_language: str

    def translations(self) -> Iterator[Translation]:
        """Yield the translations that were accepted or sent to people, in order."""
        return read_records(self.folder / "translate" / KEPT, Translation)

    def decisions(self) -> dict[str, Decision]:
        """Return the decision that counts for each record that has one."""
        return latest_decisions(open_ledger(self.ledger))

    def policy(self) -> str:
        """Return the hash of what the scores follow from; DataError for a run that was made before this was recorded."""
        details = read_json(self.folder / "translate" / SUMMARY).get("details", {})
        if not details.get("policy"):
            advice = "run its recipe again with `--from translate`: answered calls are not sent again"
            raise DataError(f"{self.folder}: its translate stage does not say which policy gave the scores; {advice}")
        return str(details["policy"])


def open_run(run: Path) -> ReviewedRun:
    """Open a run for review; StoreError for a folder without finished translations."""
    if not all((run / name).is_file() for name in (f"translate/{KEPT}", f"translate/{SUMMARY}", "recipe.json")):
        raise StoreError(f"{run} has no finished translate stage; run its recipe first")
    recipe = read_json(run / "recipe.json")
    ledger = recipe["ledger"] or run / "ledger.sqlite"
    return ReviewedRun(folder=run, ledger=ledger, target_language=recipe["target_language"])


def export_run(run: Path, path: Path) -> int:
    """Write a run's review table; return how many records are in it."""
    opened = open_run(run)
    return export_review(path, opened.translations(), opened.decisions(), opened.target_language)


def import_run(run: Path, path: Path) -> tuple[int, int]:
    """Take a filled-in table into a run's ledger; return how many decisions were new and how many were read."""
    opened = open_run(run)
    decisions = import_review(path, opened.translations())
    return add_decisions(open_ledger(opened.ledger), decisions), len(decisions)
