"""A measure against the target language's share as a picture: a line a language with intervals, seeds as faint dots."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from qantara.languages import language
from qantara.pages import svg
from qantara.sweep.sentences import share_text

Json = Mapping[str, Any]
_WIDTH, _HEIGHT = 470.0, 330.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 18.0, 40.0, 92.0
_TITLES = {"accuracy": "Accuracy", "loss": "Validation loss"}
_UNITS = {"accuracy": "% right", "loss": "nats a token"}
_CAP = 4.0
_APART = 3.0  # pixels that languages stand apart, so that intervals don't hide each other


class Line(NamedTuple):
    """One language in one picture: its points by share, all arms behind them, the base model's value; values as they are shown."""

    code: str
    side: str
    points: Sequence[Json]
    arms: Sequence[tuple[float, float]]
    base: float | None


class Scale(NamedTuple):
    """Ticks of both axes and where a value stands."""

    x_ticks: Sequence[float]
    y_ticks: Sequence[float]

    def x(self, share: float) -> float:
        """Return the place of a share 0..1."""
        low, high = self.x_ticks[0], self.x_ticks[-1]
        return _LEFT + 10 + (share - low) / (high - low or 1.0) * (_WIDTH - _LEFT - _RIGHT - 20)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        low, high = self.y_ticks[0], self.y_ticks[-1]
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def picture(results: Json, kind: str, learning_rate: float) -> Markup | None:
    """Return the picture of "accuracy" or "loss" at one learning rate; None where there is nothing to show."""
    lines = [line for code in results["direction"] if (line := _line(results, kind, (learning_rate, code))).points]
    if not lines:
        return None
    scale = _scale(lines)
    target = language(results["direction"][1]).name
    title = f"{_TITLES[kind]} by share of {target}"
    parts = [
        svg.element("text", title, x=_LEFT, y=16, class_="panel-title"),
        svg.element("text", _UNITS[kind], x=_LEFT - 44, y=_TOP - 10, class_="tick"),
        *_axes(scale, f"share of {target} in the training tokens"),
    ]
    for place, line in enumerate(lines):
        parts += _drawn(line, scale, _APART * (2 * place - len(lines) + 1))
        parts += _legend(place, line, kind)
    return svg.drawing((_WIDTH, _HEIGHT), title, _description(lines, kind), parts)


def _line(results: Json, kind: str, place: tuple[float, str]) -> Line:
    rate, code = place
    factor = 100.0 if kind == "accuracy" else 1.0
    values = "accuracies" if kind == "accuracy" else "losses"
    points = [
        {"share": row["share"]}
        | {name: None if row[name] is None else factor * row[name] for name in ("mean", "low", "high")}
        for row in results["points"]
        if (row["kind"], row["language"], row["learning_rate"]) == (kind, code, rate)
    ]
    arms = [
        (arm["share"], factor * arm[values][code])
        for arm in results["arms"]
        if arm["learning_rate"] == rate and arm[values].get(code) is not None
    ]
    base = results["base"][values].get(code)
    side = "source" if code == results["direction"][0] else "target"
    return Line(code, side, points, arms, None if base is None else factor * base)


def _scale(lines: Sequence[Line]) -> Scale:
    values = [value for line in lines for _, value in line.arms]
    values += [line.base for line in lines if line.base is not None]
    lowest, highest = min(values), max(values)
    room = 0.5 * (highest - lowest) or 0.05 * abs(highest) or 1.0
    # an interval of two seeds can be many times as wide as all that was measured: it is cut at the edge, not let flatten the rest
    for line in lines:
        for point in line.points:
            for end in (point["low"], point["high"]):
                if end is not None:
                    values.append(min(highest + room, max(lowest - room, end)))
    shares = sorted({point["share"] for line in lines for point in line.points})
    return Scale(shares, svg.ticks(min(values), max(values)))


def _axes(scale: Scale, label: str) -> list[Markup]:
    parts = []
    for tick in scale.y_ticks:
        y = scale.y(tick)
        parts.append(svg.element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(svg.element("text", f"{tick:g}", x=_LEFT - 6, y=y + 4, class_="tick end"))
    bottom = _HEIGHT - _BOTTOM
    shown = -1e9
    for share in scale.x_ticks:
        if scale.x(share) - shown >= 34:  # pixels that a label takes
            shown = scale.x(share)
            parts.append(svg.element("text", share_text(share), x=shown, y=bottom + 16, class_="tick middle"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return [*parts, svg.element("text", label, x=middle, y=bottom + 34, class_="tick middle")]


def _drawn(line: Line, scale: Scale, shift: float) -> list[Markup]:
    parts = []
    if line.base is not None:
        y = scale.y(line.base)
        parts.append(svg.polyline([(_LEFT, y), (_WIDTH - _RIGHT, y)], f"line base {line.side}"))
    parts += [
        svg.element("circle", cx=scale.x(share) + shift, cy=scale.y(value), r=2.5, class_=f"mark {line.side}")
        for share, value in line.arms
    ]
    places = [(scale.x(point["share"]) + shift, scale.y(point["mean"])) for point in line.points]
    parts.append(svg.polyline(places, f"line {line.side}"))
    for (x, y), point in zip(places, line.points, strict=True):
        parts += _interval(x, point, scale, line.side)
        parts.append(svg.element("circle", cx=x, cy=y, r=3.5, class_=f"dot {line.side}"))
    return parts


def _interval(x: float, point: Json, scale: Scale, side: str) -> list[Markup]:
    if point["low"] is None:
        return []
    floor, top = scale.y_ticks[0], scale.y_ticks[-1]
    parts = []
    for end in (point["low"], point["high"]):
        if floor <= end <= top:  # an end beyond the edge has no cap: the line goes on
            y = scale.y(end)
            parts.append(svg.element("line", x1=x - _CAP, x2=x + _CAP, y1=y, y2=y, class_=f"error {side}"))
    low, high = (scale.y(min(top, max(floor, end))) for end in (point["low"], point["high"]))
    return [*parts, svg.element("line", x1=x, x2=x, y1=low, y2=high, class_=f"error {side}")]


def _legend(place: int, line: Line, kind: str) -> list[Markup]:
    y = _HEIGHT - 30 + 18 * place
    base = "" if line.base is None else f"; dashed: base model, {_value(line.base, kind)}"
    return [
        svg.polyline([(_LEFT, y - 4), (_LEFT + 24, y - 4)], f"line {line.side}"),
        svg.element("text", f"{language(line.code).name}{base}", x=_LEFT + 32, y=y, class_="tick"),
    ]


def _description(lines: Sequence[Line], kind: str) -> str:
    return "; ".join(
        f"{language(line.code).name}: {_value(line.points[0]['mean'], kind)} at {share_text(line.points[0]['share'])}, "
        f"{_value(line.points[-1]['mean'], kind)} at {share_text(line.points[-1]['share'])}"
        for line in lines
    )


def _value(value: float, kind: str) -> str:
    return f"{value:.1f}%" if kind == "accuracy" else f"{value:.3f}"
