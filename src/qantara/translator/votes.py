"""Asks the judge about drafts, and a second one where the first leaves a score in the gray band."""

from qantara.errors import CallFailed
from qantara.llm.caller import Caller
from qantara.llm.config import BackendConfig
from qantara.llm.interface import Response
from qantara.llm.readable import Asking, ask_readable
from qantara.records import Example, Finding, text_fields
from qantara.translator.judging import Judgement, combined, not_judged, read_judgement
from qantara.translator.prompting import judge_request
from qantara.translator.room import Room
from qantara.translator.scoring import score


async def judged(source: Example, target: Example, found: tuple[Finding, ...], number: int, room: Room) -> Judgement:
    """Return what the judges say of a draft in round `number`; `found` is what the checks found, for the score."""
    if room.judge is None or room.config.judge is None:
        return Judgement((), None)
    first = await _vote(source, target, number, room, room.judge, room.config.judge)
    low, high = room.config.gray_band
    if room.second_judge is None or room.config.second_judge is None:
        return first
    if not low <= score((*found, *first.findings)) <= high:
        return first
    second = await _vote(source, target, number, room, room.second_judge, room.config.second_judge)
    return combined(first, second)


async def _vote(
    source: Example, target: Example, number: int, room: Room, caller: Caller, judge: BackendConfig
) -> Judgement:
    before, after = text_fields(source), text_fields(target)
    asking = Asking(purpose="judge", round_number=number, resamples=room.config.resamples)
    request = judge_request(before, after, room, judge)
    try:
        response, judgement = await ask_readable(
            caller, request, lambda text: read_judgement(text, before, after), asking
        )
    except CallFailed as error:
        return not_judged(error.fault)
    return judgement or not_judged(_reason(response))


def _reason(response: Response) -> str:
    return "unreadable" if response.finish_reason == "stop" else response.finish_reason
