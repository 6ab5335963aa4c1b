import pytest

from qantara.sources.benchmarks.lettered_text import question_and_options


@pytest.mark.parametrize(
    ("text", "answer", "code", "options", "index"),
    [
        ("أيها:\nأ. س\nب. ص", "ب. ص\n", "ar", ("س", "ص"), 1),
        ("أيها:\nا. س\nب.ص\nهـ. ع", "ه. ع", "ar", ("س", "ص", "ع"), 2),  # a letter is left out, alef and heh are bare
        ("أيها:\nأ. س\nب. ص\nه. ع", "هـ. ع", "ar", ("س", "ص", "ع"), 2),
        ("أيها: أ. س\nب. ص", " أ. س\n", "ar", ("س", "ص"), 0),  # the first option on the question's line
        ("أيها:\nأ. يبدأ\nويستمر\nب. ص", "أ. يبدأ", "ar", ("يبدأ ويستمر", "ص"), 0),
        ("أيها:\n\nأ. س  \n\nب. ص  ", "ص", "ar", ("س", "ص"), 1),  # an answer without its letter
        ("Which?\nA. one\nB. two\nC) three", "C. three", "en", ("one", "two", "three"), 2),
        ("Which?\nA. one\nB. two", "B", "en", ("one", "two"), 1),
        ("Which?\nA. one\nB. two", "E. other", "en", ("one", "two"), -1),
        ("Which?\nA. vitamin\nB. B. burgdorferi", "B. B. burgdorferi", "en", ("vitamin", "B. burgdorferi"), 1),
        ("Which?\nB. two\nC. three", "B. two", "en", (), -1),  # the first letter is missing
        ("No options", "A. one", "en", (), -1),
    ],
)
def test_options_and_key(text: str, answer: str, code: str, options: tuple[str, ...], index: int) -> None:
    question, found, key = question_and_options(text, answer, code)
    assert (found, key) == (options, index)
    assert question == text.splitlines()[0].partition(" أ.")[0] or not options
