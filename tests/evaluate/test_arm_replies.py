"""Replies of an arm from a server: read in the language they are in, translated back where the arm says so."""

import json

import pytest

from qantara.errors import RecipeError
from qantara.evaluate.arm_replies import replied
from qantara.evaluate.calling.costs import Meter, cost_of
from qantara.evaluate.calling.replies import Generation, open_caller
from qantara.evaluate.calling.translation_route import open_route
from qantara.evaluate.prompting.arms import known_arms
from qantara.evaluate.room import Replying, Room
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluate.sitting import Sitting
from qantara.ledger import open_ledger
from qantara.llm.endpoint import EndpointConfig
from qantara.llm.prices import Prices
from qantara.translator.config import TranslatorConfig


@pytest.fixture
def place(tmp_path, pair_server):
    """Return `place(arm, **changes)`: a room with the server in it, a new meter, a sitting."""
    engine = open_ledger(tmp_path / "ledger.sqlite")
    server = {"backend": "endpoint", "url": pair_server.url, "concurrency": 4, "max_retries": 0}
    translator = TranslatorConfig.model_validate({"model": server | {"model": "t"}, "meaning": False, "max_rounds": 0})
    replying = Replying(
        open_caller=lambda meter: open_caller(EndpointConfig(**server, model="r"), engine, tmp_path, meter),
        generation=Generation(model="r", max_tokens=20),
    )

    def made(arm, **changes):
        values = {
            "replying": replying,
            "open_route": lambda codes, meter: open_route(translator, codes, engine, tmp_path, meter),
        }
        room = Room(model="m", engine=engine, prices=Prices(), **(values | changes))
        return room, Meter(arm.name), Sitting("m", "doses", arm.name)

    yield made
    engine.dispose()


def arm(name):
    return known_arms(("en", "ar"))[name]


CONFIG = EvaluationConfig(scoring=("generate",), arms=("translated-back",))


@pytest.mark.parametrize(
    ("name", "code", "reply"),
    [
        ("en", "en", "Answer: B"),
        ("ar", "ar", "الإجابة: ب"),
        ("ar-latin", "ar", "الإجابة: B"),
        ("ar-digits", "ar", "الإجابة: 2"),
    ],
)
def test_a_reply_is_read_by_the_labels_that_its_arm_shows(place, make_item, name, code, reply):
    items = [make_item(number, code) for number in range(4)]
    found, (counts,) = replied(arm(name), (items, items), (), CONFIG, place(arm(name)))
    assert [p.chosen_index for p in found] == [1, 1, 1, 1]
    assert [p.answer_index for p in found] == [0, 1, 2, 3]
    assert {p.reply for p in found} == {reply}
    assert (counts["num_items"], counts["num_extracted"]) == (4, 4)


def test_examples_come_as_turns(place, make_item, pair_server):
    shots = [make_item(number, "ar") for number in (6, 7)]
    config = CONFIG.model_copy(update={"shots": 2})
    replied(arm("ar"), ([make_item(1, "ar")],) * 2, shots, config, place(arm("ar")))
    (body,) = pair_server.bodies
    assert [turn["role"] for turn in body["messages"]] == ["system", *("user", "assistant") * 2, "user"]
    assert [turn["content"] for turn in body["messages"][2:5:2]] == ["الإجابة: ج", "الإجابة: د"]


def test_a_reply_that_is_translated_back_is_read_against_the_original_and_both_ways_are_paid(place, make_item):
    given, asked = ([make_item(number, code) for number in (1, 2)] for code in ("ar", "en"))
    where = place(arm("translated-back"))
    found, _ = replied(arm("translated-back"), (given, asked), (), CONFIG, where)
    assert [(p.item_id, p.language, p.reply, p.chosen_index) for p in found] == [
        (item.id, "ar", "الإجابة: B", 1) for item in given
    ]
    room, meter, _ = where
    assert cost_of(meter, room.engine, Prices()).calls == 3  # the two replies read the same: one call


def test_a_call_without_an_answer_is_no_wrong_letter(place, make_item, pair_server):
    pair_server.failing = {"drug 2?"}
    items = [make_item(number) for number in (1, 2, 3)]
    found, (counts,) = replied(arm("en"), (items, items), (), CONFIG, place(arm("en")))
    assert [(p.chosen_index, p.tier) for p in found][1] == (-1, "none")
    assert (counts["num_unanswered"], counts["num_extracted"], counts["num_items"]) == (1, 2, 3)


def test_nothing_that_translates_or_writes_is_a_clear_error(place, make_item):
    items = [make_item(1)]
    with pytest.raises(RecipeError, match="nobody writes them"):
        replied(arm("en"), (items, items), (), CONFIG, place(arm("en"), replying=None))
    back = arm("translated-back")
    with pytest.raises(RecipeError, match="translated-back translates: give a translator"):
        replied(back, ([make_item(1, "ar")], items), (), CONFIG, place(back, open_route=None))


def test_predictions_do_not_depend_on_the_order_in_which_answers_come(place, make_item):
    items = [make_item(number) for number in range(20)]
    found, counts = replied(arm("en"), (items, items), (), CONFIG, place(arm("en")))
    assert [p.item_id for p in found] == [item.id for item in items]
    json.dumps(counts)
