"""The rooms of evaluations: a model that runs here with its identity, servers of both interfaces, what is tested and refused."""

import json
import shutil

import pytest
import torch
from rich.console import Console

from qantara.errors import CallError, ModelError, RecipeError
from qantara.evaluate.answers.local_answers import no_bar
from qantara.evaluation import opening
from qantara.evaluation.opening import local_tokenizer, open_evaluation
from qantara.evaluation.run import evaluate_model, show_prompts
from qantara.ledger import open_ledger
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model
from qantara.models.questions import Question
from qantara.records import Prediction
from qantara.store import read_records

QUESTION = Question("Question: x?\nAnswer:", ((" A", " B"), (" one", " two")))


@pytest.fixture
def opened(options, tmp_path):
    """Return `opened(..as options..)`: the room of an evaluation, over this test's ledger."""
    engine = open_ledger(tmp_path / "ledger.sqlite")
    yield lambda **settings: open_evaluation(options(**settings), engine, no_bar)
    engine.dispose()


@pytest.fixture
def no_template(tiny_model, tmp_path):
    """Return the folder of the tiny model without its chat template."""
    shutil.copytree(tiny_model, tmp_path / "base", ignore=shutil.ignore_patterns("chat_template*"))
    path = tmp_path / "base" / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings.pop("chat_template", None)
    path.write_text(json.dumps(settings), encoding="utf-8")
    return {"name": f"path:{tmp_path / 'base'}"}


@pytest.fixture
def adapter(tiny_model, tmp_path):
    """Return the folder of an adapter whose tensors were moved as training moves them."""
    model = attach(load_model(tiny_model, quantization="none", dtype="float32"), AdapterConfig(rank=8, alpha=8))
    dice = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (part for part in model.parameters() if part.requires_grad):
            tensor += torch.randn(tensor.shape, generator=dice) * 0.1
    save_adapter(model, tmp_path / "tuned")
    return tmp_path / "tuned"


def values(folder):
    return {
        (p.item_id, p.arm, p.scoring, p.normalization): p.log_probabilities
        for p in read_records(folder / "predictions.parquet", Prediction)
    }


def test_identity_holds_what_a_model_s_numbers_follow_from(opened, adapter):
    plain = opened().identity
    assert plain["adapter"] == ""
    adapted = opened(model={"adapter": adapter}).identity
    assert {name for name in plain if plain[name] != adapted[name]} == {"adapter"}
    assert opened(model={"dtype": "bfloat16"}).identity["dtype"] == "bfloat16"
    assert opened(model={"dtype": "auto"}).identity["dtype"] in ("float32", "bfloat16")


def test_an_adapter_changes_the_numbers_and_is_not_taken_for_its_base(evaluate, adapter, tmp_path):
    ledger = {"ledger": str(tmp_path / "shared.sqlite")}
    plain, _ = evaluate("plain", place=ledger)
    tuned, scores = evaluate("tuned-run", model={"adapter": adapter}, place=ledger)
    one, other = values(plain), values(tuned)
    assert one.keys() == other.keys()
    assert all(one[key] != other[key] for key in one)
    assert scores["model"].endswith("+ tuned")
    alone, _ = evaluate("alone", model={"adapter": adapter})
    assert values(alone) == other
    assert values(evaluate("plain", place=ledger)[0]) == one


def test_an_adapter_changes_what_is_written_too(evaluate, adapter):
    settings = {"scoring": ("generate",), "limit": 2, "max_reply_tokens": 6}
    replies = []
    for name, model in (("plain", {}), ("tuned-run", {"adapter": adapter})):
        folder, _ = evaluate(name, model=model, **settings)
        replies.append([p.reply for p in read_records(folder / "predictions.parquet", Prediction)])
    assert replies[0] != replies[1]


def test_a_model_is_tested_when_it_is_loaded_and_only_then(opened, monkeypatch):
    tested = []
    check = opening.check_answers
    monkeypatch.setattr(opening, "check_answers", lambda *given: tested.append(given[2]) or check(*given))
    answers = opened().room.answers
    assert tested == []
    found = answers.likelihoods([QUESTION])
    assert tested == [1e-3]
    assert opened().room.answers.likelihoods([QUESTION]) == found
    assert len(tested) == 1


def test_a_model_whose_numbers_mean_nothing_is_refused(evaluate, tiny_model, tmp_path):
    model = load_model(tiny_model, quantization="none", dtype="float32")
    with torch.no_grad():
        model.model.embed_tokens.weight.zero_()  # its head, too: every token is as likely
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    model.save_pretrained(broken)
    with pytest.raises(ModelError, match="self-test failed"):
        evaluate(model={"name": f"path:{broken}"})


