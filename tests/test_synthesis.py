"""The recorded hundred from end to end, and what a command line makes of a file, a recipe and an endpoint."""

import gzip
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from qantara.errors import BudgetError, RecipeError
from qantara.recipe import load
from qantara.records import Choice, Dialogue, Example
from qantara.sources.sample import BENCHMARK
from qantara.synthesis import OUTPUT, Options, Synthesis, SynthesisRecipe, synthesis_recipe
from qantara.synthesize.tags import tagged

RECIPES = Path(__file__).parents[1] / "recipes"
RECIPE = RECIPES / "synthesize.yaml"
CONSOLE = Console(quiet=True)
PLANTED = {  # what was planted, and the reason by which it is rejected
    ("cardiology-04", "en", "wrong_option"): "answer.wrong_option",
    ("cardiology-06", "ar", "polarity"): "answer.missing",  # by luck: its advice is near to no reason of the item
    ("nephrology-03", "ar", "number"): "facts.number",
    ("endocrinology-04", "ar-en", "does_not_follow"): "language.not_followed",
    ("infectious-05", "ar-en", "preamble"): "form.text_outside_turns",
    ("infectious-06", "ar", "tenfold"): "facts.number",
    ("pulmonology-04", "ar", "mixed_language"): "language.wrong",
    ("pulmonology-05", "en", "polarity"): "answer.not_denied",
    ("pharmacology-01", "en", "refusal"): "frame.refusal",
    ("pharmacology-05", "en", "option_letter"): "frame.exam",
    ("neurology-01", "ar", "laterality"): "answer.missing",
    ("pediatrics-02", "ar-en", "wrong_option"): "answer.wrong_option",
    ("pediatrics-06", "en", "no_question_back"): "doctor.asks_nothing",
    ("obstetrics-01", "en", "roles"): "roles.order",
    ("orthopedics-06", "en-ar", "no_switch"): "language.no_switch",
    ("ophthalmology-02", "ar", "drug"): "facts.drug",
    ("toxicology-03", "ar", "cut_off"): "call.truncated",
    ("toxicology-05", "ar", "no_answer"): "answer.missing",
}
FALSE_ALARMS = {  # both name cortisone, as doctors do, for a class of which the item names one
    ("pulmonology-05", "ar"): "facts.drug",
    ("orthopedics-06", "en"): "facts.drug",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    synthesis = Synthesis(load(RECIPE, SynthesisRecipe), RECIPES, tmp_path_factory.mktemp("synthesis") / "run", CONSOLE)
    synthesis.run()
    return synthesis.run_folder


@pytest.fixture(scope="module")
def answers():
    lines = (RECIPES / "synthesize" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def refused(done):
    """Return the rejections of items by native id and form."""
    found = [rejection for rejection in done.rejected("synthesize") if rejection.reason != "not_a_choice"]
    return {(rejection.native_id, rejection.detail.partition(":")[0]): rejection for rejection in found}


def test_a_hundred_dialogues_were_written_and_each_comes_out_once(done, answers, refused):
    kept = list(done.kept("synthesize", Dialogue))
    assert len(answers) == len(kept) + len(refused) == 100
    assert Counter(row["form"].count("-") for row in answers) == {0: 62, 1: 38}
    summary = done.summary("synthesize")
    assert summary["in"] == summary["kept"] + summary["rejected"] == 166
    assert summary["reasons"]["not_a_choice"] == 66


def test_every_rejection_has_a_reason_and_every_planted_fault_is_found(refused, answers):
    assert all(rejection.reason and rejection.detail for rejection in refused.values())
    assert {(r["key"], r["form"], r["fault"]) for r in answers if "fault" in r} == set(PLANTED)
    expected = {(key, form): reason for (key, form, _), reason in PLANTED.items()} | FALSE_ALARMS
    assert {place: rejection.reason for place, rejection in refused.items()} == expected


def test_a_dialogue_keeps_its_items_family_and_meets_no_benchmark(done):
    items = {item.id: item for item in done.kept("sources", Example) if isinstance(item, Choice)}
    benchmark = {json.loads(line)["en"]["question"] for line in BENCHMARK.read_text(encoding="utf-8").splitlines()}
    for dialogue in done.kept("synthesize", Dialogue):
        item = items[dialogue.origin.parent]
        assert dialogue.origin.family == item.origin.family
        assert (dialogue.origin.licence, dialogue.origin.split) == (item.origin.licence, item.origin.split)
        assert item.question not in benchmark


def test_a_second_run_does_nothing_and_gives_the_same(done):
    before = (done.path / OUTPUT).read_bytes()
    assert Synthesis(load(RECIPE, SynthesisRecipe), RECIPES, done.path, CONSOLE).run() == done.path / OUTPUT
    assert (done.path / OUTPUT).read_bytes() == before


def test_people_get_the_dialogues_as_lines_with_their_speakers(done):
    lines = [json.loads(line) for line in (done.path / OUTPUT).read_text(encoding="utf-8").splitlines()]
    assert len(lines) == done.summary("synthesize")["kept"]
    assert [turn["role"] for turn in lines[0]["turns"]][:2] == ["patient", "doctor"]
    assert lines[0]["family"] == lines[0]["item"]


def test_the_recording_is_current(answers):
    with gzip.open(RECIPES / "synthesize" / "calls.jsonl.gz", "rt", encoding="utf-8") as file:
        recorded = Counter(json.loads(line)["response"]["text"] for line in file)
    turns = [tuple(_Turn(turn) for turn in row["turns"]) if "turns" in row else row["answer"] for row in answers]
    assert recorded == Counter(text if isinstance(text, str) else tagged(text) for text in turns)


class _Turn:
    def __init__(self, turn):
        self.role = {"patient": "user", "doctor": "assistant"}[turn["role"]]
        self.text = turn["text"]


ITEM = {
    "key": "one",
    "kind": "choice",
    "specialty": "test",
    "question": "A man has a fever. Which drug is best?",
    "options": ["Paracetamol 500 mg", "Furosemide 40 mg"],
    "answer_index": 0,
}
WRITTEN = """<t role="patient">I have a fever, what can I take?</t>
<t role="doctor">Do you have any other illness?</t>
<t role="patient">None at all.</t>
<t role="doctor">Then take paracetamol 500 mg and rest.</t>"""


@pytest.fixture
def endpoint():
    """Return the URL of a server that writes a dialogue, or judges that it agrees."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = '{"verdict": "agrees", "reason": ""}' if body["model"] == "judge" else WRITTEN
            message = {"role": "assistant", "content": text}
            answer = {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"]}
            answer["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
            data = json.dumps(answer).encode("utf-8")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps(ITEM) + "\n", encoding="utf-8")
    return path


def test_a_file_goes_through_an_endpoint_and_its_judge(items, endpoint, tmp_path):
    recipe = synthesis_recipe(items, Options(endpoint=endpoint, model="writer", judge_model="judge", forms=("en",)))
    synthesis = Synthesis(recipe, tmp_path, tmp_path / "run", CONSOLE)
    (line,) = synthesis.run().read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["turns"][3]["text"].startswith("Then take paracetamol")
    assert (tmp_path / "run" / "provenance.json").is_file()
    assert synthesis.run_folder.summary("synthesize")["details"]["calls"]["interrupted"] == 0


def test_languages_and_a_price_list_are_taken_along(items, endpoint, tmp_path):
    (tmp_path / "prices.yaml").write_text("prices: []\n", encoding="utf-8")
    said = Options(endpoint=endpoint, model="writer", forms=("en",), direction=("en", "fr"))
    recipe = synthesis_recipe(items, said)
    assert (recipe.source_language, recipe.target_language) == ("en", "fr")
    limited = recipe.model_validate(
        recipe.model_dump(mode="json") | {"budget": {"tokens": 10**6, "prices": "prices.yaml"}}
    )
    Synthesis(limited, tmp_path, tmp_path / "run", CONSOLE).run()
    assert (tmp_path / "run" / "prices.yaml").is_file()


def test_a_run_stops_before_its_budget_and_goes_on_when_it_is_raised(items, endpoint, tmp_path):
    recipe = synthesis_recipe(items, Options(endpoint=endpoint, model="writer", forms=("en",)))
    poor = recipe.model_validate(recipe.model_dump(mode="json") | {"budget": {"tokens": 10}})
    with pytest.raises(BudgetError, match="raise it"):
        Synthesis(poor, tmp_path, tmp_path / "run", CONSOLE).run()
    assert not (tmp_path / "run" / OUTPUT).exists()
    assert Synthesis(recipe, tmp_path, tmp_path / "run", CONSOLE).run().is_file()


def test_a_file_takes_the_place_of_a_recipes_sources(items):
    recipe = synthesis_recipe(items, Options(recipe=RECIPE, forms=("ar",), overrides=("synthesize.forms_per_item=1",)))
    assert recipe.sources[0].path == items.resolve()
    assert recipe.synthesize.forms == {"ar": 1.0}
    assert recipe.seed == load(RECIPE, SynthesisRecipe).seed


@pytest.mark.parametrize(
    ("has_file", "options", "told"),
    [
        (True, Options(), "give --recipe, or --endpoint and --model"),
        (False, Options(endpoint="http://127.0.0.1:9/v1", model="m"), "give a FILE of items"),
        (True, Options(endpoint="ftp://x", model="m"), "endpoint"),
        (True, Options(endpoint="http://127.0.0.1:9/v1", model="m", forms=("xx",)), "'xx' is not known"),
        (True, Options(recipe=RECIPE, endpoint="http://127.0.0.1:9/v1", model="m"), "not both"),
        (True, Options(recipe=RECIPE, forms=("en",)), "forms_per_item is 1.4"),
    ],
)
def test_what_does_not_fit_together_is_one_line(items, has_file, options, told):
    with pytest.raises(RecipeError, match=told):
        synthesis_recipe(items if has_file else None, options)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("target_language=xx", "'xx' is not known"),
        ("target_language=en", "needs two languages"),
        ("sources=[]", "sources"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_told(override, told):
    with pytest.raises(RecipeError, match=told):
        load(RECIPE, SynthesisRecipe, [override])
