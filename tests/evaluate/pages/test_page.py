import re
from html.parser import HTMLParser

import pytest

from qantara.evaluate.pages.page import render_report, what_this_is

VOID = {"meta", "br", "link"}


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(make_report_facts):
    return render_report(make_report_facts())


def test_the_page_is_whole_and_needs_nothing_else(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert "default-src 'none'; style-src 'unsafe-inline'\"" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//|@import|url\(", page)


def test_data_is_escaped_everywhere(page):
    assert "small &lt;model&gt;" in page
    assert "items &lt;were&gt; bad" in page
    assert "&lt;genetics&gt;" in page
    assert not re.search(r"<(model|were|genetics)>", page)


def test_sentences_come_first_then_what_was_measured_then_what_was_run(page):
    places = [
        page.index(f'id="{name}"') for name in ("headline", "viewers", "accuracy", "gap", "parts", "costs", "identity")
    ]
    assert places == sorted(places)


def test_every_link_leads_somewhere(page):
    targets = set(re.findall(r'href="([^"]*)"', page))
    assert {name for name in targets if not name.startswith("#")} == {"items-t.html"}
    assert {name[1:] for name in targets if name.startswith("#")} <= set(re.findall(r'id="([^"]*)"', page))


def test_the_same_facts_give_the_same_page(make_report_facts, page):
    assert render_report(make_report_facts()) == page


def test_what_was_asked_is_said_first(make_report_facts):
    assert what_this_is(make_report_facts()) == (
        "48 items of t asked in 5 arms: English, Arabic, ar-latin, translated and translated-back."
    )