def test_a_chat_template_is_used_where_it_is_asked_for(evaluate, options, no_template):
    plain, _ = evaluate("plain")
    chat, scores = evaluate("chat", chat=True)
    assert scores["settings"]["chat"] is True
    assert all(values(plain)[key] != values(chat)[key] for key in values(plain))
    for run in (
        lambda asked: evaluate_model(asked, Console(quiet=True)),
        lambda asked: show_prompts(asked, Console(quiet=True)),
    ):
        with pytest.raises(ModelError, match="has no chat template: leave --chat out"):
            run(options("base-run", model=no_template, chat=True))


def test_a_model_without_a_template_writes_replies_after_plain_text(evaluate, no_template, opened):
    replying = opened(model=no_template, scoring=("generate",), arms=("en", "ar", "ar-en")).room.replying
    assert (replying.generation.form, replying.generation.stop) == ("message", ("\nQuestion:", "\nالسؤال:"))
    assert opened(scoring=("generate",)).room.replying.generation.form == "chat"
    assert opened().room.replying is None
    folder, _ = evaluate(model=no_template, scoring=("generate",), limit=1, max_reply_tokens=4)
    assert len(list(read_records(folder / "predictions.parquet", Prediction))) == 2


def server(url, **changes):
    return {"name": "scorer", "endpoint": url, "concurrency": 4} | changes


def test_a_server_s_completions_give_what_the_model_gives_here(evaluate, tiny_server):
    settings = {"arms": ("en", "ar"), "scoring": ("text",), "limit": 2, "pmi": True}
    here, _ = evaluate("here", **settings)
    there, scores = evaluate("there", model=server(tiny_server.url), **settings)
    expected, found = values(here), values(there)
    assert found.keys() == expected.keys()
    for key in expected:
        assert found[key] == pytest.approx(expected[key], abs=1e-3)
    assert scores["identity"] == {"model": "scorer", "server": tiny_server.url, "interface": "completions"}
    costs = json.loads((there / "costs.json").read_text(encoding="utf-8"))
    assert [(row["calls"], row["scored_tokens"]) for row in costs] == [
        (2 * 4 + 8, 0)
    ] * 2  # texts after the question, and alone


def test_a_server_is_asked_nothing_again(evaluate, scoring_server, contents):
    settings = {"arms": ("en", "ar"), "limit": 3, "model": server(scoring_server.url)}
    folder, _ = evaluate(**settings)
    before, asked = contents(folder), len(scoring_server.bodies)
    evaluate(**settings)
    assert (contents(folder), len(scoring_server.bodies)) == (before, asked)


def test_a_server_s_chat_scores_letters_and_writes_replies(evaluate, scoring_server, page_text):
    folder, scores = evaluate(
        arms=("en", "ar-latin"),
        scoring=("letter", "generate"),
        limit=2,
        chat=True,
        model=server(scoring_server.url, interface="chat"),
    )
    assert set(scoring_server.paths) == {"/v1/chat/completions"}
    ways = {(row["arm"], row["scoring"], row["num_items"]) for row in scores["scores"]}
    assert ways == {(arm, scoring, 2) for arm in ("en", "ar-latin") for scoring in ("letter", "generate")}
    assert "كم من الدواء" in page_text(folder / "items-doses.html")


def test_texts_on_a_chat_interface_and_a_template_on_completions_are_refused(evaluate, tiny_server):
    with pytest.raises(CallError, match="chat completions can't score option texts"):
        evaluate(scoring=("text",), model=server(tiny_server.url, interface="chat"))
    with pytest.raises(RecipeError, match="--interface chat"):
        evaluate(chat=True, model=server(tiny_server.url))


@pytest.mark.parametrize(("scoring", "behavior"), [("letter", "logprobs"), ("text", "echo")])
def test_a_server_that_ignores_what_it_is_asked_is_refused_not_scored_at_chance(
    evaluate, tiny_server, scoring, behavior
):
    setattr(tiny_server, behavior, "ignored")
    with pytest.raises(CallError, match=f"ignores `{behavior}`"):
        evaluate(scoring=(scoring,), model=server(tiny_server.url))


def test_items_that_a_server_left_open_are_counted_and_told(evaluate, scoring_server, page_text):
    scoring_server.turned_down = "drug 2?"
    folder, scores = evaluate(arms=("en", "ar"), model=server(scoring_server.url))
    notes = {note["arm"]: note["num_unanswered"] for note in scores["arms"]}
    assert notes == {"en": 1, "ar": 0}
    assert {(row["arm"], row["num_items"]) for row in scores["scores"]} == {("en", 7), ("ar", 8)}
    assert scores["gaps"][0]["num_items"] == 7
    assert "1 items got no answer" in page_text(folder / "index.html")


def test_the_tokenizer_is_that_of_the_model(options):
    assert local_tokenizer(options()).chat_template
