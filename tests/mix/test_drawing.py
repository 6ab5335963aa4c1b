import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from qantara.errors import DataError
from qantara.mix.budget import shares_of
from qantara.mix.data_sets import data_sets_of
from qantara.mix.drawing import by_turns, draw_pieces, stream_of

LONGEST = 60


@pytest.fixture
def corpus(make_samples):
    """Two Arabic and three English data sets of unlike sizes and lengths, and a French one."""
    return [
        *make_samples(300, "en", "a", (5, 20)),
        *make_samples(500, "en", "b", (30, LONGEST)),
        *make_samples(60, "en", "c", (5, LONGEST)),
        *make_samples(200, "ar", "a", (20, LONGEST)),
        *make_samples(150, "ar", "b", (5, 50)),
        *make_samples(120, "fr", "d", (5, LONGEST)),
    ]


def draw(samples, ratio, budget=None, *, unit="tokens", weights=None, max_epochs=1.0, seed=7):
    sets = data_sets_of(samples, range(len(samples)), 1000, unit, seed)
    shares = shares_of(ratio)
    streams = {code: stream_of([d for d in sets if d.language == code], weights or {}, max_epochs) for code in shares}
    return draw_pieces(streams, shares, budget, unit)


def counted(samples, order, unit, key):
    """Return for each key the running sums of what the unit counts, one a piece."""
    amounts = np.ones(len(order)) if unit == "samples" else order.num_tokens
    keys = np.array([key(samples[i]) for i in order.samples.tolist()])
    return {name: np.cumsum(np.where(keys == name, amounts, 0)) for name in sorted(set(keys.tolist()))}


@pytest.mark.parametrize("unit", ["tokens", "samples"])
@pytest.mark.parametrize("ratio", [{"ar": 1, "en": 2}, {"ar": 9, "en": 1}, {"ar": 3, "en": 2, "fr": 0.7}])
def test_any_beginning_holds_the_ratio_within_one_piece(corpus, ratio, unit):
    order = draw(corpus, ratio, unit=unit, max_epochs=2).order
    sums = counted(corpus, order, unit, lambda sample: sample.language)
    total = sum(sums.values())
    assert len(order) > 400
    for code, share in shares_of(ratio).items():
        pieces = 0.5 if len(ratio) == 2 else 1
        assert np.abs(sums[code] - float(share) * total).max() <= pieces * (LONGEST if unit == "tokens" else 1)


def test_the_order_of_languages_in_a_recipe_and_of_records_does_not_matter(corpus):
    order = draw(corpus, {"ar": 1, "en": 2}, 5000).order
    assert list(draw(corpus, {"en": 2, "ar": 1}, 5000).order) == list(order)
    turned = corpus[::-1]
    names = [(turned[p.sample].example_id, p.num_tokens) for p in draw(turned, {"ar": 1, "en": 2}, 5000).order]
    assert names == [(corpus[p.sample].example_id, p.num_tokens) for p in order]
    other = draw(corpus, {"ar": 1, "en": 2}, 5000, seed=8).order
    assert set(other.samples.tolist()) != set(order.samples.tolist())


def test_at_every_thousand_pieces_the_token_ratio_is_within_half_a_percent(corpus):
    order = draw(corpus, {"ar": 1, "en": 2}, max_epochs=20).order
    sums = counted(corpus, order, "tokens", lambda sample: sample.language)
    assert len(order) > 10_000
    for end in range(999, len(order), 1000):
        assert sums["ar"][end] / sums["en"][end] == pytest.approx(0.5, rel=0.005)


@pytest.mark.parametrize("unit", ["tokens", "samples"])
def test_data_sets_keep_their_weights_within_their_language(corpus, unit):
    weights = {"a": 1, "b": 3, "c": 1, "of a language that is not mixed": 5}
    order = draw(corpus, {"ar": 1, "en": 1}, unit=unit, weights=weights, max_epochs=3).order
    sums = counted(corpus, order, unit, lambda sample: f"{sample.language} {sample.source}")
    for source, share in (("a", 0.2), ("b", 0.6), ("c", 0.2)):
        english = sums["en a"] + sums["en b"] + sums["en c"]
        assert np.abs(sums[f"en {source}"] - share * english).max() <= (LONGEST if unit == "tokens" else 1)
    assert np.abs(sums["ar a"] * 3 - sums["ar b"]).max() <= (4 * LONGEST if unit == "tokens" else 4)


def test_without_weights_the_data_sets_of_a_language_end_together(corpus):
    order = draw(corpus, {"en": 1}).order
    assert sorted(order.samples.tolist()) == list(range(860))
    last = {}
    for place, sample in enumerate(order.samples.tolist()):
        last[corpus[sample].source] = place
    assert min(last.values()) > 830


@pytest.mark.parametrize("budget", [2, 37, 1000, 4001, 9998])
def test_the_budget_and_each_language_in_it_are_met_to_the_token(corpus, budget):
    order, ran_out = draw(corpus, {"ar": 1, "en": 2, "fr": 1}, budget)
    sums = Counter()
    for piece in order:
        sums[corpus[piece.sample].language] += piece.num_tokens
        assert 2 <= piece.num_tokens <= len(corpus[piece.sample].input_ids)
        assert piece.start == 0
    if budget > 36:
        assert sum(sums.values()) == budget
        assert abs(sums["en"] - budget / 2) <= 1
        assert abs(sums["ar"] - budget / 4) <= 1
    assert ran_out == {}


def test_by_pieces_the_budget_is_met_to_the_token_too(corpus):
    order, ran_out = draw(corpus, {"ar": 1, "en": 2}, 90_001, unit="samples", max_epochs=5)
    assert order.num_tokens.sum() == 90_001
    assert ran_out == {}
    counts = Counter(corpus[i].language for i in order.samples)
    assert abs(counts["en"] - 2 * counts["ar"]) <= 2


