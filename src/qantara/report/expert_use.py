"""Which experts each layer uses for each language: heat maps side by side, their difference, and how even the load is.

In: `RunFacts.expert_use`; out: SVG drawings and a sentence. Colors are one blue ramp and a blue-orange pair, which color-blind
readers can tell apart; every cell also carries its number.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from qantara.languages import language
from qantara.pages import svg
from qantara.pages.formatting import percent, points

_PALE, _BLUE, _WHITE, _ORANGE = (240, 245, 251), (8, 64, 129), (248, 248, 246), (179, 88, 6)
_LEFT, _TOP, _ROW = 30.0, 44.0, 17.0
_MOST_LABELED = 16  # more experts than this get narrow cells without numbers
Layers = Sequence[Mapping[str, Any]]


def expert_drawings(expert_use: Mapping[str, Any], direction: tuple[str, str]) -> list[Markup]:
    """Return the drawings, source language first; none when the run has no expert counts for both languages."""
    languages = expert_use.get("languages", {})
    if not all(languages.get(code) for code in direction):
        return []
    source, target = (languages[code] for code in direction)
    names = [language(code).name for code in direction]
    scale = _scale(source, target)
    return [
        _heat_map(names[0], source, scale),
        _heat_map(names[1], target, scale),
        _difference(f"{names[1]} less {names[0]}", source, target),
        _entropy(names, source, target),
    ]


def expert_sentence(expert_use: Mapping[str, Any], direction: tuple[str, str]) -> str:
    """Return in words what the drawings show: the even load, the mean entropy, and the largest difference."""
    source, target = (expert_use["languages"][code] for code in direction)
    names = [language(code).name for code in direction]
    gap, layer, expert = max(
        (abs(b - a), first["layer"], i)
        for first, second in zip(source, target, strict=True)
        for i, (a, b) in enumerate(zip(first["share"], second["share"], strict=True))
    )
    means = [sum(float(row["entropy"]) for row in rows) / len(rows) for rows in (source, target)]
    return (
        f"Each layer sends a token to {expert_use['top_k']} of {expert_use['experts']} experts; an even load would be "
        f"{percent(1 / expert_use['experts'])} for each. Load entropy (1 is even, 0 is a single expert) is {means[0]:.3f} "
        f"in {names[0]} and {means[1]:.3f} in {names[1]} on average. The languages differ most in layer {layer}, expert "
        f"{expert}: by {100 * gap:.1f} points."
    )


def _scale(source: Layers, target: Layers) -> tuple[float, float]:
    # At least from half to one and a half of an even load, so that small chance differences stay pale beside large ones.
    shares = [float(share) for row in (*source, *target) for share in row["share"]]
    even = 1 / len(source[0]["share"])
    return min(0.5 * even, *shares), max(1.5 * even, *shares)


def _heat_map(name: str, rows: Layers, scale: tuple[float, float]) -> Markup:
    low, high = scale
    shares = [[float(share) for share in row["share"]] for row in rows]
    colors = [[svg.between(_PALE, _BLUE, (share - low) / (high - low)) for share in row] for row in shares]
    labels = [[f"{100 * share:.0f}" for share in row] for row in shares]
    least, most = min(map(min, shares)), max(map(max, shares))
    description = (
        f"Share of tokens that each expert gets in {len(rows)} layers, from {percent(least)} to {percent(most)}"
    )
    return _grid((name, "percent of tokens"), description, rows, colors, labels)


def _difference(name: str, source: Layers, target: Layers) -> Markup:
    changes = [
        [float(b) - float(a) for a, b in zip(first["share"], second["share"], strict=True)]
        for first, second in zip(source, target, strict=True)
    ]
    most = max(0.01, max(abs(change) for row in changes for change in row))
    colors = [[svg.between(_WHITE, _ORANGE if c > 0 else _BLUE, abs(c) / most) for c in row] for row in changes]
    labels = [[points(change) for change in row] for row in changes]
    description = f"Difference in percentage points, from {points(-most)} to {points(most)} on the color scale"
    return _grid((name, "percentage points"), description, source, colors, labels)


def _grid(
    names: tuple[str, str], description: str, rows: Layers, colors: list[list[svg.Color]], labels: list[list[str]]
) -> Markup:
    experts = len(colors[0])
    labeled = experts <= _MOST_LABELED
    cell = 36.0 if labeled else 12.0
    parts = _heading(names)
    for column in range(experts):
        if labeled or column % 8 == 0:
            x = _LEFT + (column + 0.5) * cell
            parts.append(svg.element("text", f"E{column}", x=x, y=_TOP - 5, class_="tick middle"))
    for line, (row, shades, texts) in enumerate(zip(rows, colors, labels, strict=True)):
        y = _TOP + line * _ROW
        parts.append(svg.element("text", row["layer"], x=_LEFT - 6, y=y + 12, class_="tick end"))
        for column, (shade, text) in enumerate(zip(shades, texts, strict=True)):
            x = _LEFT + column * cell
            parts.append(svg.element("rect", x=x, y=y, width=cell - 1, height=_ROW - 1, fill=svg.hexadecimal(shade)))
            if labeled:
                parts.append(
                    svg.element("text", text, x=x + cell / 2, y=y + 12, class_="value middle", fill=svg.ink_on(shade))
                )
    size = (max(170.0, _LEFT + experts * cell + 4), _TOP + len(rows) * _ROW + 4)
    return svg.drawing(size, f"Expert use, {names[0]}", description, parts)


def _heading(names: tuple[str, str]) -> list[Markup]:
    return [
        svg.element("text", names[0], x=0.0, y=12, class_="panel-title"),
        svg.element("text", names[1], x=0.0, y=26, class_="tick"),
    ]


def _entropy(names: list[str], source: Layers, target: Layers) -> Markup:
    width, right = 230.0, 14.0
    values = [(float(a["entropy"]), float(b["entropy"])) for a, b in zip(source, target, strict=True)]
    scale = svg.ticks(min(min(pair) for pair in values), 1.0, 2)

    def x(value: float) -> float:
        return _LEFT + (value - scale[0]) / (scale[-1] - scale[0]) * (width - _LEFT - right)

    bottom = _TOP + len(values) * _ROW
    parts = [svg.element("text", "Load entropy", x=0.0, y=12, class_="panel-title")]
    parts += _entropy_legend(names)
    for tick in scale:
        parts.append(svg.element("line", x1=x(tick), x2=x(tick), y1=_TOP, y2=bottom, class_="grid"))
        parts.append(svg.element("text", f"{tick:g}", x=x(tick), y=_TOP - 5, class_="tick middle"))
    for line, (row, (a, b)) in enumerate(zip(source, values, strict=True)):
        y = _TOP + line * _ROW + _ROW / 2
        parts.append(svg.element("text", row["layer"], x=_LEFT - 6, y=y + 4, class_="tick end"))
        parts.append(svg.element("line", x1=x(a), x2=x(b), y1=y, y2=y, class_="link"))
        parts.append(svg.element("circle", cx=x(a), cy=y, r=4, class_="dot source"))
        parts.append(svg.element("rect", x=x(b) - 3.5, y=y - 3.5, width=7, height=7, class_="dot target"))
    description = f"Entropy of each layer's load, lowest {min(map(min, values)):.3f}; 1 is an even load"
    return svg.drawing((width, bottom + 4), "Load entropy", description, parts)


def _entropy_legend(names: list[str]) -> list[Markup]:
    second = 16.0 + 7.5 * len(names[0]) + 22
    return [
        svg.element("circle", cx=5.0, cy=22.0, r=4, class_="dot source"),
        svg.element("text", names[0], x=14.0, y=26, class_="tick"),
        svg.element("rect", x=second - 13, y=18.5, width=7, height=7, class_="dot target"),
        svg.element("text", names[1], x=second, y=26, class_="tick"),
    ]
