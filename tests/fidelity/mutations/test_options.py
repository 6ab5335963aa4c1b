from qantara.fidelity.mutations.options import option_duplicated, option_swapped
from qantara.records import Choice, Origin

QUESTION = Choice(
    id="1",
    language="ar",
    origin=Origin(source="test", native_id="1"),
    question="؟",
    options=("أ", "ب", "أ"),
    answer_index=0,
)


def test_only_unlike_options_change():
    assert [(made.options, i) for made, i in option_swapped(QUESTION)] == [
        (("ب", "أ", "أ"), 0),
        (("أ", "أ", "ب"), 1),
    ]
    assert [i for _, i in option_duplicated(QUESTION)] == [0, 1, 1, 2]
