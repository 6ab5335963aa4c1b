from dataclasses import replace

import pytest

from qantara.evaluate.prompting.asking import Ask, ItemAsks, item_asks, option_values, predictions_of
from qantara.evaluate.prompting.prompts import rotated
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluate.sitting import Sitting
from qantara.models.questions import Likelihood, Question

BOTH = {"scoring": ("letter", "text")}


def asks(item, *examples, **settings):
    config = EvaluationConfig(**settings)
    (arm,) = [arm for arm in config.chosen() if arm.language == item.language]
    return item_asks(item, examples, config.spec(arm), config, None)


def likely(*pairs):
    return [Likelihood(log, tokens, False) for log, tokens in pairs]


def test_letters_and_texts_with_the_same_prompt_are_one_question_with_two_sets(make_item):
    (ask,) = asks(make_item(1), **BOTH).asks
    assert ask.sets == ("letter", "text")
    assert ask.question.answer_sets == ((" A", " B", " C", " D"), (" 1 mg", " 2 mg", " 3 mg", " 4 mg"))


def test_examples_show_what_is_scored_so_that_with_them_there_are_two_questions(make_item):
    letters, texts = asks(make_item(1), make_item(6), shots=1, **BOTH).asks
    assert (letters.sets, texts.sets) == (("letter",), ("text",))
    assert "Answer: C\n" in letters.question.prompt
    assert "Answer: 8 mg\n" in texts.question.prompt


def test_pmi_asks_the_options_without_their_question(make_item):
    whole, bare = asks(make_item(1, "ar"), scoring=("text",), pmi=True, arms=("ar",)).asks
    assert (whole.sets, bare.sets) == (("text",), ("bare",))
    assert bare.question == Question("الإجابة:", ((" 1 ملغ", " 2 ملغ", " 3 ملغ", " 4 ملغ"),))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_permutations_ask_every_cyclic_order_once(make_item, count):
    found = asks(make_item(1, num_options=count), permutations=True).asks
    assert [ask.sets for ask in found] == [("letter",), *((f"letter/{by}",) for by in range(1, count))]
    lines = [ask.question.prompt.splitlines()[4 : 4 + count] for ask in found]
    for by, shown in enumerate(lines):
        assert shown == [f"{label}. {1 + (place + by) % count} mg" for place, label in enumerate("ABCD"[:count])]


def test_only_what_is_asked_for_is_asked(make_item):
    assert asks(make_item(1), scoring=("generate",)).asks == ()
    assert [ask.sets for ask in asks(make_item(1)).asks] == [("letter",)]


def test_values_of_texts_are_divided_by_tokens_bytes_and_characters(make_item):
    item = make_item(8, "ar", num_options=3)  # "8 ملغ": 5 characters, 8 bytes; "10 ملغ": 6 and 9
    asked = asks(item, scoring=("text",), arms=("ar",))
    found = [[likely((-8.0, 4), (-16.0, 2), (-18.0, 6))]]
    assert option_values(asked, found) == {
        ("text", "sum"): (-8.0, -16.0, -18.0),
        ("text", "token"): (-2.0, -8.0, -3.0),
        ("text", "byte"): (-1.0, -2.0, -2.0),
        ("text", "character"): (-8 / 5, -16 / 5, -3.0),
    }


def test_pmi_takes_away_what_an_option_has_without_its_question(make_item):
    asked = asks(make_item(1, num_options=2), scoring=("text",), pmi=True)
    values = option_values(asked, [[likely((-5.0, 2), (-6.0, 2))], [likely((-1.0, 2), (-4.5, 2))]])
    assert values["text", "pmi"] == (-4.0, -1.5)
    assert values["text", "sum"] == (-5.0, -6.0)


@pytest.mark.parametrize("count", [3, 4])
def test_permuted_is_the_mean_over_all_places_of_an_option_whatever_its_label(make_item, count):
    """A made-up model likes option k by -k and label j by -10j: the mean over orders sees the option alone."""
    item = make_item(1, num_options=count)
    asked = asks(item, permutations=True)
    found = []
    for by in range(count):
        options = rotated(item, by).options
        logs = [-float(item.options.index(text)) - 10.0 * place for place, text in enumerate(options)]
        found.append([likely(*((log, 1) for log in logs))])
    values = option_values(asked, found)
    assert values["letter", "sum"] == tuple(-11.0 * k for k in range(count))
    labels = 10 * (count - 1) / 2
    assert values["letter", "permuted"] == pytest.approx([-float(k) - labels for k in range(count)])


def test_permuted_by_hand_for_three_options(make_item):
    asked = asks(make_item(0, num_options=3), permutations=True)
    # order 0: a b c, order 1: b c a, order 2: c a b
    found = [
        [likely((-1.0, 1), (-2.0, 1), (-3.0, 1))],
        [likely((-4.0, 1), (-5.0, 1), (-6.0, 1))],
        [likely((-7.0, 1), (-8.0, 1), (-9.0, 1))],
    ]
    assert option_values(asked, found)["letter", "permuted"] == (
        (-1.0 - 6.0 - 8.0) / 3,
        (-2.0 - 4.0 - 9.0) / 3,
        (-3.0 - 5.0 - 7.0) / 3,
    )


def test_two_orders_that_read_the_same_are_one_question(make_item):
    item = replace(make_item(0), options=("yes", "no", "yes", "no"))
    found = asks(item, permutations=True).asks
    assert [ask.sets for ask in found] == [("letter", "letter/2"), ("letter/1", "letter/3")]
    first, second = likely((-1.0, 1), (-2.0, 1), (-3.0, 1), (-4.0, 1)), likely(*((-8.0, 1),) * 4)
    values = option_values(ItemAsks(item, found), [[first, first], [second, second]])
    assert values["letter", "permuted"] == ((-1 - 8 - 3 - 8) / 4, (-2 - 8 - 4 - 8) / 4) * 2


def test_a_prediction_takes_the_largest_value_and_the_first_of_equals(make_item):
    item = make_item(2, subject="anatomy")
    asked = ItemAsks(item, (Ask(Question("p", (("a",),)), ("letter",)),))
    values = {("letter", "sum"): (-2.0, -1.0, -1.0, -3.0), ("letter", "permuted"): (-2.0, -2.0, -1.5, -9.0)}
    first, second = predictions_of(asked, values, Sitting("m", "t", "ar-latin"))
    assert (first.chosen_index, second.chosen_index) == (1, 2)
    assert first.log_probabilities == (-2.0, -1.0, -1.0, -3.0)
    assert (first.model, first.task, first.arm, first.scoring, first.normalization) == (
        *("m", "t", "ar-latin", "letter", "sum"),
    )
    assert (first.item_id, first.family, first.subject, first.language, first.answer_index) == (
        *(item.id, "f2", "anatomy", "en", 2),
    )
    assert (first.tier, first.reply) == ("", "")
