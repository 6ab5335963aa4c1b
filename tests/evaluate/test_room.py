from dataclasses import FrozenInstanceError

import pytest

from qantara.evaluate.room import Room
from qantara.ledger import open_ledger
from qantara.llm.prices import Prices


def test_a_room_opens_nothing_by_itself_and_says_what_is_not_there(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    room = Room(model="m", engine=engine, prices=Prices())
    assert (room.tokenizer, room.answers, room.replying, room.open_route) == (None, None, None, None)
    with pytest.raises(FrozenInstanceError):
        room.model = "another"
    engine.dispose()
