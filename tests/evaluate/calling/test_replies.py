import json

import pytest

from qantara.errors import CallFailed
from qantara.evaluate.calling.costs import Meter, Metered, cost_of
from qantara.evaluate.calling.replies import Generation, Reply, open_caller, read_reply, replies, reply_counts
from qantara.evaluate.sitting import Sitting
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Response
from qantara.llm.local import LocalConfig
from qantara.llm.prices import Prices
from qantara.llm.recorded import RecordedConfig, call_record
from qantara.records import Choice, Origin, Turn, with_id

GENERATION = Generation(model="m", max_tokens=20)
SITTING = Sitting("base", "doses", "ar")
LABELS = {"en": ("A", "B", "C", "D"), "ar": ("أ", "ب", "ج", "د")}


def item(number=0, code="en"):
    options = ("5 mg", "10 mg", "15 mg", "20 mg") if code == "en" else ("5 ملغ", "10 ملغ", "15 ملغ", "20 ملغ")
    origin = Origin(source="t", native_id=str(number), subject="doses", family=f"f{number}")
    return with_id(
        Choice(id="", language=code, origin=origin, question=f"Question {number}", options=options, answer_index=1)
    )


def turns(text):
    return (Turn(role="system", text="Be brief."), Turn(role="user", text=text))


@pytest.fixture
def engine(tmp_path):
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def recording(tmp_path):
    """Return `recording(generation, {text: (reply, finish reason)})` -> the config of a file that answers so."""

    def write(generation, said):
        lines = [
            call_record(
                generation.request(turns(text)),
                Response(text=reply, finish_reason=ended, prompt_tokens=9, completion_tokens=3, model="m", seconds=0.1),
            )
            for text, (reply, ended) in said.items()
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / "replies.jsonl").write_text(text, encoding="utf-8")
        return RecordedConfig(backend="recorded", file="replies.jsonl", model="m")

    return write


def test_replies_come_in_the_order_asked_with_how_they_ended(engine, recording, tmp_path):
    said = {str(number): (f"Answer: {number}", "length" if number % 2 else "stop") for number in range(50)}
    caller = open_caller(recording(GENERATION, said), engine, tmp_path, Meter("en"))
    done = []
    found = replies([turns(text) for text in said], caller, GENERATION, done.append)
    assert found == [Reply(*reply) for reply in said.values()]
    assert sum(done) == 50


def test_a_second_run_asks_nobody_and_shows_the_same_cost(engine, recording, tmp_path):
    said = {"a": ("Answer: A", "stop"), "b": ("", "empty")}
    config, costs, found = recording(GENERATION, said), [], []
    for _ in range(2):
        meter = Meter("en")
        caller = open_caller(config, engine, tmp_path, meter)
        found.append(replies([turns(text) for text in said], caller, GENERATION))
        meter.wall_seconds = 0.0  # of each process alone
        costs.append(cost_of(meter, engine, Prices()))
        (tmp_path / "replies.jsonl").unlink(missing_ok=True)  # whoever asked again would miss it
    assert found[0] == found[1]
    assert costs[0] == costs[1]
    assert (costs[0].calls, costs[0].completion_tokens) == (2, 6)


def test_replies_before_an_interruption_are_kept(engine, recording, tmp_path):
    said = {str(number): ("Answer: A", "stop") for number in range(5)}
    config = recording(GENERATION, said)

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replies([turns(text) for text in said], open_caller(config, engine, tmp_path, Meter("en")), GENERATION, stop)
    assert 0 < sum(total.calls for total in CallLedger(engine).totals()) <= 5


@pytest.mark.parametrize(
    ("form", "num_messages", "prompt"),
    [("chat", 2, ""), ("message", 1, ""), ("prompt", 0, "Be brief.\n\nWhich?\n\n")],
)
def test_turns_are_sent_as_a_chat_or_one_after_the_other(form, num_messages, prompt):
    request = Generation(model="m", max_tokens=9, stop=("\n",), form=form).request(turns("Which?"))
    assert (len(request.messages), request.prompt, request.stop, request.temperature) == (
        num_messages,
        prompt,
        ("\n",),
        0,
    )
    if form == "message":
        assert request.messages[0].content == "Be brief.\n\nWhich?\n\n"


