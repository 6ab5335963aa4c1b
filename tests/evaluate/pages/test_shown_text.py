import re

import pytest
from markupsafe import Markup

from qantara.evaluate.pages.shown_text import Prompt, prompt_lines, shown, visible_spaces


def plain(lines):
    joined = "".join(str(line.tokens) for line in lines).replace("<u>\u23ce</u>", "\n")
    return str(Markup(re.sub(r"<[^>]*>", "", joined)).unescape())


def pieces(line):
    return re.findall(r"<i(?: class=\"([^\"]*)\")?>(.*?)</i>", str(line.tokens))


def test_a_text_has_isolates_and_is_escaped():
    assert shown("خذ 5-10 mg <b>", "ar") == 'خذ <bdi dir="ltr">5-10 mg</bdi> &lt;<bdi dir="ltr">b</bdi>&gt;'


@pytest.mark.parametrize(
    ("sign", "code", "name"),
    [
        ("\u200f", "U+200F", "RIGHT-TO-LEFT MARK"),
        ("\u00a0", "U+00A0", "NO-BREAK SPACE"),
        ("\u200c", "U+200C", "ZERO WIDTH NON-JOINER"),
    ],
)
def test_an_invisible_character_is_named_and_stays(sign, code, name):
    assert shown(f"أ{sign}ب", "ar") == f'أ<span class="inv" title="{name}" data-code="{code}">{sign}</span>ب'


PROMPT = "<|im_start|>السؤال: خذ 5-10 mg؟\n\nأ. CO2 + H2O\nAnswer: 5 < 6\n"


def test_nothing_of_a_prompt_is_lost_whatever_its_tokens():
    for starts in ((), (0,), tuple(range(len(PROMPT))), (0, 12, 13, 20, 22, 23, 31, 40)):
        assert plain(prompt_lines(Prompt(text=PROMPT, token_starts=starts, special=((0, 12),)), "ar")) == PROMPT


def test_each_line_runs_as_its_letters_do():
    directions = [line.direction for line in prompt_lines(Prompt(text=PROMPT), "ar")]
    assert directions == ["rtl", "rtl", "rtl", "ltr"]
    question = "Question: ما هو الدواء المناسب لهذا المريض؟\nB. warfarin\n"
    assert [line.direction for line in prompt_lines(Prompt(text=question), "en")] == ["rtl", "ltr"]


def test_a_token_over_an_isolate_or_a_line_end_goes_on_in_a_piece_that_says_so():
    (line,) = prompt_lines(Prompt(text="خذ 5 mg", token_starts=(0, 1)), "ar")
    assert pieces(line) == [("", "خ"), ("o", "ذ "), ("c o", "5 mg")]
    first, second = prompt_lines(Prompt(text="a\n\nb", token_starts=(0, 1, 3)), "en")[:2]
    assert pieces(first) == [("", "a"), ("o", "<u>\u23ce</u>")]
    assert pieces(second) == [("c o", "<u>\u23ce</u>")]


def test_tokens_of_a_number_stay_together_in_one_isolate():
    (line,) = prompt_lines(Prompt(text="خذ 5-10 mg", token_starts=(0, 3, 4, 5)), "ar")
    assert line.tokens.endswith('<bdi dir="ltr"><i class="o">5</i><i>-</i><i class="o">10 mg</i></bdi>')


def test_tokens_that_share_a_character_are_marked():
    (line,) = prompt_lines(Prompt(text="ab", token_starts=(0, 1, 1)), "en")
    assert pieces(line) == [("", "a"), ("m o", "b")]


def test_a_special_token_is_one_piece_that_runs_its_own_way():
    line = prompt_lines(Prompt(text="<|im_start|>سؤال", token_starts=(0, 12), special=((0, 12),)), "ar")[0]
    assert line.direction == "rtl"
    assert line.tokens.startswith('<bdi dir="ltr"><i class="s">&lt;|im_start|&gt;</i></bdi>')


def test_outer_spaces_of_an_answer_are_seen():
    assert visible_spaces([" A", "A", "a b \n"]) == ["\u2423A", "A", "a b\u2423\u23ce"]


def test_a_prompt_without_known_tokens_has_no_boxes():
    (line,) = prompt_lines(Prompt(text="خذ 5 mg"), "ar")
    assert [kinds for kinds, _ in pieces(line)] == ["p", "c p"]
