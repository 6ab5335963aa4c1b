"""What a reader must know before any figure: research software, where the data is from, which model calls were recorded."""

from collections import Counter
from collections.abc import Sequence

from qantara.languages import language
from qantara.pages.formatting import listing, plural
from qantara.pages.sections import Cell
from qantara.report.acceptance import same_model_warnings
from qantara.report.calls import NO_CALLS
from qantara.report.facts import Json, RunFacts

RESEARCH = (
    "Research software, no medical device. Nothing on this page is medical advice, and nothing that this run made may be used "
    "to care for a person."
)


def notice_lines(facts: RunFacts) -> list[Cell]:
    """Return the notices in the order they are shown, one sentence or two each."""
    return [RESEARCH, _data_notice(facts), *_recorded_notice(facts.calls), *same_model_warnings(facts)]


def what_this_is(facts: RunFacts) -> str:
    """Return one sentence on what the run did, by the stages that it has."""
    source, target = (language(code).name for code in facts.direction)
    steps = {
        "translate": f"{source} medical items were translated into {target} and checked",
        "review": "people decided on what the machine doubted",
        "train": "a model was trained on both languages",
        "evaluate": "its language gap was measured on paired items",
    }
    done = [text for stage, text in steps.items() if stage in facts.summaries]
    return f"In this run {listing(done)}." if done else "This run has not come far enough to say more."


def _data_notice(facts: RunFacts) -> str:
    names = list(dict.fromkeys(source for source, _ in facts.translation.sources))
    used = f" This run took its items from: {', '.join(names)}." if names else ""
    return f"The sample data that comes with Qantara is synthetic and not for clinical use.{used}"


def _recorded_notice(calls: Sequence[Json]) -> list[str]:
    if not calls:
        return [NO_CALLS]
    recorded, live = Counter[str](), Counter[tuple[str, str, str]]()
    for row in calls:
        if row["backend"] == "recorded":
            recorded[row["purpose"]] += row["calls"]
        else:
            live[row["purpose"], row["model"], row["backend"]] += row["calls"]
    lines = []
    if recorded:
        told = listing([_calls(number, purpose) for purpose, number in recorded.items()])
        lines.append(
            f"Recorded model calls: {told} were not made during this run. Their answers come from a file that was written "
            "beforehand, so they show how the chain works and say nothing about how good a translation model is."
        )
    if live:
        told = listing(
            [f"{_calls(n, purpose)} by {model} ({backend})" for (purpose, model, backend), n in live.items()]
        )
        lines.append(f"Model calls made in this run: {told}.")
    return lines


def _calls(number: int, purpose: str) -> str:
    return f"{plural(number, 'call')} to {purpose}"
