import pytest

from qantara.fidelity.mutations.scene import Edit, deleted, replaced, reversed_pair
from qantara.fidelity.reading import read


def test_places_of_the_folded_text_lead_to_the_original():
    text = "قـرص 5"
    assert replaced(read(text, "ar"), 0, 3, "حبة").applied(text) == "حبة 5"


@pytest.mark.parametrize(
    ("start", "end", "kept", "left"), [(0, 3, "", "two, six"), (4, 7, "", "one, six"), (9, 12, "", "one two,")]
)
def test_one_space_goes_with_what_is_deleted(start, end, kept, left):
    assert deleted(read("one two, six", "en"), start, end, kept).applied("one two, six") == left


def test_a_kept_prefix_is_glued_to_the_next_word():
    assert deleted(read("ولا يجب", "ar"), 0, 3, "و").applied("ولا يجب") == "ويجب"


def test_a_reversed_pair_keeps_what_stands_between():
    assert reversed_pair(read("5 to 10", "en"), (0, 1), (5, 7)) == Edit(0, 7, "10 to 5")
