import re
from html.parser import HTMLParser

import pytest

from qantara.sweep.findings import findings
from qantara.sweep.page import render_page
from qantara.sweep.sentences import sentences

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


def test_the_page_needs_nothing_else_and_is_whole(results):
    page = render_page(results())
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r'(?:src|href)="(?!#)|url\(|<script', page)
    assert "default-src 'none'" in page


def test_sentences_come_first_then_pictures_then_tables(results):
    made = results()
    page = render_page(made)
    assert made["sentences"][0].replace("'", "&#39;") in page
    assert page.index('id="headline"') < page.index('id="curves"') < page.index('id="means"') < page.index('id="arms"')
    assert page.count("<svg") == 2


def test_each_learning_rate_has_its_pictures(results):
    page = render_page(results(rates=(1e-4, 1e-3)))
    assert page.count("<svg") == 4
    assert "Learning rate 0.001. Lines go" in page


def test_intervals_are_explained_with_how_many_seeds(results):
    assert "means over 3 seeds, bars are 95% t intervals of the mean (n = 3)" in render_page(results())
    assert "One seed: points have no intervals." in render_page(results(seeds=(0,)))


def test_a_point_without_an_interval_says_why(results):
    assert "none: one seed" in render_page(results(seeds=(0,)))


@pytest.mark.parametrize("evaluated", [True, False])
def test_accuracy_is_there_where_it_was_measured(results, evaluated):
    page = render_page(results(evaluated=evaluated))
    assert ("Accuracy is by the likelihood of the option&#39;s letter" in page) == evaluated
    assert ("Arabic accuracy" in page) == evaluated


def test_notices_of_models_are_shown_as_text(results):
    assert "Built with &lt;care&gt;." in render_page(results())


def test_a_sweep_in_which_every_arm_failed_still_has_its_page(facts):
    found = findings(facts(shares=()))
    page = render_page(found | {"sentences": sentences(found), "provenance": {}})
    assert "No arm has come to its end" in page
    assert "<svg" not in page
