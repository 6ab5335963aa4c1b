from qantara.evaluate.sitting import Sitting
from qantara.records import Choice, Origin

ITEM = Choice(
    id="i1",
    language="ar",
    origin=Origin(source="s", native_id="n", subject="anatomy", family="f1"),
    question="q",
    options=("a", "b", "c"),
    answer_index=2,
)


def test_the_largest_value_is_chosen_and_of_equals_the_first():
    found = Sitting("m", "t", "ar-latin").by_values(ITEM, ("text", "byte"), (-2.0, -1.0, -1.0))
    assert (found.chosen_index, found.answer_index, found.log_probabilities) == (1, 2, (-2.0, -1.0, -1.0))
    assert (found.scoring, found.normalization, found.tier, found.reply) == ("text", "byte", "", "")
    assert (found.model, found.task, found.arm) == ("m", "t", "ar-latin")
    assert (found.item_id, found.family, found.subject, found.language) == ("i1", "f1", "anatomy", "ar")


def test_a_reply_that_could_not_be_read_has_no_choice():
    found = Sitting("m", "t", "ar").by_reply(ITEM, -1, "none", "...")
    assert (found.scoring, found.normalization, found.log_probabilities) == ("generate", "", ())
    assert (found.chosen_index, found.tier, found.reply) == (-1, "none", "...")
