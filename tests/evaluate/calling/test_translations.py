import contextlib
import json
import random
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qantara.evaluate.calling.costs import Meter
from qantara.evaluate.calling.translation_route import open_route
from qantara.evaluate.calling.translations import as_json, summary_of, translated_items, translated_replies
from qantara.ledger import open_ledger
from qantara.records import Choice, Origin, with_id
from qantara.translator.config import TranslatorConfig

DOUBTED, MENDED, UNREADABLE, REFUSED_BACK, OVERLOADED, REPAIR_LOST = 13, 14, 17, 21, 23, 29
ENGLISH = {
    "question": "Which dose of drug {0} is given?",
    "options": "{0} mg",
    "text": "The right answer is {0} mg.",
}
ARABIC = {
    "question": "ما الجرعة التي تُعطى من الدواء {0}؟",
    "options": "{0} ملغ",
    "text": "الإجابة الصحيحة هي {0} ملغ.",
}
FIELD = re.compile(r'<f id="(\w+)(/\d)?">(.*?)</f>')


def item(number, code="en", family=""):
    words = ENGLISH if code == "en" else ARABIC
    return with_id(
        Choice(
            id="",
            language=code,
            origin=Origin(source="t", native_id=str(number), subject="doses", split="test", family=family),
            question=words["question"].format(number),
            options=tuple(words["options"].format(number + k) for k in range(4)),
            answer_index=number % 4,
            explanation="SECRET",
        )
    )


def say(body):
    """Translate a locked record, with the faults that the numbers of drugs stand for; a number is a status to fail with."""
    system, user = (message["content"] for message in body["messages"])
    to_arabic = "from English to Arabic" in system
    fields = FIELD.findall(user.partition("Previous translation")[0].partition("Repair round")[0])
    drug = int(re.search(r"\d+", fields[0][2])[0])
    if drug == UNREADABLE or (drug == REFUSED_BACK and not to_arabic):
        return "I can't help with that."
    if drug == OVERLOADED or (drug == REPAIR_LOST and "Repair round" in user):
        return 500
    words = ARABIC if to_arabic else ENGLISH
    lines = []
    for name, place, text in fields:
        number = int(re.search(r"\d+", text)[0])
        is_wrong = drug in (DOUBTED, REPAIR_LOST) or (drug == MENDED and "Repair round" not in user)
        number = number * 10 if is_wrong and name == "options" else number
        lines.append(f'<f id="{name}{place}">{words[name].format(number)}</f>')
    return "\n".join(lines)


