import math
from decimal import Decimal

import pytest

from qantara.pages.formatting import count, dollars, interval, listing, p_value, percent, plural, points, seconds, size

CASES = [
    (percent(0.3031), "30.3%"),
    (percent(None), "not known"),
    (percent(math.nan), "not known"),
    (interval(0.2, 0.42), "20.0% to 42.0%"),
    (points(0.05), "+5.0"),
    (points(-0.0211), "\u22122.1"),
    (points(-0.0001), "0.0"),
    (count(1234567), "1,234,567"),
    (count(None), "not known"),
    (plural(1, "item"), "1 item"),
    (plural(2, "accuracy", "accuracies"), "2 accuracies"),
    (seconds(4.25), "4.2 s"),
    (seconds(185), "3 min 05 s"),
    (seconds(7800), "2 h 10 min"),
    (size(3.4e9), "3.4 GB"),
    (size(12), "12 bytes"),
    (p_value(0.0001), "< 0.001"),
    (p_value(0.0321), "0.032"),
    (p_value(0.54), "0.54"),
    (dollars(Decimal("0.4312")), "0.4312"),
    (dollars(Decimal("0.00001")), "< 0.0001"),
    (dollars(Decimal(0)), "0.0000"),
    (dollars(Decimal("1234.567")), "1,234.57"),
    (listing(["a", "b", "c"]), "a, b and c"),
    (listing(["a"]), "a"),
    (listing([]), ""),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_numbers_are_written_alike(given, expected):
    assert given == expected
