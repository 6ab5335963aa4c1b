"""Servers that can score pass; each that can't is refused in one line that says what to do instead."""

import pytest

from qantara.errors import CallError
from qantara.evaluate.answers.server_answers import ServerScoring
from qantara.evaluate.answers.server_check import check_server

LATIN, ARABIC = ("A", "B", "C", "D"), ("أ", "ب", "ج", "د")


def scoring(interface="completions", label_sets=(LATIN, ARABIC), **changes):
    return ServerScoring(model="scorer", label_sets=label_sets, interface=interface, **changes)


def refusal(caller, one=None, **wanted):
    with pytest.raises(CallError) as caught:
        check_server(caller, one or scoring(), **({"letters": True, "texts": True} | wanted))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("interface", ["completions", "chat"])
def test_an_honest_server_passes_for_letters(open_caller, scoring_server, interface):
    assert check_server(open_caller(scoring_server), scoring(interface), letters=True, texts=False) == []
    assert len(scoring_server.bodies) == 4  # two sets of labels, twice


def test_an_honest_server_passes_for_texts(open_caller, scoring_server):
    assert check_server(open_caller(scoring_server), scoring(), letters=True, texts=True) == []
    assert sum("echo" in body for body in scoring_server.bodies) == 8  # two languages, two answers, twice


def test_a_server_that_adds_its_begin_mark_passes(open_caller, scoring_server):
    scoring_server.begin_mark = "."
    assert check_server(open_caller(scoring_server), scoring(), letters=True, texts=True) == []


def test_a_model_that_takes_nonsense_for_right_is_warned_of_and_not_refused(open_caller, scoring_server):
    scoring_server.model.learn("The capital of France is zqxvkw", 99)
    scoring_server.model.vocabulary.add(" zqxvkw")
    (warning,) = check_server(open_caller(scoring_server), scoring(), letters=False, texts=True)
    assert "(en) doesn't separate" in warning


def test_a_real_model_whose_tokens_are_bytes_passes_for_texts(open_caller, tiny_server):
    check_server(open_caller(tiny_server), scoring(), letters=False, texts=True)


@pytest.mark.parametrize(
    ("behavior", "says"),
    [
        ("ignored", "tells no log-probabilities of the prompt (it ignores `echo`); score letters or replies instead"),
        ("zeros", "every answer has the same log-probability, 0"),
        ("refused", "turned `echo` with `logprobs` down (HTTP 400); score letters or replies instead"),
        ("moody", "asked twice, its log-probabilities differ by"),
    ],
)
def test_a_server_that_cannot_echo_is_refused_for_texts_and_passes_for_letters(
    open_caller, scoring_server, behavior, says
):
    scoring_server.echo = behavior
    assert says in refusal(open_caller(scoring_server))
    assert check_server(open_caller(scoring_server), scoring(), letters=True, texts=False) == []


def test_llama_server_with_its_own_form_of_log_probabilities_is_refused_for_texts(open_caller, scoring_server):
    scoring_server.echo, scoring_server.as_objects = "ignored", True
    assert "it ignores `echo`" in refusal(open_caller(scoring_server))


@pytest.mark.parametrize("interface", ["completions", "chat"])
@pytest.mark.parametrize(
    ("behavior", "says"),
    [
        ("ignored", "tells no log-probabilities of the first token (it ignores `logprobs`); score replies instead"),
        ("zeros", "every answer has the same log-probability, 0"),
        ("refused", "turned `logprobs` down (HTTP 400); score replies instead"),
        ("moody", "asked twice, its log-probabilities differ by"),
    ],
)
def test_a_server_without_log_probabilities_is_refused_for_letters(
    open_caller, scoring_server, interface, behavior, says
):
    scoring_server.logprobs = behavior
    assert says in refusal(open_caller(scoring_server), scoring(interface), texts=False)


def test_labels_that_no_first_token_could_be_are_refused_by_name(open_caller, scoring_server):
    says = refusal(open_caller(scoring_server), scoring(label_sets=(LATIN, ("٤", "٥"))), texts=False)
    assert "none of the labels ٤, ٥ is among the 20 likeliest first tokens" in says


def test_a_prompt_with_a_begin_mark_before_which_the_server_puts_another_is_refused(open_caller, scoring_server):
    scoring_server.begin_mark = "."
    with pytest.raises(CallError, match="adds a begin mark"):
        check_server(
            open_caller(scoring_server), scoring(), letters=False, texts=True, prompt_of=lambda text: f".{text}"
        )


def test_an_echo_of_another_text_is_refused(open_caller, scoring_server):
    words = scoring_server.model.tokens
    scoring_server.model.tokens = lambda text: words(text)[3:]
    assert "echoes another text" in refusal(open_caller(scoring_server), letters=False)


def test_a_server_without_completions_is_named_with_its_path(open_caller, scoring_server):
    scoring_server.url += "/nowhere"
    scoring_server.answer = lambda body: (404, {})
    assert "no such model or path (HTTP 404), model scorer, /completions" in refusal(open_caller(scoring_server))


def test_a_passed_test_is_not_asked_again_and_an_old_refusal_is(open_caller, scoring_server):
    scoring_server.echo = "ignored"
    refusal(open_caller(scoring_server))
    num_calls = len(scoring_server.bodies)
    scoring_server.echo = "honest"  # another server was started at the same place
    check_server(open_caller(scoring_server), scoring(), letters=True, texts=True)
    assert len(scoring_server.bodies) == 2 * num_calls
    check_server(open_caller(scoring_server), scoring(), letters=True, texts=True)
    assert len(scoring_server.bodies) == 2 * num_calls


def test_a_refusal_that_still_holds_is_told_again(open_caller, scoring_server):
    scoring_server.logprobs = "refused"
    first = refusal(open_caller(scoring_server), texts=False)
    assert refusal(open_caller(scoring_server), texts=False) == first
