"""Numbers into words, the same everywhere on the page: one decimal for percent, thousands separators, a true minus sign."""

import math
from decimal import Decimal

NOT_KNOWN = "not known"
_MINUS = "\u2212"


def percent(value: float | None) -> str:
    """Return a share 0..1 as percent with one decimal."""
    if value is None or math.isnan(value):
        return NOT_KNOWN
    return f"{100 * value:.1f}%".replace("-", _MINUS)


def interval(low: float | None, high: float | None) -> str:
    """Return a 95 % interval of a share as "20.0% to 42.0%"."""
    return f"{percent(low)} to {percent(high)}"


def points(value: float | None) -> str:
    """Return a difference of two shares in percentage points, always with its sign unless it rounds to nought."""
    if value is None or math.isnan(value):
        return NOT_KNOWN
    text = f"{100 * value:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", _MINUS)


def count(value: float | None) -> str:
    """Return a whole number with thousands separators."""
    return NOT_KNOWN if value is None else f"{round(value):,}".replace("-", _MINUS)


def plural(value: int, one: str, many: str = "") -> str:
    """Return "1 item", "2 items"; `many` is for words that do not just take an s."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def seconds(value: float | None) -> str:
    """Return a time as "4.2 s", "3 min 05 s" or "2 h 10 min"."""
    if value is None:
        return NOT_KNOWN
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(num_bytes: float | None) -> str:
    """Return a number of bytes in the decimal unit that suits it."""
    if num_bytes is None:
        return NOT_KNOWN
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.1f} {unit}"
    return f"{round(num_bytes)} bytes"


def p_value(value: float | None) -> str:
    """Return a p-value with two or three decimals, never as nought."""
    if value is None:
        return NOT_KNOWN
    if value < 0.001:
        return "< 0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def dollars(value: Decimal) -> str:
    """Return US dollars with four decimals, two from a hundred on; less than can be shown is never nought."""
    if 0 < value < Decimal("0.0001"):
        return "< 0.0001"
    return f"{value:,.2f}" if value >= 100 else f"{value:.4f}"


def listing(words: list[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""
