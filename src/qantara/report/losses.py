"""Training and validation loss as lines, one panel a language on the same scale. In: loss points; out: SVG drawings."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from qantara.languages import language
from qantara.pages import svg
from qantara.records import LossPoint

_WIDTH, _HEIGHT = 340.0, 290.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 14.0, 30.0, 86.0
_FOLDS = {"train": "training", "validation": "validation"}
Line = list[tuple[int, float]]


def loss_drawings(losses: Sequence[LossPoint], direction: tuple[str, str]) -> list[Markup]:
    """Return a drawing for each language that has points, source language first; scales are shared so that they compare.

    A loss that is not a number or infinite (training that diverged) is left out of the lines; so are the routers' own loss and the
    losses of single data sets.
    """
    told = [point for point in losses if point.fold in _FOLDS and point.source == "all"]
    finite = [point for point in told if math.isfinite(point.loss)]
    codes = [code for code in (*direction, "all") if any(point.language == code for point in finite)]
    shown = [point for point in finite if point.language in codes]
    if not shown:
        return []
    last = max(1, *(point.step for point in shown))
    x_ticks = [tick for tick in svg.ticks(0, last) if tick < 0.93 * last] + [float(last)]
    y_ticks = svg.ticks(min(point.loss for point in shown), max(point.loss for point in shown))
    return [_panel(code, _lines(shown, code), (x_ticks, y_ticks)) for code in codes]


def language_name(code: str, direction: tuple[str, str]) -> str:
    """Return a language's English name; "all" is both languages of the run."""
    return " and ".join(language(c).name for c in direction) if code == "all" else language(code).name


def _lines(losses: Sequence[LossPoint], code: str) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for point in sorted(losses, key=lambda point: point.step):
        if point.language == code:
            lines.setdefault(point.fold, []).append((point.step, point.loss))
    return lines


def _panel(code: str, lines: dict[str, Line], scales: tuple[list[float], list[float]]) -> Markup:
    x_ticks, y_ticks = scales

    def x(step: float) -> float:
        return _LEFT + (step - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (_WIDTH - _LEFT - _RIGHT)

    def y(loss: float) -> float:
        share = (loss - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    name = "Both languages" if code == "all" else language(code).name
    parts = [svg.element("text", name, x=_LEFT, y=18, class_="panel-title")]
    parts += [_horizontal(y(tick), f"{tick:g}") for tick in y_ticks]
    parts += [
        svg.element("text", f"{tick:g}", x=x(tick), y=_HEIGHT - _BOTTOM + 16, class_="tick middle") for tick in x_ticks
    ]
    parts.append(svg.element("text", "optimizer step", x=x(x_ticks[-1]), y=_HEIGHT - _BOTTOM + 34, class_="tick end"))
    parts.append(svg.element("text", "loss (nats a token)", x=_WIDTH - _RIGHT, y=18, class_="tick end"))
    for place, (fold, line) in enumerate(lines.items()):
        kind = _FOLDS[fold]
        parts.append(svg.polyline([(x(step), y(loss)) for step, loss in line], f"line {kind}"))
        if fold == "validation" or len(line) == 1:
            parts += [svg.element("circle", cx=x(step), cy=y(loss), r=3.5, class_=f"dot {kind}") for step, loss in line]
        parts += _legend(place, kind, line)
    return svg.drawing((_WIDTH, _HEIGHT), f"Loss, {name}", _describe(lines), parts)


def _horizontal(y: float, label: str) -> Markup:
    return svg.element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid") + svg.element(
        "text", label, x=_LEFT - 6, y=y + 4, class_="tick end"
    )


def _legend(place: int, kind: str, line: Line) -> list[Markup]:
    y = _HEIGHT - 24 + 18 * place
    text = f"{kind}: {line[0][1]:.2f} at step {line[0][0]:,}, {line[-1][1]:.2f} at step {line[-1][0]:,}"
    return [
        svg.polyline([(_LEFT, y - 4), (_LEFT + 24, y - 4)], f"line {kind}"),
        svg.element("text", text, x=_LEFT + 32, y=y, class_="tick"),
    ]


def _describe(lines: dict[str, Line]) -> str:
    return "; ".join(
        f"{_FOLDS[fold]} loss goes from {line[0][1]:.2f} at step {line[0][0]} to {line[-1][1]:.2f} "
        f"at step {line[-1][0]}"
        for fold, line in lines.items()
    )
