"""Renders a sweep's page from what results.json holds: one HTML file that needs no network, no script and no other file.

It has the look and the parts of the report's page; what is said first are the results' own sentences.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qantara.languages import language
from qantara.pages.environment import environment
from qantara.pages.formatting import count, p_value, percent, plural
from qantara.pages.sections import Cell, Picture, Section, Table, code
from qantara.report.made_with import flat
from qantara.report.notices import RESEARCH
from qantara.sweep.pictures import picture
from qantara.sweep.sentences import between, learning_rates, measure_name, share_text, signed

Json = Mapping[str, Any]
_WAYS = {
    "letter/sum": "the likelihood of the option's letter",
    "text/sum": "the likelihood of the option's text",
    "text/token": "the mean likelihood of a token of the option's text",
}


def render_page(results: Json) -> str:
    """Return the page as HTML; the same results give the same text."""
    sections = [_pictures(results), _means(results), _forgetting(results), _differences(results), _arms(results)]
    sections.append(_made_with(results))
    return (
        environment("qantara.sweep", "qantara.report")
        .get_template("sweep.html")
        .render(
            name=results["name"],
            what=_what(results),
            notices=[RESEARCH, *_model_notices(results)],
            sentences=results["sentences"],
            sections=[section for section in sections if section is not None],
        )
    )


def _what(results: Json) -> str:
    source, target = (language(code).name for code in results["direction"])
    rates = learning_rates(results)
    at = f" at {plural(len(rates), 'learning rate')}" if len(rates) > 1 else ""
    shares = len({arm["share"] for arm in results["arms"]})
    return (
        f"The same model was trained on {count(results['budget_tokens'])} tokens of {target} and {source} in "
        f"{plural(shares, 'ratio')}{at}, with {plural(len(results['seeds']), 'seed')} each."
    )


def _model_notices(results: Json) -> list[str]:
    models = results["provenance"].get("models", {})
    return [told["notice"] for told in models.values() if told.get("notice")]


def _pictures(results: Json) -> Section | None:
    shown = []
    for rate in learning_rates(results):
        drawings = [drawn for kind in ("accuracy", "loss") if (drawn := picture(results, kind, rate)) is not None]
        if drawings:
            shown.append(Picture(caption=f"{_at(results, rate)}{_caption(results)}", drawings=drawings))
    return Section(anchor="curves", title="By ratio", pictures=shown) if shown else None


def _at(results: Json, rate: float) -> str:
    return f"Learning rate {rate:g}. " if len(learning_rates(results)) > 1 else ""


def _caption(results: Json) -> str:
    seeds = len(results["seeds"])
    way = _WAYS.get(results["scoring"])
    scored = f" Accuracy is by {way}." if way else ""
    if seeds < 2:
        return f"One seed: points have no intervals.{scored}"
    return (
        f"Lines go through means over {seeds} seeds, bars are {100 * results['confidence']:g}% t intervals of the mean "
        f"(n = {seeds}), faint dots single seeds; a bar without an end goes on beyond the edge.{scored}"
    )


def _means(results: Json) -> Section | None:
    rows = [[*_place(results, row), measure_name(row), count(row["n"]), *_mean(row)] for row in results["points"]]
    headers = [*_place_headers(results), "Measure", "Seeds", "Mean", f"{100 * results['confidence']:g}% interval"]
    return _section(("means", "Means over seeds"), "By share and measure", headers, rows)


def _forgetting(results: Json) -> Section | None:
    rows = [
        [*_place(results, row), measure_name(row), _value(row, row["base"]), signed(row, row["mean"]), _ends(row)]
        for row in results["forgetting"]
    ]
    headers = [*_place_headers(results), "Measure", "Base model", "Arm minus base"]
    headers.append(f"{100 * results['confidence']:g}% interval")
    source = language(results["direction"][0]).name
    text = f"What the model could do in {source} before it was trained, and what training changed about it."
    return _section(("forgetting", "Forgetting"), f"{source} of the arms against the base model", headers, rows, text)


def _differences(results: Json) -> Section | None:
    rows: list[list[Cell]] = [
        [
            *([f"{row['learning_rate']:g}"] if len(learning_rates(results)) > 1 else []),
            measure_name(row),
            f"{share_text(row['first'])} to {share_text(row['second'])}",
            count(row["n"]),
            signed(row, row["difference"]),
            _ends(row),
            p_value(row["p_value"]) if row["p_value"] is not None else "not tested",
            p_value(row["adjusted_p_value"]) if row["p_value"] is not None else "not tested",
            "larger" if row["larger_than_noise"] else "not told apart",
        ]
        for row in results["comparisons"]
    ]
    target = language(results["direction"][1]).name
    headers = [*_place_headers(results)[:-1], "Measure", f"Share of {target}", "Seeds", "Difference", "Interval", "p"]
    headers += ["p by Holm", "Against noise"]
    text = (
        "Neighbouring ratios and the two extremes, each seed compared with itself. Intervals are of single differences; what is "
        "called larger than noise holds for all differences of this table together."
    )
    return _section(("differences", "Differences between ratios"), "All that was compared", headers, rows, text)


def _arms(results: Json) -> Section | None:
    codes = results["direction"]
    rows = [
        [
            code(arm["name"]),
            *(count(arm["tokens"].get(c, 0)) for c in codes),
            *(_number(arm["losses"].get(c)) for c in codes),
            *(percent(arm["accuracies"].get(c)) for c in codes if results["scoring"]),
        ]
        for arm in results["arms"]
    ]
    headers = ["Arm"]
    for name in ("tokens", "loss", *(["accuracy"] if results["scoring"] else [])):
        headers += [f"{language(c).name} {name}" for c in codes]
    return _section(("arms", "Arms"), "Every arm, as it ended", headers, rows)


def _made_with(results: Json) -> Section:
    rows = [[name, code(value)] for name, value in flat(results["provenance"])]
    tables = [Table(caption="Seeds, versions, hashes and models", headers=("What", "Value"), rows=rows)]
    text = "The same recipe, seeds, code and data give the same arms."
    return Section(anchor="provenance", title="Provenance", paragraphs=[text], tables=tables)


def _section(
    place: tuple[str, str], caption: str, headers: Sequence[str], rows: Sequence[Sequence[Cell]], text: str = ""
) -> Section | None:
    if not rows:
        return None
    words = {"Measure", "Arm", "Against noise", "Learning rate"}
    numeric = frozenset(i for i, header in enumerate(headers) if header not in words)
    table = Table(caption=caption, headers=headers, rows=rows, numeric=numeric)
    return Section(anchor=place[0], title=place[1], paragraphs=[text] if text else [], tables=[table])


def _place_headers(results: Json) -> list[str]:
    name = f"Share of {language(results['direction'][1]).name}"
    return ["Learning rate", name] if len(learning_rates(results)) > 1 else [name]


def _place(results: Json, row: Json) -> Iterator[Cell]:
    if len(learning_rates(results)) > 1:
        yield f"{row['learning_rate']:g}"
    yield share_text(row["share"])


def _mean(row: Json) -> tuple[Cell, Cell]:
    if row["low"] is None:
        return _value(row, row["mean"]), _no_interval(row)
    return _value(row, row["mean"]), f"{_value(row, row['low'])} to {_value(row, row['high'])}"


def _ends(row: Json) -> Cell:
    if row["low"] is None:
        return _no_interval(row)
    return between(row)


def _no_interval(row: Json) -> str:
    return "none: one seed" if row["n"] < 2 else "none: all the same"


def _value(row: Json, value: float) -> str:
    return percent(value) if row["kind"] == "accuracy" else f"{value:.3f}"


def _number(value: float | None) -> str:
    return "diverged" if value is None else f"{value:.3f}"
