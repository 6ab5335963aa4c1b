"""What a section of the page is made of: plain values that templates lay out. A cell is text, or markup that is already safe."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

Cell = str | Markup
_LONG = 32  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the columns whose positions are in `numeric` are set flush right. `total` is a last row that sums up, or empty.

    A `folded` table stands closed under its caption until it is opened.
    """

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numeric: frozenset[int] = frozenset()
    total: Sequence[Cell] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One drawing or several that belong together, with a caption that says in words what is to be seen."""

    caption: str
    drawings: Sequence[Markup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page under its own heading: sentences, then pictures, then tables."""

    anchor: str
    title: str
    paragraphs: Sequence[Cell] = field(default=())
    pictures: Sequence[Picture] = field(default=())
    tables: Sequence[Table] = field(default=())


def bar(share: float, label: str) -> Markup:
    """Return a cell with a bar of `share` 0..1 of its width and the label beside it."""
    width = f"{100 * min(1.0, max(0.0, share)):.1f}%"
    return Markup('<span class="bar" style="--share:{}"><span class="bar-label">{}</span></span>').format(width, label)


def code(text: str) -> Markup:
    """Return a rule name, hash or reference as code; a long one may break anywhere, since no screen is wide enough."""
    return Markup('<code class="long">{}</code>' if len(text) > _LONG else "<code>{}</code>").format(text)


def two_lines(first: Cell, second: Cell) -> Cell:
    """Return a cell with a softer second line under the first; just the first where there is no second."""
    return Markup('{}<br><span class="under">{}</span>').format(first, second) if second else first
