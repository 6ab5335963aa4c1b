"""What a reader must know before any figure: research software, where the data is from, which model calls were recorded."""

from collections.abc import Sequence

from qantara.languages import language
from qantara.report.facts import Json, RunFacts
from qantara.report.formatting import count, listing, plural
from qantara.report.lookup import sources

RESEARCH = (
    "Research software, no medical device. Nothing on this page is medical advice, and nothing that this run made may be used "
    "to care for a person."
)


def notice_lines(facts: RunFacts) -> list[str]:
    """Return the notices in the order they are shown, one sentence or two each."""
    return [RESEARCH, _data_notice(facts), *_recorded_notice(facts.calls)]


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
    names = list(dict.fromkeys(source for source, _ in sources(facts)))
    used = f" This run took its items from: {', '.join(names)}." if names else ""
    return f"The sample data that comes with Qantara is synthetic and not for clinical use.{used}"


def _recorded_notice(calls: Sequence[Json]) -> list[str]:
    if not calls:
        return ["This run made no language-model calls."]
    recorded = [row for row in calls if row["backend"] == "recorded"]
    live = [row for row in calls if row["backend"] != "recorded"]
    lines = []
    if recorded:
        told = listing([_calls(row) for row in recorded])
        lines.append(
            f"Recorded model calls: {told} were not made during this run. Their answers come from a file that was written "
            "beforehand, so they show how the chain works and say nothing about how good a translation model is."
        )
    if live:
        told = listing([f"{_calls(row)} by {row['model']} ({row['backend']})" for row in live])
        lines.append(f"Model calls made in this run: {told}.")
    return lines


def _calls(row: Json) -> str:
    return f"{plural(row['calls'], 'call')} to {row['purpose']}"


def call_rows(calls: Sequence[Json]) -> list[list[str]]:
    """Return rows of purpose, backend, model, calls, prompt tokens and completion tokens."""
    return [
        [row["purpose"], row["backend"], row["model"]]
        + [count(row.get(name)) for name in ("calls", "prompt_tokens", "completion_tokens")]
        for row in calls
    ]
