import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.translator.lock import has_reserved_markup, lock, unlock

FIELDS = {"question": "Give 5 mg?", "options/0": "a < b", "options/1": "c"}


def test_fields_come_back_as_they_were_locked():
    assert unlock(lock(FIELDS), FIELDS) == (FIELDS, ())


def test_talk_around_the_tags_is_ignored():
    assert unlock(f"Sure! Here it is:\n{lock(FIELDS)}\nAnything else?", FIELDS).fields == FIELDS


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ('<f id="question">x</f><f id="options/0">y</f>', "form.missing_field"),
        (lock({**FIELDS, "options/1": " "}), "form.missing_field"),
        (lock(FIELDS) + '<f id="question">again</f>', "form.repeated_field"),
        (lock(FIELDS) + '<f id="options/2">new</f>', "form.unknown_field"),
        ("", "form.missing_field"),
        (lock(FIELDS)[:-3], "form.missing_field"),
    ],
)
def test_anything_wrong_with_the_form_is_a_fail(answer, rule):
    findings = unlock(answer, FIELDS).findings
    assert rule in {finding.rule for finding in findings}
    assert {finding.severity for finding in findings} == {"fail"}


def test_a_text_that_holds_the_tags_is_recognized():
    assert has_reserved_markup({"question": 'say "</f>" now'})
    assert not has_reserved_markup(FIELDS)


@given(st.dictionaries(st.sampled_from(["question", "answer", "turns/0", "turns/11"]), st.text(min_size=1), min_size=1))
def test_any_text_survives_the_lock(fields):
    fields = {name: text.strip() for name, text in fields.items() if text.strip()}
    if not has_reserved_markup(fields):
        assert unlock(lock(fields), fields) == (fields, ())
