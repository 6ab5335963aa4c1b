"""One task in one arm, answered in writing: conversations out, replies in, translated back where the arm says so, read."""

from collections.abc import Mapping, Sequence

from qantara.errors import RecipeError
from qantara.evaluate.calling.costs import Meter
from qantara.evaluate.calling.replies import Reply, read_reply, replies, reply_counts
from qantara.evaluate.calling.translations import translated_replies
from qantara.evaluate.prompting.arms import Arm
from qantara.evaluate.prompting.prompts import reply_turns, shots_for
from qantara.evaluate.room import Room
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluate.sitting import Sitting
from qantara.records import Choice, Prediction

Place = tuple[Room, Meter, Sitting]


def replied(
    arm: Arm,
    items: tuple[Sequence[Choice], Sequence[Choice]],
    shots: Sequence[Choice],
    config: EvaluationConfig,
    place: Place,
) -> tuple[list[Prediction], list[Mapping[str, object]]]:
    """Return predictions and counts of an arm's replies; `items` are those it starts from and, in step, as they are asked."""
    room, meter, sitting = place
    if room.replying is None:
        raise RecipeError("qantara evaluate", ["replies are asked for, and nobody writes them"])
    given, asked = items
    spec = config.spec(arm)
    conversations = [reply_turns(item, shots_for(item, shots, spec), spec) for item in asked]
    found = replies(conversations, room.replying.open_caller(meter), room.replying.generation, room.advance)
    if arm.back:
        found = _back(given, found, config.direction, room, meter)
    read_as = given if arm.back else asked
    predictions = [
        read_reply(reply, item, spec.labels(len(item.options)), sitting)
        for reply, item in zip(found, read_as, strict=True)
    ]
    return predictions, list(reply_counts(predictions, found))


def _back(
    items: Sequence[Choice], found: Sequence[Reply], direction: tuple[str, str], room: Room, meter: Meter
) -> list[Reply]:
    if room.open_route is None:
        raise RecipeError("qantara evaluate", ["the arm translated-back translates: give a translator"])
    texts = [reply.text for reply in found]
    back = translated_replies(items, texts, room.open_route(direction, meter), room.advance)
    return [Reply(text, reply.ended) for text, reply in zip(back.texts, found, strict=True)]