class Server:
    """An OpenAI-compatible server on loopback that takes a random while; `bodies` are the requests it got."""

    def __init__(self):
        server, dice = self, random.Random(1)
        self.bodies = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.bodies.append(body)
                said = say(body)
                # a server whose first answers all fail is taken for misnamed: its failure comes late
                time.sleep(0.3 if said == 500 else dice.random() * 0.02)
                message = {"role": "assistant", "content": said}
                answer = {"id": "x", "object": "chat.completion", "created": 0, "model": "t"}
                answer["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
                answer["usage"] = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
                data = json.dumps(answer).encode()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(said if isinstance(said, int) else 200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *_):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def translator():
    running = Server()
    yield running
    running.close()


@pytest.fixture
def route(tmp_path, translator):
    """Return `route(*languages)`: an open route to the server, over the same ledger if no other is named."""
    engines = {}
    model = {"backend": "endpoint", "url": translator.url, "model": "t", "max_retries": 0}
    settings = {"meaning": False, "max_rounds": 1, "resamples": 0}

    def opened(*languages, ledger="ledger.sqlite", concurrency=8):
        if ledger not in engines:
            engines[ledger] = open_ledger(tmp_path / ledger)
        config = TranslatorConfig.model_validate({"model": model | {"concurrency": concurrency}} | settings)
        return open_route(config, languages, engines[ledger], tmp_path, Meter("arm"))

    yield opened
    for engine in engines.values():
        engine.dispose()


def test_items_come_back_in_the_other_language_with_their_structure(route, translator):
    given = [item(number, "ar", family=f"f{number}") for number in (2, 3)]
    made = translated_items(given, route("ar", "en"))
    assert [(asked.question, asked.options) for asked in made.items] == [
        (item(number).question, item(number).options) for number in (2, 3)
    ]
    for before, after in zip(given, made.items, strict=True):
        assert (after.language, after.answer_index) == ("en", before.answer_index)
        assert (after.origin.family, after.origin.subject, after.origin.parent) == (
            before.origin.family,
            before.origin.subject,
            before.id,
        )
    assert not any(outcome.findings or outcome.is_fallback for outcome in made.outcomes)
    assert "SECRET" not in json.dumps(translator.bodies)


def test_there_and_back_is_two_passes_and_keeps_what_stood_between(route, translator):
    made = translated_items([item(2)], route("en", "ar", "en"))
    assert (made.items[0].question, made.items[0].options) == (item(2).question, item(2).options)
    assert made.items[0].id != item(2).id  # no explanation, another parent
    first, second = as_json(made.outcomes[0])["legs"]
    assert (first["language"], second["language"]) == ("ar", "en")
    assert first["texts"]["question"] == ARABIC["question"].format(2)
    assert len(translator.bodies) == 2


def test_a_changed_dose_is_asked_as_it_came_and_counted_as_doubted(route):
    made = translated_items([item(DOUBTED, "ar"), item(MENDED, "ar"), item(2, "ar")], route("ar", "en"))
    assert [outcome.is_doubted for outcome in made.outcomes] == [True, False, False]
    assert made.items[0].options[0] == f"{DOUBTED * 10} mg"
    counts = summary_of(made.outcomes)
    assert (counts["num_items"], counts["num_doubted"], counts["num_fallback"]) == (3, 1, 0)
    assert counts["found_by_rule"]["digits.changed"] == 1


@pytest.mark.parametrize(
    ("languages", "number", "reason", "num_legs"),
    [
        (("ar", "en"), UNREADABLE, "form.missing_field", 1),
        (("en", "ar", "en"), UNREADABLE, "form.missing_field", 1),
        (("en", "ar", "en"), REFUSED_BACK, "form.missing_field", 2),
    ],
)
def test_what_can_t_be_translated_is_asked_as_it_was_and_marked(route, languages, number, reason, num_legs):
    given = [item(2, languages[0]), item(number, languages[0])]
    made = translated_items(given, route(*languages))
    assert made.items[1] is given[1]
    assert [outcome.is_fallback for outcome in made.outcomes] == [False, True]
    assert len(made.outcomes[1].attempts) == num_legs
    counts = summary_of(made.outcomes)
    assert counts["fallback_by_reason"] == {reason: 1}
    assert (counts["num_doubted"], counts["num_unanswered"]) == (0, 0)
    assert as_json(made.outcomes[1])["fallback"] == reason


def test_text_with_the_lock_s_tags_is_not_sent(route, translator):
    given = with_id(Choice(id="", language="ar", origin=Origin(source="t", native_id="1"), question='<f id="a">',
                           options=("1", "2"), answer_index=0))  # fmt: skip
    made = translated_items([given], route("ar", "en"))
    assert (made.items, made.outcomes[0].reason, translator.bodies) == ((given,), "reserved_markup", [])


def test_a_call_without_an_answer_is_told_apart_and_asked_again_next_time(route, translator):
    broken = item(OVERLOADED, "ar")
    for new in (2, 3):  # a server that answers nothing at all stops the run
        made = translated_items([item(new, "ar"), broken], route("ar", "en"))
        assert made.items[1] is broken
        assert summary_of(made.outcomes)["num_unanswered"] == 1
        assert made.outcomes[1].reason == "call.server_error"
    assert sum(str(OVERLOADED) in body["messages"][-1]["content"] for body in translator.bodies) == 2


def test_a_repair_without_an_answer_is_told_though_the_first_translation_is_kept(route):
    made = translated_items([item(2, "ar"), item(REPAIR_LOST, "ar")], route("ar", "en"))
    assert [(outcome.is_unanswered, outcome.is_fallback) for outcome in made.outcomes] == [
        (False, False),
        (True, False),
    ]


def test_a_second_run_sends_nothing_and_gives_the_same(route, translator):
    given = [item(number) for number in range(40)]
    given = [one for one in given if int(one.origin.native_id) not in (OVERLOADED, REPAIR_LOST)]
    first = translated_items(given, route("en", "ar", "en"))
    asked = len(translator.bodies)
    assert translated_items(given, route("en", "ar", "en")) == first
    assert len(translator.bodies) == asked


def test_what_comes_out_does_not_depend_on_what_comes_back_first(route):
    given = [item(number) for number in range(DOUBTED, OVERLOADED)] + [item(number) for number in range(200, 225)]
    one, many = (
        translated_items(given, route("en", "ar", "en", ledger=f"{width}.sqlite", concurrency=width))
        for width in (1, 16)
    )
    assert one == many
    assert summary_of(one.outcomes)["num_fallback"] == 2


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, route, translator):
    given = [item(number, "ar") for number in range(100, 180)]

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translated_items(given, route("ar", "en"), stop)
    assert len(translator.bodies) > 0
    done = []
    made = translated_items(given, route("ar", "en"), done.append)
    assert [one.question for one in made.items] == [item(number).question for number in range(100, 180)]
    assert done == [32, 32, 16]
    sent = [body["messages"][-1]["content"] for body in translator.bodies]
    # what was on its way when it was stopped may be sent again, what was answered is not
    assert len(set(sent)) == 80
    assert len(sent) <= 80 + 8


