import re
from base64 import b64encode
from hashlib import sha256

import pytest

from qantara.audit.findings import CheckedPair
from qantara.audit.page import PageFacts, choice_line, render_page, rule_rows
from qantara.audit.pairs import Pair
from qantara.audit.views import pair_view
from qantara.records import Finding

RULE = {"rule": "a.b", "version": 1, "pairs": 1, "fail": 1, "warn": 0, "info": 0}
SUMMARY = {
    "qantara": "0",
    "input": "<pairs>.jsonl",
    "rows": 5,
    "bad_rows": {"count": 1, "named": [{"row": 5, "reason": "cut <off>"}]},
    "pairs": 4,
    "verdicts": {"fail": 1, "warn": 1, "pass": 2},
    "rules": [RULE, RULE | {"rule": "c.d", "fail": 0, "warn": 1}],
    "similarity": {"pairs": 4, "mean": 0.7, "least": 0.1},
    "repeated_ids": {"count": 1, "named": ["twice"]},
    "set": [{"rule": "set.x", "severity": "info", "message": "skewed", "figures": {"share_a": 0.5}}],
    "not_checked": ["Meaning"],
    "self_test": [{"kind": "value x10", "made": 2, "failed": 1, "found": 2}],
}


@pytest.fixture
def facts():
    finding = Finding(rule="a.b", severity="fail", field="text", message="5 < 50", expected="5", got="50")
    pair = Pair(number=3, id='q"<1>', source="Take 5 </script><b>.", target="خذ 50")
    checked = CheckedPair(row=3, id=pair.id, similarity=0.5, findings=(finding,))
    return PageFacts(summary=SUMMARY, views=[pair_view(pair, checked, ("en", "ar"))], direction=("en", "ar"))


def test_the_page_asks_for_nothing_from_outside_and_runs_only_its_own_script(facts):
    page = render_page(facts)
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//|@import|url\(", page)


def test_data_is_escaped_everywhere(facts):
    page = render_page(facts)
    assert "&lt;pairs&gt;.jsonl" in page
    assert "cut &lt;off&gt;" in page
    assert "<b>" not in page
    assert 'data-id="q&#34;&lt;1&gt;"' in page


def test_each_side_has_its_language_and_direction_and_a_pair_its_address(facts):
    page = render_page(facts)
    assert re.search(r'lang="en" dir="ltr">\s*<span class="text">Take', page)
    assert re.search(r'lang="ar" dir="rtl">\s*<span class="text">خذ', page)
    assert 'href="#pair-q%22%3C1%3E"' in page
    assert 'id="pair-q&#34;&lt;1&gt;"' in page


def test_rules_link_to_an_example_where_one_is_shown(facts):
    first, second = rule_rows(facts)
    assert (first.num_shown, first.example) == (1, 'pair-q"<1>')
    assert (second.num_shown, second.example) == (0, "")


def test_what_is_left_out_is_said_with_the_numbers(facts):
    assert choice_line(facts).startswith(
        "1 of 4 pairs are shown (1 of 1 that failed, 0 of 1 that are doubtful, 0 of 2 that passed)"
    )
    whole = PageFacts(summary=SUMMARY | {"pairs": 1}, views=facts.views, direction=facts.direction)
    assert choice_line(whole) == "All 1 pairs are shown, worst first."


def test_a_page_with_nothing_to_tell_can_be_made():
    nothing = {"rules": [], "set": [], "self_test": None, "similarity": None, "repeated_ids": {"count": 0, "named": []}}
    summary = SUMMARY | nothing | {"bad_rows": {"count": 0, "named": []}}
    page = render_page(PageFacts(summary=summary, views=[], direction=("ar", "en")))
    assert "No rule found anything." in page
    assert "Nothing is remarkable" in page
    assert 'id="bad-rows"' not in page
