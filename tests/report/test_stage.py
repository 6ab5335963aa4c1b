from dataclasses import replace
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from qantara.report.stage import ReportConfig, render_report
from qantara.report.translation_facts import TranslationFacts

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, texts with the direction and language they stand in."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        inherited = {"dir": None, "lang": None}
        for _, attributes in self.open:
            inherited |= {name: attributes[name] for name in inherited if name in attributes}
        self.texts.append((data, inherited["dir"], inherited["lang"], [tag for tag, _ in self.open]))


@pytest.fixture
def text(facts):
    return render_report(facts, ReportConfig())


@pytest.fixture
def page(text):
    return Page(text)


def test_every_element_is_closed_where_it_belongs(page):
    assert page.open == []


def test_the_same_facts_give_the_same_bytes(facts, text):
    assert render_report(facts, ReportConfig()) == text


def test_nothing_is_loaded_from_anywhere(page, text):
    assert {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "base"} == set()
    for _, attributes in page.elements:
        assert not {"src", "srcset", "data", "onload", "onclick"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_text_from_data_is_escaped(page, text):
    assert "<script" not in text
    assert "alert(1)" in text
    assert "script" not in {tag for tag, _ in page.elements}


def test_arabic_stands_right_to_left_and_english_left_to_right(page):
    sides = [a for _, a in page.elements if a.get("class") == "side"]
    assert len(sides) > 8
    assert {(a["lang"], a["dir"]) for a in sides} == {("en", "ltr"), ("ar", "rtl")}
    arabic = [entry for entry in page.texts if any("\u0620" <= letter <= "\u064a" for letter in entry[0])]
    assert arabic
    assert {direction for _, direction, _, tags in arabic if "style" not in tags} == {"rtl"}


def test_no_number_or_latin_word_flows_freely_in_right_to_left_text(page):
    loose = [data for data, direction, _, tags in page.texts if direction == "rtl" and "bdi" not in tags]
    assert loose
    assert not [data for data in loose if any(letter.isascii() and letter.isalnum() for letter in data)]


def test_option_letters_of_both_languages_are_isolated(page):
    letters = [data for data, _, _, tags in page.texts if tags[-1:] == ["bdi"] and data.strip() in {"A", "أ"}]
    assert {"A", "أ"} <= set(letters)


def test_faults_are_marked_in_both_texts(page):
    marked = [data for data, _, _, tags in page.texts if "mark" in tags]
    assert "5 mg" in marked
    assert "50" in marked


def test_the_page_says_what_it_is_and_that_rejected_texts_are_in_the_ledger(text):
    assert "no medical device" in text
    assert "Recorded model calls" in text
    assert "they are in the run's ledger" in text


def test_parts_come_in_the_order_of_the_chain(page):
    sections = [a["id"] for tag, a in page.elements if tag == "section"]
    assert sections == [
        "headline",
        "chain",
        "translation",
        "examples",
        "calls",
        "mix",
        "training",
        "evaluation",
        "experts",
        "provenance",
    ]


def test_drawings_have_a_text_alternative(page):
    drawings = [a for tag, a in page.elements if tag == "svg"]
    assert len(drawings) == 6
    assert all(a["role"] == "img" and a["aria-label"] for a in drawings)


@pytest.mark.parametrize("missing", ["curate", "translate", "review", "mix", "train", "evaluate"])
def test_a_run_without_a_stage_has_a_page(facts, missing):
    summaries = dict(facts.summaries)
    summaries[missing] = {}
    assert Page(render_report(replace(facts, summaries=summaries), ReportConfig())).open == []


def test_a_run_of_nothing_has_a_page_that_says_so(empty_facts):
    text = render_report(empty_facts, ReportConfig())
    for sentence in (
        "Nothing was translated",
        "No people reviewed",
        "No model was trained",
        "No model was evaluated",
        "There is no translation with a fault",
    ):
        assert sentence in text


def test_a_dialogue_or_rule_name_with_markup_cannot_break_the_page(facts):
    hostile = facts.translation.candidates[2]
    finding = replace(hostile.attempts[0].findings[0], rule='x"><b>', message="</li><script>", target_text="<i>")
    attempt = replace(hostile.attempts[0], findings=(finding,))
    changed = replace(hostile, attempts=(attempt,))
    page = Page(
        render_report(
            replace(facts, translation=TranslationFacts(candidates=[changed]), name="</title><b>"), ReportConfig()
        )
    )
    assert not {"script", "b", "i"} & {tag for tag, _ in page.elements}


def test_no_more_examples_are_shown_than_the_recipe_says(facts):
    page = Page(render_report(facts, ReportConfig(examples_shown=1)))
    assert sum(tag == "article" for tag, _ in page.elements) == 1


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValidationError):
        ReportConfig(examples_shown=-1)
    with pytest.raises(ValidationError):
        ReportConfig(headline_scoring="guess")
