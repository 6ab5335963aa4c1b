"""Arms on the tiny model, with a translator and replies from a server: what comes out, what it takes, what stays open."""

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from qantara.errors import DataError, RecipeError
from qantara.evaluate.answers.answer_rows import AnswerRows
from qantara.evaluate.answers.local_answers import LocalAnswers
from qantara.evaluate.answers.server_answers import ServerAnswers, ServerScoring
from qantara.evaluate.arm_run import run_arm
from qantara.evaluate.calling.replies import Generation, open_caller
from qantara.evaluate.calling.translation_route import open_route
from qantara.evaluate.prompting.arms import known_arms
from qantara.evaluate.room import Replying, Room
from qantara.evaluate.settings import EvaluationConfig
from qantara.ledger import open_ledger
from qantara.llm.endpoint import EndpointConfig
from qantara.llm.opening import Callers, open_desk
from qantara.llm.prices import Prices
from qantara.models.likelihood import Scorer
from qantara.records import Prediction
from qantara.translator.config import TranslatorConfig

UNREADABLE, DOUBTED = 3, 4


@pytest.fixture(scope="module")
def model(tiny_model):
    return AutoModelForCausalLM.from_pretrained(tiny_model)


@pytest.fixture
def room(ledger_url, tiny_model, model, pair_server, tmp_path):
    """Return `room(**changes)`: the tiny model scores, the server translates and writes replies."""
    engine = open_ledger(ledger_url)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    server = {"backend": "endpoint", "url": pair_server.url, "concurrency": 4, "max_retries": 0}
    translator = TranslatorConfig.model_validate(
        {"model": server | {"model": "t"}, "meaning": False, "max_rounds": 0, "resamples": 0}
    )
    replying = EndpointConfig(**server, model="r")

    def make(**changes):
        values = {
            "model": "tiny",
            "engine": engine,
            "prices": Prices(),
            "tokenizer": tokenizer,
            "answers": LocalAnswers(tokenizer, lambda: Scorer(model), AnswerRows(engine), {"weights": "w"}),
            "replying": Replying(
                open_caller=lambda meter: open_caller(replying, engine, tmp_path, meter),
                generation=Generation(model="r", max_tokens=20),
            ),
            "open_route": lambda languages, meter: open_route(translator, languages, engine, tmp_path, meter),
        }
        return Room(**(values | changes))

    yield make
    engine.dispose()


@pytest.fixture
def run(make_item, room):
    """Return `run(arm, **settings)`: an arm over pairs 1 to 5, with the pairs 6 and 7 as examples."""
    items = [make_item(number, code) for number in range(1, 6) for code in ("en", "ar")]
    shots = [make_item(number, code) for number in (6, 7) for code in ("en", "ar")]

    def of(name, changes=None, **settings):
        config = EvaluationConfig(arms=(name,), **settings)
        return run_arm("doses", known_arms(("en", "ar"))[name], items, shots, config, room(**(changes or {})))

    return of


def test_an_arm_scores_its_own_side_of_each_pair_in_order(run):
    result = run("ar-latin", scoring=("letter", "text"))
    assert [entry.item.origin.native_id for entry in result.asked] == ["1", "2", "3", "4", "5"]
    assert {(p.language, p.task, p.arm, p.model) for p in result.predictions} == {("ar", "doses", "ar-latin", "tiny")}
    ways = [(p.scoring, p.normalization) for p in result.predictions[:5]]
    assert ways == [("letter", "sum"), *(("text", name) for name in ("sum", "token", "byte", "character"))]
    assert len(result.predictions) == 25
    assert (result.translation, result.doubts, result.replies, result.num_unanswered) == (None, {}, (), 0)
    assert len(result.found) == 5


def test_an_arm_s_numbers_are_the_model_s_for_its_own_prompts(run):
    english, source, latin = (run(name) for name in ("en", "ar-en", "ar-latin"))
    values = [[p.log_probabilities for p in result.predictions] for result in (english, source, latin)]
    assert len({str(value) for value in values}) == 3
    asked = source.asked[0].asks[0].question.prompt
    assert asked.startswith("Answer the following")
    assert "كم من الدواء 1؟" in asked


def test_examples_stand_before_the_question(run):
    prompt = run("ar", shots=2).asked[0].asks[0].question.prompt
    assert [prompt.count(text) for text in ("الدواء 6؟", "الدواء 7؟", "الدواء 1؟")] == [1, 1, 1]
    with pytest.raises(DataError, match="3 worked examples"):
        run("ar", shots=3)


def test_costs_are_of_the_arm_alone_and_the_same_when_it_is_repeated(run):
    first = run("en", scoring=("letter", "text"))
    again = run("en", scoring=("letter", "text"))
    assert again == first
    assert first.cost.scored_tokens > len(first.asked[0].asks[0].question.prompt)
    assert (first.cost.calls, first.cost.usd) == (0, None)


