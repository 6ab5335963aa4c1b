import pytest

from qantara.models.encoded_questions import common_length, encode
from qantara.models.questions import Question

LETTERS = (" A", " B")


def encoded(tokenizer, prompt, *answer_sets):
    (found,) = encode(tokenizer, [Question(prompt, answer_sets)])
    return found


def scored(found):
    """Return (given, scored) texts' lengths by set and answer."""
    stem = len(found.stem)
    return [
        [(stem + given, len(tail) - given) for tail in tails]
        for tails, given in zip(found.tails, found.num_given, strict=True)
    ]


@pytest.mark.parametrize(
    ("prompt", "answer_sets", "expected"),
    [
        ("ask:", [(" A", " B")], [[(5, 1), (5, 1)]]),  # the space is common: the letter alone is scored
        ("ask:", [(" x", " xyz")], [[(5, 1), (5, 3)]]),  # one begins the other: the last token of the shorter is scored
        ("ask:", [(" yes", " yes")], [[(7, 1), (7, 1)]]),  # equal answers
        ("ask:", [("A", "B")], [[(3, 1), (3, 2)]]),  # ":A" is one token: scored from before the join
        ("ask:", [(" A", " B"), (" A. aorta", " A. vein")], [[(5, 1), (5, 1)], [(8, 5), (8, 4)]]),
        (
            "ask:",
            [("A", "B"), (" no", " yes")],
            [[(3, 1), (3, 2)], [(5, 2), (5, 3)]],
        ),  # a merge touches its own set only
        ("س: ", [("أ",), ("ab", "a")], [[(3, 1)], [(3, 1), (3, 1)]]),
    ],
)
def test_a_set_is_scored_from_where_its_answers_part(letter_tokenizer, prompt, answer_sets, expected):
    found = encoded(letter_tokenizer, prompt, *answer_sets)
    assert scored(found) == expected
    whole = [[letter_tokenizer(prompt + a, add_special_tokens=False)["input_ids"] for a in s] for s in answer_sets]
    assert found.tokens() == whole
    assert found.num_tokens == max(len(ids) for of_set in whole for ids in of_set)


def test_many_questions_are_encoded_in_order(letter_tokenizer):
    questions = [Question(f"number {i}:", (LETTERS, (" one", f" {i}"))) for i in range(200)]
    alone = [encoded(letter_tokenizer, question.prompt, *question.answer_sets) for question in questions]
    assert encode(letter_tokenizer, questions) == alone


def test_a_prompt_with_nothing_shared_is_refused(letter_tokenizer):
    with pytest.raises(ValueError, match="at least one token"):
        encoded(letter_tokenizer, "", ("a", "c"))


@pytest.mark.parametrize(
    ("first", "second", "expected"), [([], [1], 0), ([1, 2], [1, 2], 2), ([1, 2, 3], [1, 9, 3], 1), ([5], [6], 0)]
)
def test_common_length_is_that_of_the_beginning(first, second, expected):
    assert common_length(first, second) == common_length(second, first) == expected
