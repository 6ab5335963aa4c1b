"""One item and one right dialogue about it in each form, and a backend that answers from a list: what tests of this stage share."""

from dataclasses import replace

import pytest

from qantara.fidelity.encoders import encoder as make_encoder
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Response
from qantara.records import Choice, Origin, Turn, with_id
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.room import Room

MODEL = {"backend": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "writer"}
ENGLISH = (
    "Doctor, I have atrial fibrillation and I am 76. How much apixaban do I need?",
    "How much do you weigh, and do your kidneys work well?",
    "I weigh 82 kg, and my creatinine is 0.9 mg/dL.",
    "Then apixaban 5 mg twice daily is right for you, because you meet none of the criteria for less.",
)
ARABIC = (
    "دكتور، لدي رجفان أذيني وعمري 76 عامًا. كم أحتاج من أبيكسابان؟",
    "كم وزنك؟ وهل كليتاك سليمتان؟",
    "وزني 82 كغ والكرياتينين 0.9 ملغ/دل.",
    "إذن أبيكسابان 5 ملغ مرتين يوميًا هو المناسب لك، فلا ينطبق عليك أي معيار لخفض الجرعة.",
)


@pytest.fixture(scope="session")
def encoder():
    return make_encoder()


@pytest.fixture
def item():
    question = (
        "A 76-year-old woman with atrial fibrillation weighs 82 kg and has a creatinine of 0.9 mg/dL. "
        "Which apixaban regimen is most appropriate?"
    )
    options = ("2.5 mg once daily", "2.5 mg twice daily", "5 mg twice daily", "10 mg twice daily")
    origin = Origin(source="test", native_id="heart-1", licence="Apache-2.0", subject="cardiology")
    return with_id(
        Choice(
            id="",
            language="en",
            origin=origin,
            question=question,
            options=options,
            answer_index=2,
            explanation="Dose reduction needs two of three criteria; she has none.",
        )
    )


@pytest.fixture
def make_item(item):
    """Return a function that gives the item other texts."""

    def make(**changes):
        return with_id(replace(item, **changes))

    return make


@pytest.fixture
def config():
    def make(**settings):
        return SynthesizeConfig.model_validate({"model": MODEL} | settings)

    return make


def as_turns(*texts):
    """Return texts as turns, the patient first."""
    return tuple(Turn(role="user" if i % 2 == 0 else "assistant", text=text) for i, text in enumerate(texts))


@pytest.fixture
def turns():
    return as_turns


@pytest.fixture
def english():
    return as_turns(*ENGLISH)


@pytest.fixture
def arabic():
    return as_turns(*ARABIC)


@pytest.fixture
def switching():
    """Return a dialogue that goes over to Arabic in the patient's second turn."""
    return as_turns(*ENGLISH[:2], *ARABIC[2:])


class Scripted:
    """A backend that gives the next answer of a list: a text, or a text with its finish reason."""

    name = "scripted"
    capacity = 4

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.closed = False

    async def answer(self, request, sending):
        await sending()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        text, reason = answer if isinstance(answer, tuple) else (answer, "stop")
        return Response(
            text=text, finish_reason=reason, prompt_tokens=1, completion_tokens=1, model=request.model, seconds=0.0
        )

    async def close(self):
        self.closed = True


@pytest.fixture
def scripted():
    return Scripted


@pytest.fixture
def room(tmp_path, encoder):
    def make(writer, judge=None):
        desk = Desk(CallLedger(open_ledger(tmp_path / "ledger.sqlite")))
        return Room(
            writer=Caller(writer, desk),
            judge=Caller(judge, desk) if judge else None,
            desk=desk,
            encoder=encoder,
            direction=("en", "ar"),
        )

    return make
