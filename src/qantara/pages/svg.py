"""Drawing in SVG: elements with escaped attributes, a frame with a text alternative, round axis ticks, colors between colors."""

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Color = tuple[int, int, int]


def element(tag: str, content: str | Markup = "", **attributes: object) -> Markup:
    """Return one element; attribute `class_` is class, other underscores become hyphens, numbers are cut to one decimal."""
    named = Markup("").join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _value(value))
        for name, value in attributes.items()
    )
    return Markup(f"<{tag}{named}>{escape(content)}</{tag}>")


def drawing(size: tuple[float, float], title: str, description: str, parts: Iterable[Markup]) -> Markup:
    """Return a drawing `size` (width, height) that screen readers announce by its title and description."""
    inner = Markup("").join((element("title", title), element("desc", description), *parts))
    return element(
        "svg",
        inner,
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
        width=f"{size[0]:g}",
        height=f"{size[1]:g}",
        role="img",
        aria_label=f"{title}. {description}",
    )


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) that span `low` to `high`."""
    if high <= low:
        high = low + 1.0
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def polyline(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Return a line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def between(first: Color, second: Color, share: float) -> Color:
    """Return the color `share` 0..1 of the way from the first to the second."""
    share = min(1.0, max(0.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def hexadecimal(color: Color) -> str:
    """Return a color as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def ink_on(color: Color) -> str:
    """Return black or white, whichever can be read on the color (its luma, ITU-R BT.601, tells)."""
    luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    return "#111111" if luma > 140 else "#ffffff"


def _value(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
