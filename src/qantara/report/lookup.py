"""Looking things up in a run's facts. A stage that did not run has no summary; whoever asks gets None and says so on the page."""

from collections.abc import Mapping
from typing import Any

from qantara.report.facts import RunFacts


def detail(facts: RunFacts, stage: str, *keys: str) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """Return what stands under `keys` in the details of a stage's summary, or None when the stage or a key is absent."""
    return inside(facts.summaries.get(stage, {}), "details", *keys)


def inside(value: Any, *keys: str) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """Return what stands under nested `keys`, or None where one of them is missing."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def routes(facts: RunFacts) -> dict[str, int] | None:
    """Return how many translations went to accept, people and reject; None when nothing was translated."""
    summary = facts.summaries.get("translate")
    if summary is None:
        return None
    kept = {name: facts.translation.routes.get(name, 0) for name in ("accept", "people")}
    return kept | {"reject": int(summary["rejected"])}
