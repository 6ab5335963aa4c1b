"""What the training data is made of: tokens and samples by language and fold, and the ratio asked for and got."""

from typing import Any

from qantara.languages import language
from qantara.pages.formatting import count, percent
from qantara.pages.sections import Cell, Section, Table, bar
from qantara.report.facts import RunFacts
from qantara.report.lookup import detail, inside

_FOLDS = {"train": "training", "validation": "validation"}


def mix_section(facts: RunFacts) -> Section:
    """Return the section; without a mix stage it says so."""
    title = "Data mix"
    tokens = detail(facts, "mix", "tokens")
    if not tokens:
        return Section(anchor="mix", title=title, paragraphs=["No training data was mixed in this run."])
    return Section(
        anchor="mix",
        title=title,
        paragraphs=[_ratio_sentence(facts, tokens)],
        tables=[_table(tokens, detail(facts, "mix", "samples"))],
    )


def _ratio_sentence(facts: RunFacts, tokens: Any) -> str:  # noqa: ANN401 - JSON is whatever it is
    requested = detail(facts, "mix", "requested_ratio") or {}
    unit = detail(facts, "mix", "unit") or "tokens"
    drawn = detail(facts, "mix", "drawn") or {"tokens": tokens.get("train", {})}
    realized = drawn["pieces" if unit == "samples" else "tokens"]
    budget, used = detail(facts, "mix", "budget_tokens"), count(sum(drawn["tokens"].values()))
    spent = (
        f"The budget was {count(budget)} tokens, of which {used} are used"
        if budget
        else f"{used} tokens are trained on"
    )
    least = min((part for part in requested.values() if part > 0), default=1)
    asked = " to ".join(f"{part / least:.2g}" for part in requested.values())
    names = " to ".join(language(code).name for code in requested)
    smallest = realized.get(min(requested, key=lambda c: requested[c], default=""), 0)
    got = " to ".join(f"{realized.get(code, 0) / smallest:.2f}" for code in requested) if smallest else "not reached"
    return (
        f"The ratio is counted in {unit}, tokens are those of the model's own tokenizer. Asked for: {names} as {asked}; "
        f"realized: {got}. {spent}, repeats counted. A family (an item, its "
        "translation and what is made from them) is never in both folds."
    )


def _table(tokens: Any, samples: Any) -> Table:  # noqa: ANN401 - JSON is whatever it is
    rows: list[list[Cell]] = []
    for fold, by_language in tokens.items():
        total = sum(by_language.values())
        for code, number in by_language.items():
            share = number / total if total else 0.0
            num_samples = inside(samples, fold, code)
            mean = count(number / num_samples) if num_samples else ""
            name = language(code).name
            rows.append(
                [_FOLDS.get(fold, fold), name, count(num_samples), count(number), mean, bar(share, percent(share))]
            )
    headers = ("Fold", "Language", "Samples", "Tokens", "Tokens a sample", "Share of the fold's tokens")
    return Table(caption="Samples and tokens", headers=headers, rows=rows, numeric=frozenset({2, 3, 4}))
