"""Which pieces are trained on and in which order: languages by their ratio all the way, data sets within a language by weight.

Whoever is furthest behind its share comes next, so any beginning of the order holds the ratio, and a longer budget only adds to
a shorter one's order. Where data runs out the ratio is held and the budget shrinks, since the ratio is what is being studied.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qantara.errors import DataError
from qantara.mix.budget import allowances, cut, shares_of
from qantara.mix.data_sets import DataSet, Unit, amounts_of
from qantara.training_order import TrainingOrder


class Stream(NamedTuple):
    """The data sets of one language, each with its share and the most it may give; `reach` is what they give at these shares."""

    data_sets: tuple[DataSet, ...]
    shares: tuple[Fraction, ...]
    most: tuple[int, ...]
    reach: int

    def drawn(self, amount: int) -> TrainingOrder:
        """Return pieces in the order they are drawn in: the first `amount` (at most `reach`) of them, and some more."""
        # Within the first `amount`, no data set is ahead of its share by more than half the longest pieces of all together.
        slack = sum(int(data_set.amounts.max()) for data_set in self.data_sets)
        rows = list(zip(self.data_sets, self.shares, self.most, strict=True))
        places = [data_set.drawn(ceil(share * amount) + slack, most) for data_set, share, most in rows]
        amounts = [data_set.amounts[found] for data_set, found in zip(self.data_sets, places, strict=True)]
        pieces = [_taken(data_set.pieces, found) for data_set, found in zip(self.data_sets, places, strict=True)]
        return _taken(_joined(pieces), by_turns(amounts, self.shares))


class Drawing(NamedTuple):
    """An order, and what stood in the way of more: data sets that are used up, by language; nothing if the budget is spent."""

    order: TrainingOrder
    ran_out: dict[str, list[str]]


def stream_of(data_sets: Sequence[DataSet], weights: Mapping[str, float], max_epochs: float) -> Stream:
    """Return one language's data sets as a stream, in shares by weight; without weights for any of them they end together.

    A data set without a weight beside others that have one is a DataError; one of weight 0 is left out.
    """
    weighted = [data_set for data_set in data_sets if data_set.source in weights]
    if weighted and (missing := [data_set.source for data_set in data_sets if data_set.source not in weights]):
        code = weighted[0].language
        raise DataError(f"mix.weights lacks data set {missing[0]} ({code}): give it a part, 0 leaves it out")
    most = {data_set.source: data_set.most(max_epochs) for data_set in data_sets}
    shares = shares_of(
        {source: weights[source] if weighted else number for source, number in most.items() if number > 0}
    )
    used = tuple(data_set for data_set in data_sets if data_set.source in shares)
    given = [shares[data_set.source] for data_set in used], [most[data_set.source] for data_set in used]
    reach = min((int(number / share) for share, number in zip(*given, strict=True)), default=0)
    return Stream(used, tuple(given[0]), tuple(given[1]), reach)


def draw_pieces(
    streams: Mapping[str, Stream], shares: Mapping[str, Fraction], budget: int | None, unit: Unit
) -> Drawing:
    """Return the order that spends `budget` tokens (None: all there is) on languages by their shares of `unit`.

    In tokens, each language gets its allowance to the token; `cut` tells of the one case where a token is missing.
    """
    reach = min(_reach(streams, code, share) for code, share in shares.items())
    if reach == 0:
        order = TrainingOrder.of([])
    elif unit == "tokens":
        order = _by_tokens(streams, shares, reach if budget is None else min(budget, reach))
    else:
        order = _by_pieces(streams, shares, reach, budget)
    most = reach if unit == "tokens" or reach == 0 else int(order.num_tokens.sum()) + 1  # `cut` may leave out a token
    return Drawing(order, {} if budget is not None and budget <= most else _used_up(streams, shares, reach))


def by_turns(amounts: Sequence[NDArray[np.int64]], shares: Sequence[Fraction]) -> NDArray[np.int64]:
    """Return the order in which entries of several lists (numbered one list after the other) take turns to keep the shares.

    An entry is due when its middle is: half its amount and all before it in its list, over the list's share. So each list is
    within half an entry of its share of what was due, and of two lists' sum never more than half the longer entry off.
    """
    due = [(np.cumsum(each) - each / 2) / float(share) for each, share in zip(amounts, shares, strict=True)]
    return np.argsort(np.concatenate(due), kind="stable")


def _by_tokens(streams: Mapping[str, Stream], shares: Mapping[str, Fraction], amount: int) -> TrainingOrder:
    allowed = allowances(amount, shares)
    drawn = [streams[code].drawn(allowed[code]) for code in shares]
    taken = [_shortened(pieces, tokens) for pieces, tokens in zip(drawn, allowed.values(), strict=True)]
    # Turns are by whole pieces, so that a cut at the end of a language moves nothing before it.
    whole = [amounts_of(_first(pieces, len(some)), "tokens") for pieces, some in zip(drawn, taken, strict=True)]
    return _taken(_joined(taken), by_turns(whole, list(shares.values())))


def _by_pieces(
    streams: Mapping[str, Stream], shares: Mapping[str, Fraction], reach: int, budget: int | None
) -> TrainingOrder:
    """How many pieces the budget buys shows when they are drawn: an epoch of them is tried, then twice as many, and so on."""
    number = sum(data_set.size for code in shares for data_set in streams[code].data_sets)
    while True:
        number = reach if budget is None else min(number, reach)
        allowed = {code: ceil(share * number - Fraction(1, 2)) for code, share in shares.items()}  # due before `number`
        drawn = [_first(streams[code].drawn(count), count) for code, count in allowed.items()]
        order = _taken(_joined(drawn), by_turns([amounts_of(some, "samples") for some in drawn], list(shares.values())))
        if budget is None:
            return order
        if number == reach or order.num_tokens.sum(dtype=np.int64) >= budget:
            return _shortened(order, budget)
        number *= 2


def _reach(streams: Mapping[str, Stream], code: str, share: Fraction) -> int:
    return int(streams[code].reach / share)


def _used_up(streams: Mapping[str, Stream], shares: Mapping[str, Fraction], reach: int) -> dict[str, list[str]]:
    ended = [code for code, share in shares.items() if _reach(streams, code, share) == reach]
    return {code: _ended(streams[code]) for code in ended}


def _ended(stream: Stream) -> list[str]:
    rows = zip(stream.data_sets, stream.shares, stream.most, strict=True)
    return [data_set.source for data_set, share, most in rows if int(most / share) == stream.reach]


def _taken(order: TrainingOrder, places: NDArray[np.int64]) -> TrainingOrder:
    return TrainingOrder(order.samples[places], order.starts[places], order.num_tokens[places])


def _first(order: TrainingOrder, number: int) -> TrainingOrder:
    return TrainingOrder(order.samples[:number], order.starts[:number], order.num_tokens[:number])


def _shortened(order: TrainingOrder, num_tokens: int) -> TrainingOrder:
    lengths = cut(order.num_tokens, num_tokens)
    return TrainingOrder(order.samples[: len(lengths)], order.starts[: len(lengths)], lengths)


def _joined(orders: Sequence[TrainingOrder]) -> TrainingOrder:
    columns = zip(*((order.samples, order.starts, order.num_tokens) for order in orders), strict=True)
    return TrainingOrder(*(np.concatenate(column) for column in columns))
