import asyncio

import pytest

from qantara.errors import QantaraError
from qantara.evaluate.calling.costs import Meter
from qantara.evaluate.calling.translation_route import open_route
from qantara.ledger import open_ledger
from qantara.translator.config import TranslatorConfig

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}


@pytest.fixture
def engine(tmp_path):
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.dispose()


def config(**settings):
    return TranslatorConfig.model_validate({"model": MODEL, "meaning": False} | settings)


def test_there_and_back_is_two_rooms_with_one_model_one_desk_and_one_meter(tmp_path, engine):
    meter = Meter("round-trip")
    judges = {"judge": MODEL | {"model": "j"}, "second_judge": MODEL | {"model": "k"}}
    route = open_route(config(**judges), ("en", "ar", "en"), engine, tmp_path, meter)
    there, back = route.rooms
    assert (there.direction, back.direction, route.languages) == (("en", "ar"), ("ar", "en"), ("en", "ar", "en"))
    assert there.translator.backend is back.translator.backend
    assert there.translator.backend is not there.judge.backend
    assert there.desk is back.desk is route.desk is back.second_judge.desk
    assert {caller.meter for room in route.rooms for caller in room.callers()} == {meter}
    asyncio.run(route.close())


def test_memory_and_glossary_are_of_the_first_leg_alone(tmp_path, engine):
    (tmp_path / "terms.tsv").write_text("fever\tحمى\n", encoding="utf-8")
    route = open_route(config(glossary="terms.tsv"), ("en", "ar", "en"), engine, tmp_path, Meter("x"))
    assert [room.glossary is not None for room in route.rooms] == [True, False]
    asyncio.run(route.close())


@pytest.mark.parametrize("languages", [(), ("en",), ("en", "en")])
def test_a_route_leads_somewhere(tmp_path, engine, languages):
    with pytest.raises(ValueError, match="is no route"):
        open_route(config(), languages, engine, tmp_path, Meter("x"))


def test_a_language_that_is_not_known_is_named(tmp_path, engine):
    with pytest.raises(QantaraError, match="'xx'"):
        open_route(config(), ("ar", "xx"), engine, tmp_path, Meter("x"))