def test_a_local_model_writes_replies_and_its_tokens_are_counted(engine, tiny_model, tmp_path):
    config = LocalConfig(backend="local", model=f"path:{tiny_model}", batch_size=2, dtype="float32")
    generation = Generation(model=f"{config.model} weights-1", max_tokens=6)
    meter, found = Meter("en"), []
    for _ in range(2):
        found.append(replies([turns("a"), turns("bb")], open_caller(config, engine, tmp_path, meter), generation))
    assert found[0] == found[1]
    assert {reply.ended for reply in found[0]} <= {"length", "stop", "empty"}
    cost = cost_of(meter, engine, Prices())
    assert (cost.calls, cost.pricing) == (2, "free")
    assert 2 <= cost.completion_tokens <= 12


class Flaky:
    """Answers all but the conversations about "lost"."""

    name, capacity = "flaky", 4

    async def answer(self, request, sending):
        await sending()
        if "lost" in request.messages[-1].content:
            raise CallFailed("no answer in time", "timeout")
        return Response(
            text="Answer: B", finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0
        )

    async def close(self):
        return


def test_one_call_without_an_answer_does_not_end_the_others(engine):
    caller = Metered(Caller(Flaky(), Desk(CallLedger(engine))), Meter("en"))
    found = replies([turns("a"), turns("lost"), turns("b")], caller, GENERATION)
    assert [reply.ended for reply in found] == ["stop", "timeout", "stop"]
    assert [reply.is_unanswered for reply in found] == [False, True, False]


@pytest.mark.parametrize(
    ("reply", "code", "index"),
    [
        (Reply("The answer is B.", "stop"), "en", 1),
        (Reply("الإجابة: ج", "stop"), "ar", 2),
        (Reply("The answer is B. Let me expl", "length"), "en", 1),
        (Reply("I would have to see the patient", "length"), "en", -1),
        (Reply("The answer is B.", "refused"), "en", -1),
        (Reply("", "empty"), "en", -1),
        (Reply("", "timeout"), "en", -1),
        (Reply("", "context_overflow"), "en", -1),
    ],
)
def test_a_reply_becomes_a_prediction(reply, code, index):
    asked = item(3, code)
    made = read_reply(reply, asked, LABELS[code], SITTING)
    assert (made.chosen_index, made.answer_index, made.reply) == (index, 1, reply.text)
    assert (made.model, made.task, made.arm, made.family, made.item_id) == ("base", "doses", "ar", "f3", asked.id)
    assert (made.scoring, made.normalization, made.log_probabilities) == ("generate", "", ())
    assert (made.tier in ("none", "ambiguous")) == (index < 0)
    assert made.tier


def test_what_became_of_replies_is_counted_by_language():
    given = [
        (item(0), Reply("The answer is B.", "stop")),
        (item(1), Reply("The answer is A.", "length")),
        (item(2), Reply("I would have to", "length")),
        (item(3), Reply("", "empty")),
        (item(4), Reply("no", "refused")),
        (item(5), Reply("", "bad_request")),
        (item(6), Reply("", "overloaded")),
        (item(7, "ar"), Reply("الإجابة: ب", "stop")),
    ]
    predictions = [read_reply(reply, asked, LABELS[asked.language], SITTING) for asked, reply in given]
    english, arabic = reply_counts(predictions, [reply for _, reply in given])
    assert (english["language"], english["num_items"], english["num_extracted"]) == ("en", 7, 2)
    assert english["num_extracted"] + english["num_ambiguous"] + english["num_none"] == english["num_items"]
    assert (english["num_truncated"], english["num_truncated_unread"]) == (2, 1)
    assert [english[f"num_{name}"] for name in ("empty", "refused", "turned_down", "unanswered")] == [1, 1, 1, 1]
    assert sum(english["by_tier"].values()) == 7
    assert (arabic["language"], arabic["num_items"], arabic["num_extracted"]) == ("ar", 1, 1)
