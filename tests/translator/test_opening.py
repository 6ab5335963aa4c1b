import asyncio
from dataclasses import replace

import pytest

from qantara.errors import DataError
from qantara.ledger import open_ledger
from qantara.llm.caller import Desk
from qantara.llm.calls import CallLedger
from qantara.llm.opening import Callers
from qantara.records import Calibration
from qantara.translator.calibration import write_calibration
from qantara.translator.config import TranslatorConfig
from qantara.translator.opening import Place, calibrated_threshold, open_room, reused_hashes
from qantara.translator.policy import policy_id
from qantara.translator.tmx import write_tmx

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}
DIRECTION = ("en", "ar")


def config(**settings):
    return TranslatorConfig.model_validate({"model": MODEL, "meaning": False} | settings)


@pytest.fixture
def place(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    yield Place(folder=tmp_path, engine=engine, direction=DIRECTION)
    engine.dispose()


@pytest.fixture
def opened(place):
    """Return `opened(config)`: a room, closed after the test."""
    rooms = []

    def made(settings, threshold=None):
        rooms.append(open_room(settings, place, Desk(CallLedger(place.engine)), threshold))
        return rooms[-1]

    yield made
    for room in rooms:
        asyncio.run(room.close())


def test_equal_settings_share_a_backend_and_all_share_the_desk(opened):
    judges = {"judge": MODEL, "second_judge": MODEL | {"model": "k"}}
    room = opened(config(**judges), threshold=80)
    assert room.judge is room.translator
    assert room.second_judge is not room.translator
    assert room.second_judge.desk is room.translator.desk is room.desk
    assert (room.threshold, room.meaning, room.memory, room.glossary) == (80, None, None, None)


def test_memory_and_glossary_are_read_from_the_recipe_s_folder(opened, place, tmp_path):
    write_tmx(tmp_path / "memory.tmx", [], DIRECTION)
    (tmp_path / "terms.tsv").write_text("fever\tحمى\n", encoding="utf-8")
    settings = config(memory="memory.tmx", glossary="terms.tsv")
    room = opened(settings)
    assert room.memory.num_entries == 0
    assert "fever = حمى" in room.terms({"question": "Is there a fever?"})
    before = reused_hashes(settings, place)
    (tmp_path / "terms.tsv").write_text("fever\tسخونة\n", encoding="utf-8")
    after = reused_hashes(settings, place)
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert reused_hashes(config(), place) == ()


@pytest.mark.parametrize("name", ["memory", "glossary"])
def test_a_file_that_is_not_there_is_one_line(place, name):
    with pytest.raises(
        DataError, match=r"none\.x: can't be read \(No such file or directory\); check `memory`"
    ) as caught:
        reused_hashes(config(**{name: "none.x"}), place)
    assert "\n" not in str(caught.value)


CALIBRATION = Calibration(
    policy="",
    date="2026-01-01",
    threshold=72,
    error_rate=0.02,
    confidence=0.95,
    upper_error_rate=0.01,
    review_share=0.1,
    auc=None,
    auc_low=0.0,
    auc_high=1.0,
    accepted_error_rate=None,
    accepted_error_low=0.0,
    accepted_error_high=1.0,
    num_accepted=0,
    num_audited=0,
    num_audited_wrong=0,
    num_doubted=0,
    num_doubted_decided=0,
    num_doubted_wrong=0,
)


def test_a_threshold_is_the_calibration_s_or_the_one_that_is_given_in_its_place(place, tmp_path):
    settings = config()
    policy = policy_id(settings, DIRECTION)
    write_calibration(tmp_path / "c.json", replace(CALIBRATION, policy=policy))
    assert calibrated_threshold(tmp_path / "c.json", None, settings, place) == 72
    assert calibrated_threshold(tmp_path / "c.json", 0, settings, place) == 0
    assert calibrated_threshold(None, 90, settings, place) is None
    write_calibration(tmp_path / "c.json", replace(CALIBRATION, policy=policy, threshold=None))
    assert calibrated_threshold(tmp_path / "c.json", 88, settings, place) == 88
    with pytest.raises(DataError, match="no threshold was found for its error rate"):
        calibrated_threshold(tmp_path / "c.json", None, settings, place)


def test_a_calibration_of_another_policy_is_refused_in_one_line(place, tmp_path):
    write_calibration(tmp_path / "c.json", replace(CALIBRATION, policy=policy_id(config(), ("ar", "en"))))
    with pytest.raises(DataError, match="made with another judge, prompt, rule or language") as caught:
        calibrated_threshold(tmp_path / "c.json", None, config(), place)
    assert "\n" not in str(caught.value)


def test_rooms_of_two_directions_can_share_their_callers(place):
    desk = Desk(CallLedger(place.engine))
    callers = Callers(desk, place.folder, place.engine)
    there, back = (
        open_room(config(), replace(place, direction=direction), desk, None, callers)
        for direction in (DIRECTION, DIRECTION[::-1])
    )
    assert there.translator is back.translator
    asyncio.run(there.close())
    back.checks.shutdown()
