import gzip
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from qantara.evaluate.pages.item_views import ArmAnswer, AskedItem, ItemsFacts
from qantara.evaluate.pages.shown_text import Prompt
from qantara.evaluate.pages.viewer import CARDS_A_CHUNK, card_chunks, item_index, items_file_name, render_items
from qantara.evaluate.prompting.arms import known_arms
from qantara.records import Choice, Finding, Origin

ARMS = known_arms(("en", "ar"))
VOID = {"meta", "br", "link", "input"}
LETTERS = {"en": tuple("ABCD"), "ar": tuple("أبجد")}
EVIL = "</script><img src=x onerror=alert(1)>"


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def choice(code, number):
    origin = Origin(source="s", native_id=str(number), family=f"f{number}")
    question = f"Take 5 mg? {EVIL}" if code == "en" else "خذ 5 mg؟"
    options = tuple("abcd") if code == "en" else (*"سصط", EVIL)
    return Choice(
        id=f"{code}-{number}", language=code, origin=origin, question=question, options=options, answer_index=number % 4
    )


@pytest.fixture
def make_facts(answers):
    def make(letters=("RRW", "RWU"), other=None):
        items = []
        for number in range(len(letters[0])):
            sides = []
            for code, side in zip(("en", "ar"), letters, strict=True):
                found = answers(code, side)[number]
                others = [replace(answers(code, other)[number], model="other")] if other else []
                prompt = Prompt(text=f"{choice(code, number).question}\n", token_starts=(0, 2), prefix_id=f"p-{code}")
                sides.append(
                    ArmAnswer(
                        arm=code,
                        item=choice(code, number),
                        labels=LETTERS[code],
                        predictions=[found],
                        prompt=prompt,
                        others=others,
                    )
                )
            finding = Finding(rule="a.b", severity="fail", field="question", message=EVIL)
            found = [finding] if number == 0 else []
            items.append(AskedItem(id=f"item {number}", subject=EVIL, answers=sides, findings=found))
        return ItemsFacts(
            model=EVIL,
            task="t/1",
            direction=("en", "ar"),
            arms=[ARMS["en"], ARMS["ar"]],
            primary=("letter", "sum"),
            items=items,
            prefixes={"p-en": Prompt(text="Example\n"), "p-ar": Prompt(text="مثال\n")},
            other_model="other" if other else "",
        )

    return make


def opened(facts):
    return [gzip.decompress(b64decode(chunk)).decode("utf-8") for chunk in card_chunks(facts)]


def parsed(text):
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    return parser.seen


def test_the_page_runs_only_its_own_script_and_asks_for_nothing(make_facts):
    page = render_items(make_facts())
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//|@import|url\(", page)
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(", script)


def test_data_is_never_markup(make_facts):
    facts = make_facts()
    page = render_items(facts)
    assert not [tag for tag, _ in parsed(page) if tag == "img"]
    for text in opened(facts):
        assert not [tag for tag, _ in parsed(text) if tag in {"img", "script"}]
        assert "&lt;/" in text


def test_each_side_has_its_language_and_direction(make_facts):
    (text,) = opened(make_facts())
    cells = [
        attrs
        for tag, attrs in parsed(text)
        if tag == "div" and attrs.get("class") in {"side a0", "side a1"} and "lang" in attrs
    ]
    assert {(cell["class"], cell["lang"], cell["dir"]) for cell in cells} == {
        ("side a0", "en", "ltr"),
        ("side a1", "ar", "rtl"),
    }
    assert 'خذ <bdi dir="ltr">5 mg</bdi>' in text


def test_bars_run_left_to_right_in_both_languages_in_the_options_order(make_facts):
    (text,) = opened(make_facts(("R", "R")))
    meters = [attrs for tag, attrs in parsed(text) if attrs.get("class") == "meter"]
    assert len(meters) == 8
    assert {attrs["dir"] for attrs in meters} == {"ltr"}
    assert [label for label in re.findall(r'class="letter" dir="auto">(.)<', text)] == list("AأBبCجDد")


def test_chosen_and_right_options_are_told_in_words(make_facts):
    (text,) = opened(make_facts(("R", "W")))
    assert text.count("chosen</span>") == 2
    assert text.count("right answer</span>") == 2
    assert "other run" not in text


def test_cards_are_packed_some_at_a_time_in_order(make_facts):
    count = CARDS_A_CHUNK + 2
    facts = make_facts(("R" * count, "W" * count))
    first, second = opened(facts)
    border = item_index(facts)["border"]
    assert [len(text.split(border)) for text in (first, second)] == [CARDS_A_CHUNK, 2]
    assert 'id="item_25"' in second.split(border)[0]
    assert border not in first.split(border)[0]


def test_the_index_has_what_filters_need(make_facts):
    index = item_index(make_facts(("RW", "UR"), other="WW"))
    assert index["arms"] == ["English", "Arabic"]
    first, second = index["items"]
    assert first == [
        "item 0",
        "item_0",
        EVIL,
        ["a.b"],
        [["right", 1.0, "", "wrong", 1], ["unread", 0.0, "", "wrong", 1]],
    ]
    assert second[3] == []
    assert [cell[0] for cell in second[4]] == ["wrong", "right"]


def test_the_index_on_the_page_is_the_same_and_no_parser_takes_it_for_markup(make_facts):
    facts = make_facts()
    (text,) = re.findall(r'id="index">(.*?)</script>', render_items(facts), flags=re.DOTALL)
    assert json.loads(text) == item_index(facts)
    assert "<" not in text


def test_what_comes_before_questions_stands_once_for_each_arm(make_facts):
    page = render_items(make_facts())
    assert re.findall(r'<details class="prompt" id="([^"]*)"', page) == ["prefix-p-en", "prefix-p-ar"]
    assert 'href="#prefix-p-ar"' in opened(make_facts())[0]


def test_the_filter_for_two_runs_is_there_where_two_are_compared(make_facts):
    assert 'id="runs"' not in render_items(make_facts())
    assert 'id="runs"' in render_items(make_facts(other="WRW"))
    assert "other run chose" in opened(make_facts(other="WRW"))[0]


def test_the_script_finds_every_element_that_it_needs(make_facts):
    page = render_items(make_facts(other="WRW"))
    script = page[page.rindex("<script>") :]
    wanted = set(re.findall(r'byId\("([a-z]+)"\)', script)) | {
        "left",
        "right",
        "quadrant",
        "subject",
        "rule",
        "tier",
        "margin",
        "runs",
    }
    assert wanted <= set(re.findall(r'id="([a-z]+)"', page))


def test_the_same_facts_give_the_same_bytes(make_facts):
    assert render_items(make_facts()) == render_items(make_facts())


def test_a_task_without_items_has_a_page():
    facts = ItemsFacts(
        model="m", task="t", direction=("en", "ar"), arms=[ARMS["en"]], primary=("letter", "sum"), items=[]
    )
    assert "0 items" in render_items(facts)


def test_a_page_is_named_by_its_task_and_nothing_leaves_the_folder():
    assert items_file_name("mmlu-medical") == "items-mmlu-medical.html"
    assert items_file_name("../my file.jsonl") == "items-.._my_file.jsonl.html"
