"""Differences in percentage points as a picture: a row each, with its interval and a line at nought.

In: labelled values as shares; out: SVG that a screen reader can read out. Has no numbers of its own.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from qantara.pages import svg
from qantara.pages.formatting import points

_ROW, _TOP, _FOOT = 30.0, 34.0, 44.0
_PLOT, _VALUES = 330.0, 150.0
_LEAST_LABELS, _LETTER = 180.0, 7.0  # pixels of the labels' column at least, and of a letter in it at most
_BAR = 12.0
_CAP = 4.0


class Difference(NamedTuple):
    """One row: a difference of shares with its interval; `is_whole` sets off what the other rows are parts of."""

    label: str
    value: float
    low: float
    high: float
    is_whole: bool = False


def differences(title: str, axis: str, rows: Sequence[Difference]) -> Markup:
    """Return the picture of at least one difference; `axis` says in words what lies to the right."""
    ends = [100 * end for row in rows for end in (row.low, row.high, row.value, 0.0)]
    ticks = svg.ticks(min(ends), max(ends))
    height = _TOP + _ROW * len(rows) + _FOOT
    left = max(_LEAST_LABELS, _LETTER * max(len(row.label) for row in rows) + 12)

    def x(percent: float) -> float:
        return left + (percent - ticks[0]) / (ticks[-1] - ticks[0]) * _PLOT

    bottom = _TOP + _ROW * len(rows)
    parts = [svg.element("text", title, x=0, y=16, class_="panel-title")]
    for tick in ticks:
        parts.append(svg.element("line", x1=x(tick), x2=x(tick), y1=_TOP, y2=bottom, class_="grid"))
        parts.append(svg.element("text", points(tick / 100), x=x(tick), y=bottom + 16, class_="tick middle"))
    parts.append(svg.element("line", x1=x(0), x2=x(0), y1=_TOP - 4, y2=bottom + 4, class_="zero"))
    parts.append(svg.element("text", axis, x=left + _PLOT / 2, y=bottom + 34, class_="tick middle"))
    for i, row in enumerate(rows):
        parts += _row(row, (left, _TOP + _ROW * (i + 0.5)), x)
    description = "; ".join(f"{row.label}: {_told(row)}" for row in rows)
    return svg.drawing((left + _PLOT + _VALUES, height), title, description, parts)


def _row(row: Difference, place: tuple[float, float], x: Callable[[float], float]) -> list[Markup]:
    left, y = place
    zero, value, low, high = (x(100 * end) for end in (0.0, row.value, row.low, row.high))
    bar = svg.element(
        "rect",
        x=min(zero, value),
        y=y - _BAR / 2,
        width=abs(value - zero),
        height=_BAR,
        class_="whole" if row.is_whole else "mark",
    )
    caps = [svg.element("line", x1=end, x2=end, y1=y - _CAP, y2=y + _CAP, class_="error") for end in (low, high)]
    return [
        svg.element("text", row.label, x=left - 12, y=y + 4, class_="end"),
        bar,
        svg.element("line", x1=low, x2=high, y1=y, y2=y, class_="error"),
        *caps,
        svg.element("text", _told(row), x=left + _PLOT + 12, y=y + 4, class_="tick"),
    ]


def _told(row: Difference) -> str:
    return f"{points(row.value)} ({points(row.low)} to {points(row.high)})"
