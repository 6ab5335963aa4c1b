"""What the report of an evaluation is made from: rows of `accuracy`, `gaps`, `split` and costs, the identity and the tasks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qantara.evaluate.prompting.arms import Arm

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanFacts:
    """The same rows on a clean list alone: `source` names the list, `num_ids` is what it holds."""

    source: str
    num_ids: int
    scores: Sequence[Json]
    gaps: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What the report tells of one model. `primary` is scoring and normalization, chosen before the run.

    `tasks`: name, licence, citation, num_items, num_rejected. `scores`: `accuracy_rows`; `gaps` and `gaps_by_subject`: `gap_rows`
    and `gap_by_subject`; `split`: `split_rows`; `translate_first`: `translate_first_rows`; `extraction`: `extraction_rows`.
    `costs`: task and arm beside `ArmCost.as_json`. `doubts`: task, arm, num_items, num_doubted, num_fallback, reasons (counts).
    `comparison`: `model_rows`, this run first. `identity` may nest. `files` are names beside the page with what they hold;
    `viewers` the names of the items' pages by task.
    """

    model: str
    direction: tuple[str, str]
    arms: Sequence[Arm]
    primary: tuple[str, str]
    tasks: Sequence[Json]
    scores: Sequence[Json]
    identity: Json
    gaps: Sequence[Json] = ()
    gaps_by_subject: Sequence[Json] = ()
    split: Sequence[Json] = ()
    translate_first: Sequence[Json] = ()
    extraction: Sequence[Json] = ()
    costs: Sequence[Json] = ()
    doubts: Sequence[Json] = ()
    clean: CleanFacts | None = None
    comparison: Sequence[Json] = ()
    notices: Sequence[str] = ()
    files: Sequence[tuple[str, str]] = ()
    viewers: Mapping[str, str] = field(default_factory=dict)

    def is_primary(self, row: Json) -> bool:
        """Return whether a row is by the primary way of scoring."""
        return (row["scoring"], row["normalization"]) == self.primary

    def split_by_way(self, rows: Iterable[Json]) -> tuple[list[Json], list[Json]]:
        """Return the rows by the primary way of scoring, and the others."""
        found: tuple[list[Json], list[Json]] = ([], [])
        for row in rows:
            found[not self.is_primary(row)].append(row)
        return found