def test_replies_are_translated_back_as_plain_text(route):
    given = [item(2, "ar"), item(3, "ar")]
    made = translated_replies(given, ["The right answer is 2 mg.", "The right answer is 3 mg."], route("en", "ar"))
    assert made.texts == (ARABIC["text"].format(2), ARABIC["text"].format(3))
    assert made.outcomes[0].target.origin.family == given[0].origin.family


def test_replies_that_need_no_translation_are_not_sent(route, translator):
    texts = ["", "\u200f", "2", ARABIC["text"].format(2)]
    made = translated_replies([item(number, "ar") for number in range(4)], texts, route("en", "ar"))
    assert list(made.texts) == texts
    assert (translator.bodies, summary_of(made.outcomes)["num_fallback"]) == ([], 0)


def test_a_reply_that_can_t_be_translated_stays_as_it_is_and_is_marked(route):
    text = f"The right answer is {UNREADABLE} mg."
    made = translated_replies([item(1, "ar")], [text], route("en", "ar"))
    assert (made.texts, made.outcomes[0].is_fallback) == ((text,), True)


def test_a_local_base_model_translates_field_by_field_and_what_it_babbles_is_doubted_or_left(tmp_path, tiny_model):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    model = {"backend": "local", "model": f"path:{tiny_model}", "template": "none", "dtype": "float32"}
    settings = {"model": model, "style": "completion", "max_output_tokens": 16, "meaning": False, "max_rounds": 0}
    config = TranslatorConfig.model_validate(settings)
    made = translated_items([item(1)], open_route(config, ("en", "ar", "en"), engine, tmp_path, Meter("arm")))
    assert made.outcomes[0].is_fallback or made.outcomes[0].is_doubted
    assert len(made.items[0].options) == 4
    engine.dispose()


def test_items_of_another_language_than_the_route_s_are_a_bug(route):
    with pytest.raises(ValueError, match="begins with en"):
        translated_items([item(1, "ar")], route("en", "ar"))