def test_translated_items_are_asked_in_the_source_language_and_counted(run, pair_server):
    pair_server.unreadable, pair_server.doubled = {UNREADABLE}, {DOUBTED}
    result = run("translated")
    by_family = {entry.item.origin.family: entry.item for entry in result.asked}
    assert by_family["f1"].question == "How much of drug 1?"
    assert by_family[f"f{UNREADABLE}"].language == "ar"
    assert by_family[f"f{DOUBTED}"].options[0] == f"{2 * DOUBTED} mg"
    assert len(result.predictions) == 5  # what can't be translated is asked as it is: the denominator stays
    assert {p.family: p.answer_index for p in result.predictions} == {f"f{n}": n % 4 for n in range(1, 6)}
    assert (result.translation["num_items"], result.translation["num_doubted"], result.translation["num_fallback"]) == (
        *(5, 1, 1),
    )
    assert set(result.doubts) == {f"f{UNREADABLE}", f"f{DOUBTED}"}
    assert result.doubts[f"f{UNREADABLE}"] == ("asked untranslated: form.missing_field",)
    assert (result.cost.calls, result.cost.prompt_tokens, result.cost.completion_tokens) == (5, 25, 35)


def test_there_and_back_starts_from_the_source_language(run, pair_server):
    result = run("round-trip")
    assert [entry.item.question for entry in result.asked] == [f"How much of drug {n}?" for n in range(1, 6)]
    assert len(pair_server.bodies) == 10
    assert {p.arm for p in result.predictions} == {"round-trip"}
    # the text is what it was, so are the numbers
    assert [p.log_probabilities for p in result.predictions] == [p.log_probabilities for p in run("en").predictions]


def test_replies_are_written_read_and_counted_beside_likelihoods(run):
    result = run("ar", scoring=("letter", "generate"))
    letters, replies = ([p for p in result.predictions if p.scoring == scoring] for scoring in ("letter", "generate"))
    assert (len(letters), len(replies)) == (5, 5)
    assert {(p.chosen_index, p.reply, p.language) for p in replies} == {(1, "الإجابة: ب", "ar")}
    (counts,) = result.replies
    assert (counts["language"], counts["num_items"], counts["num_extracted"]) == ("ar", 5, 5)
    assert result.cost.calls == 5
    assert result.cost.scored_tokens > 0


def test_replies_alone_score_nothing(run):
    result = run("en", scoring=("generate",))
    assert result.cost.scored_tokens == 0
    assert {p.scoring for p in result.predictions} == {"generate"}
    assert result.num_unanswered == 0


def test_translated_back_is_answered_in_the_source_and_read_in_the_target_language(run, pair_server):
    result = run("translated-back", scoring=("letter", "generate"))
    assert {(p.scoring, p.language, p.reply, p.chosen_index) for p in result.predictions} == {
        ("generate", "ar", "الإجابة: B", 1)
    }
    assert result.cost.scored_tokens == 0  # likelihoods would be those of the arm translated
    asked = [body["messages"][-1]["content"] for body in pair_server.bodies if body["model"] == "r"]
    assert len(asked) == 5
    assert sorted(text.splitlines()[0] for text in asked) == [f"Question: How much of drug {n}?" for n in range(1, 6)]


def test_a_question_without_an_answer_has_no_prediction_and_is_counted(run, room, scoring_server, tmp_path):
    scoring_server.failing = "drug 3?"
    labels = tuple("ABCDEFGH")
    config = EndpointConfig(backend="endpoint", url=scoring_server.url, model="scorer", max_retries=0)
    engine = room().engine
    caller = Callers(open_desk(engine, tmp_path, None), tmp_path, engine).of(config)
    server = ServerAnswers(caller, ServerScoring(model="scorer", label_sets=(labels,)))
    result = run("en", {"answers": server, "tokenizer": None}, permutations=True)
    assert [p.family for p in result.predictions if p.normalization == "sum"] == ["f1", "f2", "f4", "f5"]
    assert result.num_unanswered == 1
    assert [found is None for found in result.found] == [False, False, True, False, False]
    assert len(result.asked) == 5
    assert result.cost.calls == 4 * 4  # each question is a call: the first order and three others
    assert result.cost.scored_tokens == 0
    caller.desk.close()


@pytest.mark.parametrize("name", ["translated", "round-trip"])
def test_an_arm_that_translates_needs_a_translator(run, name):
    with pytest.raises(RecipeError, match=f"the arm {name} translates: give a translator"):
        run(name, {"open_route": None})


def test_predictions_are_records_that_know_their_item(run, make_item):
    for prediction in run("ar").predictions:
        assert isinstance(prediction, Prediction)
        item = make_item(int(prediction.family[1:]), "ar")
        assert (prediction.item_id, prediction.answer_index) == (item.id, item.answer_index)
