"""A scripted backend behind a real ledger, and a room around it: what the tests of the translator share."""

import asyncio

import pytest

from qantara.errors import CallFailed
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Response
from qantara.translator.config import TranslatorConfig
from qantara.translator.room import Room
from qantara.translator.rounds import translate_batch

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}
JUDGES = {"judge": MODEL | {"model": "j"}, "second_judge": MODEL | {"model": "k"}}


class Script:
    """A backend that answers from a function of the request: a text, a (text, finish reason), or a fault to fail with."""

    name = "script"
    capacity = 8

    def __init__(self, answer):
        self._answer = answer
        self.asked = []

    async def answer(self, request, sending):
        await sending()
        self.asked.append(request)
        said = self._answer(request)
        if isinstance(said, CallFailed):
            raise said
        text, reason = said if isinstance(said, tuple) else (said, "stop")
        return Response(
            text=text, finish_reason=reason, prompt_tokens=1, completion_tokens=1, model=request.model, seconds=0.0
        )

    async def close(self):
        return


@pytest.fixture
def make_room(tmp_path):
    """Return `make_room(answer, judge=None, second=None, ...)` -> (room, translator's script, judge's, second judge's)."""
    engines = []

    def make(answer, judge=None, second=None, *, direction=("en", "ar"), threshold=None, **settings):
        things = {name: settings.pop(name) for name in ("meaning", "memory", "glossary") if name in settings}
        engine = open_ledger(tmp_path / "ledger.sqlite")
        engines.append(engine)
        desk = Desk(CallLedger(engine))
        scripts = [Script(answer), Script(judge), Script(second)]
        given = {name: JUDGES[name] for name, said in (("judge", judge), ("second_judge", second)) if said}
        room = Room(
            translator=Caller(scripts[0], desk),
            judge=Caller(scripts[1], desk) if judge else None,
            second_judge=Caller(scripts[2], desk) if second else None,
            desk=desk,
            direction=direction,
            threshold=threshold,
            config=TranslatorConfig.model_validate({"model": MODEL} | given | settings),
            **{"meaning": None} | things,
        )
        return room, *scripts

    yield make
    for engine in engines:
        engine.dispose()


def run_batch(examples, room):
    """Translate a batch and close the room."""

    async def run():
        try:
            return await translate_batch(examples, room)
        finally:
            await room.close()

    return asyncio.run(run())


@pytest.fixture
def translated():
    """Return `translated(examples, room)`: the attempts of each example; the room is closed after it."""
    return run_batch
