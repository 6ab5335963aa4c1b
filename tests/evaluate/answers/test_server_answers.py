"""Likelihoods from a real HTTP server: letters, texts, what stays open, and that a second run asks nothing."""

from collections import Counter

import pytest

from qantara.errors import CallError
from qantara.evaluate.answers.server_answers import ServerAnswers, ServerScoring
from qantara.models.likelihood import likelihoods
from qantara.models.loading import load_tokenizer
from qantara.models.questions import Question

LATIN, ARABIC = ("A", "B", "C", "D"), ("أ", "ب", "ج", "د")
PROMPT = "Question: Which drug?\nA. x\nB. y\nC. z\nD. w\nAnswer:"
LETTERS = Question(PROMPT, (tuple(f" {label}" for label in LATIN),))


def scoring(interface="completions", **changes):
    return ServerScoring(model="scorer", label_sets=(LATIN, ARABIC), interface=interface, **changes)


def answers(open_caller, server, interface="completions", **changes):
    return ServerAnswers(open_caller(server), scoring(interface, **changes))


@pytest.mark.parametrize("as_objects", [False, True])
def test_letters_are_the_log_probabilities_of_the_first_token_in_one_call(open_caller, scoring_server, as_objects):
    scoring_server.as_objects = as_objects  # as llama-server tells them for raw completions
    asked = answers(open_caller, scoring_server)
    ((found,),) = asked.likelihoods([LETTERS])
    expected = scoring_server.model.after([":"])
    assert [one.log_probability for one in found] == [expected[f" {label}"] for label in LATIN]
    assert [(one.num_tokens, one.is_greedy) for one in found] == [(1, True), (1, False), (1, False), (1, False)]
    assert [(body["logprobs"], body["max_tokens"]) for body in scoring_server.bodies] == [(20, 1)]
    assert scoring_server.paths == ["/v1/completions"]


def test_chat_says_the_prompt_as_the_user_and_reads_letters_with_or_without_a_space(open_caller, scoring_server):
    asked = answers(open_caller, scoring_server, "chat")
    ((found,),) = asked.likelihoods([Question(PROMPT, (LATIN,))])
    after = scoring_server.model.after([":"])
    # what isn't likely without its space isn't among the alternatives either
    expected = [after[f" {label}"] for label in LATIN]
    assert [one.log_probability for one in found] == pytest.approx(expected, abs=5e-3)
    assert all(one.log_probability >= least for one, least in zip(found, expected, strict=True))
    assert scoring_server.paths == ["/v1/chat/completions"]
    assert scoring_server.bodies[0]["messages"] == [{"role": "user", "content": PROMPT}]
    assert (scoring_server.bodies[0]["logprobs"], scoring_server.bodies[0]["top_logprobs"]) == (True, 20)


def test_a_label_below_the_alternatives_has_the_least_as_its_bound_and_is_counted(open_caller, scoring_server):
    asked = answers(open_caller, scoring_server, top_logprobs=2)
    ((found,),) = asked.likelihoods([LETTERS])
    likeliest, second = sorted(scoring_server.model.after([":"]).values(), reverse=True)[:2]
    assert [one.log_probability for one in found] == [likeliest, second, second, second]
    assert [one.is_greedy for one in found] == [True, False, False, False]
    assert asked.counts.labels_below == 3


def test_a_question_none_of_whose_labels_is_there_is_open_and_counted(open_caller, scoring_server):
    asked = answers(open_caller, scoring_server, top_logprobs=3)
    arabic = Question("The capital of France is", (tuple(f" {label}" for label in ARABIC),))
    assert asked.likelihoods([arabic, LETTERS])[0] is None
    assert (asked.counts.questions, asked.counts.unreadable) == (2, 1)


def test_texts_from_an_echo_are_those_of_local_scoring_also_where_letters_are_cut(open_caller, tiny_server, tiny_model):
    questions = [
        Question("The dose is", ((" 5 mg", " 50 mg daily", " nothing"),)),
        Question("الجرعة هي", ((" أسبرين", " أموكسيسيلين", " لا شيء"), (" 5", " 6"))),
    ]
    expected = dict(likelihoods(tiny_server.model.model, load_tokenizer(tiny_model), questions))
    found = answers(open_caller, tiny_server).likelihoods(questions)
    for number, sets in enumerate(found):
        for mine, theirs in zip(sets, expected[number], strict=True):
            # a letter's first byte may be scored although it is shared: the same for all answers of the set
            extra = mine[0].num_tokens - theirs[0].num_tokens
            shift = mine[0].log_probability - theirs[0].log_probability
            for one, other in zip(mine, theirs, strict=True):
                assert one.num_tokens - other.num_tokens == extra
                assert one.log_probability - other.log_probability == pytest.approx(shift, abs=2e-3)
            assert extra == 0
            assert abs(shift) < 2e-3
    assert {body["echo"] for body in tiny_server.bodies} == {True}
    assert len(tiny_server.bodies) == 8


