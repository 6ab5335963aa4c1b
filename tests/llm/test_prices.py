"""Price lists: which price counts, what it comes to, and what is wrong with a list."""

from decimal import Decimal

import pytest

from qantara.errors import RecipeError
from qantara.llm.prices import Prices, price_text, read_prices


def price(model="m", since="2026-01-01", **changes):
    return {"model": model, "from": since, "input": "2", "output": "10"} | changes


def prices(*listed):
    return Prices.model_validate({"prices": listed})


def test_the_latest_price_that_has_begun_counts():
    listed = prices(price(), price(since="2026-06-01", input="1"), price(since="2027-01-01", input="3"))
    assert listed.of("m", "endpoint", "2026-05-31").input == 2
    assert listed.of("m", "endpoint", "2026-06-01").input == 1
    assert listed.of("m", "endpoint", "2026-12-31").input == 1
    assert listed.of("m", "endpoint", "2025-12-31") is None
    assert listed.of("n", "endpoint", "2026-12-31") is None


def test_a_price_of_the_backend_counts_before_one_for_all_even_if_it_is_older():
    listed = prices(price(backend="batch", input="1"), price(since="2026-06-01"))
    assert listed.of("m", "batch", "2026-07-01").input == 1
    assert listed.of("m", "endpoint", "2026-07-01").input == 2
    assert listed.of("m", "endpoint", "2026-05-01") is None


def test_dollars_are_exact_and_cached_tokens_are_part_of_the_prompt():
    [full, cheap] = prices(price(), price(since="2026-02-01", cached_input="0.5")).prices
    assert full.cost(1_000_000, 100_000) == Decimal(3)
    assert full.cost(1, 1, 1) == Decimal("0.000012")
    assert cheap.cost(1_000_000, 0, 400_000) == Decimal("1.4")
    assert cheap.cost(10, 0, 99) == cheap.cost(10, 0, 10)  # a server that tells more cached tokens than there are


def test_a_list_is_read_from_yaml_with_its_dates_and_decimals(tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text(
        'prices:\n  - {model: a/b, from: 2026-10-01, input: 0.1, output: 0.4, source: "https://x"}\n', "utf-8"
    )
    [read] = read_prices(file).prices
    assert (read.input, str(read.since), read.cached_input) == (Decimal("0.1"), "2026-10-01", None)
    assert price_text(file).startswith("prices:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prices:\n  - {model: a, from: 2026-10-01, input: -1, output: 1}\n", "line 2"),
        ("prices:\n  - {model: a, input: 1, output: 1}\n", "from"),
        ("prices:\n  - {model: a, from: soon, input: 1, output: 1}\n", "line 2"),
        ("prices:\n  - {model: a, from: 2026-10-01, input: .nan, output: 1}\n", "line 2"),
        ("prices:\n  - {model: a, from: 2026-10-01, input: 1, output: 1, currency: EUR}\n", "currency"),
        ("prices:" + 2 * "\n  - {model: a, from: 2026-10-01, input: 1, output: 1}", "a has two prices from 2026-10-01"),
        ("- a\n", "line 1"),
    ],
)
def test_a_wrong_list_is_named_by_its_line(tmp_path, text, told):
    file = tmp_path / "prices.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(RecipeError, match=told):
        price_text(file)


def test_a_list_that_is_not_there_is_one_of_ours(tmp_path):
    with pytest.raises(RecipeError, match="not there"):
        read_prices(tmp_path / "absent.yaml")