@pytest.mark.parametrize("unit", ["tokens", "samples"])
def test_a_longer_budget_only_adds_to_the_order_of_a_shorter_one(corpus, unit):
    ratio = {"ar": 1, "en": 5, "fr": 0.02}
    longest = list(draw(corpus, ratio, unit=unit, max_epochs=4).order)
    for budget in (500, 4321, 20_000, 50_000):
        order = list(draw(corpus, ratio, budget, unit=unit, max_epochs=4).order)
        certain = len(order) - len(
            ratio
        )  # a language with a small share may get a piece that wasn't due yet, to be exact
        pairs = list(zip(order[:certain], longest[:certain], strict=True))
        assert all(short[:2] == long[:2] for short, long in pairs)
        cut = [corpus[short.sample].language for short, long in pairs if short != long]
        assert max(Counter(cut).values(), default=0) <= 2  # a language's last piece, and one that gave it a token


def test_by_pieces_a_budget_is_a_beginning_to_the_token_wherever_it_ends(corpus):
    ratio = {"ar": 1, "en": 5, "fr": 0.3}
    longest = draw(corpus, ratio, unit="samples", max_epochs=6).order
    epoch = int(longest.num_tokens[: len(corpus)].sum())
    for budget in range(epoch - 200, epoch + 200, 7):
        order = draw(corpus, ratio, budget, unit="samples", max_epochs=6).order
        assert order.num_tokens.sum() == budget
        assert order.samples.tolist() == longest.samples[: len(order)].tolist()


def test_another_ratio_takes_the_pieces_of_a_language_in_the_same_order(corpus):
    def arabic(ratio):
        order = draw(corpus, ratio, 6000, max_epochs=2).order
        return [piece for piece in order if corpus[piece.sample].language == "ar"][:-2]

    few, many = arabic({"ar": 1, "en": 4}), arabic({"ar": 4, "en": 1})
    assert many[: len(few)] == few
    assert len(many) > 3 * len(few)


def test_nothing_is_drawn_more_often_than_the_epochs_allow(corpus):
    for weights in ({}, {"a": 5, "b": 1, "c": 2, "d": 1}):
        for unit in ("tokens", "samples"):
            order = draw(corpus, {"ar": 1, "en": 1}, unit=unit, weights=weights, max_epochs=2).order
            assert max(Counter(order.samples.tolist()).values()) == 2


@pytest.mark.parametrize("unit", ["tokens", "samples"])
def test_where_data_runs_out_the_ratio_is_held_and_the_budget_shrinks(corpus, unit):
    order, ran_out = draw(corpus, {"ar": 1, "en": 1, "fr": 2}, 10**6, unit=unit)
    assert ran_out == {"fr": ["d"]}
    sums = counted(corpus, order, unit, lambda sample: sample.language)
    available = sum(len(s.input_ids) if unit == "tokens" else 1 for s in corpus if s.language == "fr")
    assert sums["fr"][-1] == available
    assert sums["ar"][-1] == pytest.approx(available / 2, abs=1)
    assert sums["en"][-1] == pytest.approx(available / 2, abs=1)


def test_a_data_set_with_too_much_weight_is_what_runs_out(corpus):
    order, ran_out = draw(corpus, {"en": 1}, 10**6, weights={"a": 1, "b": 1, "c": 8}, max_epochs=1.5)
    assert ran_out == {"en": ["c"]}
    sums = counted(corpus, order, "tokens", lambda sample: sample.source)
    total = sum(len(sample.input_ids) for sample in corpus if sample.source == "c")
    assert 1.5 * total - LONGEST < sums["c"][-1] <= 1.5 * total
    assert sums["c"][-1] / order.num_tokens.sum() == pytest.approx(0.8, abs=0.01)


def test_a_language_without_data_leaves_nothing_to_draw(corpus):
    order, ran_out = draw(corpus, {"ar": 1, "zh": 1}, 1000)
    assert len(order) == 0
    assert ran_out == {"zh": []}


def test_a_data_set_without_a_weight_beside_weighted_ones_is_told(corpus):
    with pytest.raises(DataError, match=r"lacks data set c \(en\)"):
        draw(corpus, {"en": 1}, weights={"a": 1, "b": 1})
    assert len(draw(corpus, {"fr": 1}, weights={"a": 1, "b": 1}).order) == 120


@pytest.mark.parametrize("unit", ["tokens", "samples"])
def test_what_is_drawn_does_not_depend_on_how_far_ahead_data_sets_are_shuffled(corpus, unit):
    sets = [d for d in data_sets_of(corpus, range(len(corpus)), 1000, unit, 3) if d.language == "en"]
    dice = random.Random(2)
    for _ in range(20):
        stream = stream_of(sets, {name: dice.random() ** 4 + 1e-3 for name in "abc"}, 3)
        whole = stream.drawn(stream.reach)
        ends = np.cumsum(whole.num_tokens if unit == "tokens" else np.ones(len(whole)))
        epochs = [int(d.size / share) for d, share in zip(stream.data_sets, stream.shares, strict=True)]
        for amount in (dice.randint(1, stream.reach), *(end for end in epochs if end <= stream.reach)):
            needed = int(np.searchsorted(ends, amount)) + 1
            assert list(stream.drawn(amount))[:needed] == list(whole)[:needed]


def test_turns_go_to_the_list_whose_entry_is_due_first():
    turns = by_turns([np.array([1] * 3), np.array([1] * 6)], [Fraction(1, 3), Fraction(2, 3)])
    assert turns.tolist() == [3, 0, 4, 5, 1, 6, 7, 2, 8]