def test_a_begin_mark_that_the_server_adds_changes_nothing(open_caller, scoring_server, tmp_path):
    question = Question("The capital of France is", ((" Paris", " Rome"),))
    (plain,) = answers(open_caller, scoring_server).likelihoods([question])
    scoring_server.begin_mark = ":"
    marked = Question("The  capital of France is", question.answer_sets)  # another call
    (found,) = answers(open_caller, scoring_server).likelihoods([marked])
    assert found == plain


def test_labels_and_texts_of_one_question_are_asked_each_in_its_way(open_caller, scoring_server):
    both = Question(PROMPT, (LETTERS.answer_sets[0], (" Paris", " Rome in Italy")))
    ((letters, texts),) = answers(open_caller, scoring_server).likelihoods([both])
    assert (len(letters), [one.num_tokens for one in texts]) == (4, [1, 3])
    assert sorted("echo" in body for body in scoring_server.bodies) == [False, True, True]


def test_a_second_run_asks_nothing_and_finds_the_same_numbers(open_caller, scoring_server):
    questions = [LETTERS, Question("The capital of France is", ((" Paris", " Rome"),))]
    first = answers(open_caller, scoring_server)
    once = first.likelihoods(questions)
    num_calls = len(scoring_server.bodies)
    again = answers(open_caller, scoring_server)
    assert (again.likelihoods(questions), again.counts) == (once, first.counts)
    assert (num_calls, len(scoring_server.bodies)) == (3, 3)


def test_a_killed_run_goes_on_where_it_was(open_caller, scoring_server):
    questions = [Question(f"{PROMPT}{' ' * i}", LETTERS.answer_sets) for i in range(12)]
    num_told = 0

    def killed_after_five(count):
        nonlocal num_told
        num_told += count
        if num_told == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ServerAnswers(open_caller(scoring_server), scoring(), killed_after_five).likelihoods(questions)
    assert len(scoring_server.bodies) < 12
    answers(open_caller, scoring_server).likelihoods(questions)
    times = Counter(body["prompt"] for body in scoring_server.bodies)
    assert [times[question.prompt] for question in questions[:5]] == [1] * 5
    assert len(times) == 12
    assert sum(times.values()) <= 12 + 4  # what was in flight is asked again


def test_a_call_that_fails_leaves_its_question_open_and_the_next_run_asks_it_again(open_caller, scoring_server):
    answers(open_caller, scoring_server).likelihoods([LETTERS])
    caller = open_caller(scoring_server)
    asked = ServerAnswers(caller, scoring())
    other = Question(PROMPT + "\n", LETTERS.answer_sets)
    asked.likelihoods([other])  # the server has answered, so that a failure is one call's
    scoring_server.failing = "Which pill"
    lost = Question(PROMPT.replace("drug", "pill"), LETTERS.answer_sets)
    assert asked.likelihoods([lost]) == [None]
    assert asked.counts.failed == 1
    scoring_server.failing = ""
    assert answers(open_caller, scoring_server).likelihoods([lost])[0] is not None


def test_what_a_server_turns_down_is_open_and_counted(open_caller, scoring_server):
    scoring_server.echo = "refused"
    asked = answers(open_caller, scoring_server)
    assert asked.likelihoods([Question("The capital of France is", ((" Paris", " Rome"),))]) == [None]
    assert (asked.counts.turned_down, asked.counts.unreadable) == (1, 0)


def test_option_texts_through_chat_are_refused_before_anything_is_sent(open_caller, scoring_server):
    asked = answers(open_caller, scoring_server, "chat")
    with pytest.raises(CallError, match="chat completions can't score option texts"):
        asked.likelihoods([LETTERS, Question(PROMPT, ((" Paris", " Rome"),))])
    assert scoring_server.bodies == []


def test_only_whole_labels_of_one_set_are_letters():
    one = scoring()
    assert one.is_letters([" A", "B"])
    assert one.is_letters(["أ", " د"])
    assert not one.is_letters([" A", " أ"])
    assert not one.is_letters([" A", " Aspirin"])


def test_progress_is_told_question_by_question(open_caller, scoring_server):
    told = []
    ServerAnswers(open_caller(scoring_server), scoring(), told.append).likelihoods([LETTERS, LETTERS])
    assert told == [1, 1]
