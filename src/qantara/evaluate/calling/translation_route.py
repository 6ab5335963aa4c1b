"""Opens the rooms that benchmark records are translated in: one a leg of a route of languages, all at one desk.

A route is (ar, en), or (en, ar, en) for there and back. Models are loaded once for all legs; an arm's meter notes every call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from qantara.evaluate.calling.costs import Meter, Metered
from qantara.languages import language
from qantara.llm.budget import BudgetConfig
from qantara.llm.caller import Desk
from qantara.llm.opening import Callers, open_desk
from qantara.translator.config import TranslatorConfig
from qantara.translator.opening import Place, open_room
from qantara.translator.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Rooms that records go through one after the other, at one desk; good for one pass, which closes it."""

    rooms: tuple[Room, ...]
    desk: Desk
    meter: Meter

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages from the first to the last."""
        return (self.rooms[0].direction[0], *(room.direction[1] for room in self.rooms))

    async def close(self) -> None:
        """Give back connections, models and threads."""
        for backend in dict.fromkeys(caller.backend for room in self.rooms for caller in room.callers()):
            await backend.close()
        for room in self.rooms:
            room.checks.shutdown()
        self.desk.close()


def open_route(
    config: TranslatorConfig,
    languages: Sequence[str],
    engine: sa.Engine,
    folder: Path,
    meter: Meter,
    budget: BudgetConfig | None = None,
) -> Route:
    """Return the rooms of a route; equal models are loaded once. Paths in the config start from `folder`.

    Memory and glossary hold for the first leg alone: a table of terms does not say which way it may be read.
    """
    legs = list(pairwise(language(code).code for code in languages))
    if not legs or any(source == target for source, target in legs):
        raise ValueError(f"{languages} is no route: it needs two languages or more, neighbors that differ")
    desk = open_desk(engine, folder, budget)
    callers = Callers(desk, folder, engine)
    rooms: list[Room] = []
    for direction in legs:
        place = Place(folder=folder, engine=engine, direction=direction)
        kept = config if not rooms else config.model_copy(update={"memory": None, "glossary": None})
        rooms.append(_metered(open_room(kept, place, desk, None, callers), meter))
    return Route(rooms=tuple(rooms), desk=desk, meter=meter)


def _metered(room: Room, meter: Meter) -> Room:
    return replace(
        room,
        translator=Metered(room.translator, meter),
        judge=Metered(room.judge, meter) if room.judge else None,
        second_judge=Metered(room.second_judge, meter) if room.second_judge else None,
    )
