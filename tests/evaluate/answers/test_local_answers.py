"""Likelihoods of the tiny model through the ledger: found again, never another model's, the same after an interruption."""

import pytest
from tokenizers import processors
from transformers import AutoModelForCausalLM, AutoTokenizer

from qantara.errors import ModelError
from qantara.evaluate.answers.answer_rows import SCORED, AnswerRows
from qantara.evaluate.answers.local_answers import DirectAnswers, LocalAnswers
from qantara.evaluate.prompting.prompts import PromptSpec, answer_prompt
from qantara.ledger import open_ledger, transaction
from qantara.models.encoded_questions import encode
from qantara.models.likelihood import Scorer, likelihoods
from qantara.models.questions import Question
from qantara.models.scoring_plan import plan

IDENTITY = {"weights": "w", "adapter": "", "dtype": "float32"}


@pytest.fixture(scope="module")
def model(tiny_model):
    return AutoModelForCausalLM.from_pretrained(tiny_model)


@pytest.fixture
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def engine(ledger_url):
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


@pytest.fixture
def questions(make_item):
    """Return ten questions of two lengths with two sets each, Arabic and English."""
    prompts = []
    for number in range(10):
        item, spec = make_item(number, "ar" if number % 2 else "en"), PromptSpec(prompt_language="en")
        letters, texts = (answer_prompt(item, (), spec, scoring, None) for scoring in ("letter", "text"))
        prompts.append(Question(letters.text, (letters.answers, texts.answers)))
    return prompts


class Recorder(Scorer):
    """A scorer that notes its batches and stops at one of them."""

    def __init__(self, model, stop_at=None):
        super().__init__(model)
        self.batches, self.stop_at = [], stop_at

    def run(self, batch, encoded):
        if len(self.batches) == self.stop_at:
            raise KeyboardInterrupt
        self.batches.append(batch)
        return super().run(batch, encoded)


@pytest.fixture
def local(engine, tokenizer, model):
    """Return `local(identity, load=, batch_size=)`: answers over this test's ledger, with the list of scorers loaded so far."""
    loaded = []

    def make(identity=None, stop_at=None, **changes):
        def load():
            loaded.append(Recorder(model, stop_at))
            return loaded[-1]

        values = {"tokenizer": tokenizer, "load": load, "rows": AnswerRows(engine), "batch_size": 4}
        return LocalAnswers(identity=identity or IDENTITY, **(values | changes))

    make.loaded = loaded
    return make


def test_answers_are_those_of_the_scorer_in_the_order_asked(local, questions, model, tokenizer):
    found = local().likelihoods(questions)
    expected = dict(likelihoods(model, tokenizer, questions, batch_size=4))
    assert found == [expected[number] for number in range(len(questions))]
    assert DirectAnswers(tokenizer, Scorer(model), 4).likelihoods(questions) == found


def test_batches_are_those_of_the_plan_and_move_the_bar(local, questions, tokenizer):
    moved = []
    asked = local(advance=moved.append)
    assert asked.mode == ""
    asked.likelihoods(questions)
    assert local.loaded[0].batches == plan(encode(tokenizer, questions), 4)
    assert moved == [len(batch.numbers) for batch in local.loaded[0].batches]
    assert sum(moved) == len(questions)
    assert asked.mode == local.loaded[0].mode


def test_what_is_known_is_found_bit_for_bit_and_loads_no_model(local, questions):
    first = local()
    found = first.likelihoods(questions)
    moved = []
    second = local(advance=moved.append)
    assert second.likelihoods(questions) == found
    assert len(local.loaded) == 1
    assert (second.num_tokens, second.seconds) == (first.num_tokens, first.seconds)
    assert first.num_tokens > 10 * len(questions)
    assert sum(moved) == len(questions)


def test_no_question_takes_nothing_and_loads_nothing(local):
    assert local().likelihoods([]) == []
    assert local.loaded == []


@pytest.mark.parametrize("stop_at", [0, 1, 2])
def test_an_interrupted_run_goes_on_with_the_same_batches_and_gives_the_same_numbers(local, questions, engine, stop_at):
    with pytest.raises(KeyboardInterrupt):
        local(stop_at=stop_at).likelihoods(questions)
    with transaction(engine) as connection:
        kept = connection.execute(SCORED.select()).all()
    assert len(kept) == sum(len(batch.numbers) for batch in local.loaded[0].batches)
    assert len(local.loaded[0].batches) == stop_at
    found = local().likelihoods(questions)
    interrupted, resumed = local.loaded
    undisturbed = local(IDENTITY | {"weights": "the same under another name"})
    assert found == undisturbed.likelihoods(questions)
    assert interrupted.batches + resumed.batches == local.loaded[2].batches


def test_a_model_that_can_t_be_loaded_loses_nothing_that_is_known(local, questions):
    known = local().likelihoods(questions[:4])

    def broken():
        raise ModelError("gone")

    with pytest.raises(ModelError, match="gone"):
        local(load=broken).likelihoods(questions)
    assert local(load=broken).likelihoods(questions[:4]) == known


@pytest.mark.parametrize("name", [*IDENTITY, "template"])
def test_another_model_s_answers_are_never_taken(local, questions, name):
    local().likelihoods(questions[:2])
    local(IDENTITY | {name: "other"}).likelihoods(questions[:2])
    assert len(local.loaded) == 2


def test_a_question_that_differs_in_one_answer_is_asked_anew(local, questions):
    local().likelihoods(questions[:1])
    (prompt, (letters, texts)) = questions[0]
    local().likelihoods([Question(prompt, (letters, (*texts[:-1], texts[-1] + ".")))])
    assert len(local.loaded) == 2


def test_a_question_that_is_asked_twice_is_scored_once_and_counted_once(local, questions, engine):
    asked = local()
    first, again = asked.likelihoods([questions[0], questions[0]])
    assert first == again
    with transaction(engine) as connection:
        (row,) = connection.execute(SCORED.select()).all()
    assert (asked.num_tokens, asked.seconds) == (row.num_tokens, row.seconds)


def test_tokens_of_a_beginning_that_many_share_are_counted_once(local, tokenizer):
    start = "x" * 100
    questions = [Question(f"{start} {number}:", ((" A", " B"),)) for number in "123456"]
    asked = local()
    asked.likelihoods(questions)
    assert [len(batch.prefix) for batch in plan(encode(tokenizer, questions), 4)] == [101, 101]
    assert asked.num_tokens == 101 + 6 * len("1: ")  # of the labels nothing is conditioned on


def test_a_prompt_without_the_begin_mark_that_its_tokenizer_wants_is_refused(local, tokenizer, questions):
    tokenizer.bos_token = "<|system|>"
    mark = (tokenizer.bos_token, tokenizer.bos_token_id)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{mark[0]} $A", special_tokens=[mark]
    )
    with pytest.raises(ModelError, match="no begin marks"):
        local().likelihoods(questions)
    assert local.loaded == []


def test_a_question_longer_than_the_model_was_made_for_is_refused_before_anything_runs(local, questions):
    asked = local(context_tokens=12)
    with pytest.raises(ModelError, match="more than the 12 that the model was made for: use fewer shots"):
        asked.likelihoods(questions)
    assert not local.loaded
