"""`check` as a whole: mutations of a clean record, then properties that hold for any text, any record, any way of writing."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qantara.errors import QantaraError
from qantara.fidelity.check import RECORD_RULES, RULES, check, check_text, rule_ids
from qantara.fidelity.examples import Side, rule_examples
from qantara.fidelity.terms import Glossary
from qantara.fidelity.text_pair import TextPair
from qantara.languages import ARABIC_INDIC_DIGITS, PERSIAN_DIGITS, WESTERN_DIGITS
from qantara.records import (
    Answer,
    Choice,
    Dialogue,
    Example,
    Finding,
    Origin,
    Turn,
    child,
    replace_text,
    text_fields,
    with_id,
    worst,
)

ORIGIN = Origin(source="test", native_id="1")
SOURCE = with_id(
    Choice(
        id="",
        language="en",
        origin=ORIGIN,
        question="A 70-year-old man takes levothyroxine 75 mcg. Which dose of enoxaparin comes next?",
        options=("5-10 mg", "20 mg", "40 mg/kg", "2 tablets"),
        answer_index=1,
    )
)
TARGET = child(
    SOURCE,
    {
        "question": "رجل عمره ٧٠ عامًا يتناول ليفوثيروكسين ٧٥ مكغ. ما جرعة الإينوكسابارين التالية؟",
        "options/0": "٥-١٠ ملغ",
        "options/1": "٢٠ ملغ",
        "options/2": "٤٠ ملغ/كغ",
        "options/3": "قرصان",
    },
    "ar",
)


def test_a_faithful_translation_passes() -> None:
    assert check(SOURCE, TARGET) == []


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("question", "رجل عمره ٧٠ عامًا يتناول ليفوثيروكسين ٧٥ ملغ. ما جرعة الإينوكسابارين التالية؟", "units.changed"),
        ("question", "امرأة عمرها ٧٠ عامًا تتناول ليفوثيروكسين ٧٥ مكغ. ما جرعة الإينوكسابارين التالية؟", "person.sex"),
        ("question", "رجل عمره ٧٠ عامًا يتناول ليفوثيروكسين ٧٥ مكغ. ما جرعة الوارفارين التالية؟", "drug.changed"),
        ("options/0", "١٠-٥ ملغ", "digits.reversed"),
        ("options/1", "٢٠٠ ملغ", "digits.changed"),
        ("options/3", "٢٠ ملغ", "structure.options_collapsed"),
        ("question", SOURCE.question if isinstance(SOURCE, Choice) else "", "script.untranslated"),
        ("options/1", "إليك الترجمة: ٢٠ ملغ", "leaks.preamble"),
        ("options/1", "", "structure.missing_field"),
    ],
)
def test_each_mutation_of_a_clean_pair_is_found_in_its_field(field: str, text: str, rule: str) -> None:
    found = check(SOURCE, replace_text(TARGET, {field: text}))
    assert (rule, field) in {(finding.rule, finding.field) for finding in found}
    assert worst(found) == "fail"


def test_a_copy_is_reported_once() -> None:
    text = "Take 10 mg with cold water."
    pair = TextPair(field="answer", source=text, target=text, source_language="en", target_language="ar")
    assert [finding.rule for finding in check_text(pair)] == ["script.untranslated"]


def test_a_record_of_another_kind_is_not_read_further() -> None:
    answer = Answer(id="x", language="ar", origin=ORIGIN, question="؟", answer="١")
    assert [finding.rule for finding in check(SOURCE, answer)] == ["structure.kind"]


def test_findings_do_not_depend_on_the_ids() -> None:
    assert check(replace(SOURCE, id="1"), replace(TARGET, id="2")) == check(SOURCE, TARGET)


def test_two_texts_are_one_field() -> None:
    found = check("Take 10 mg.", "تناول 100 ملغ.", source_language="en", target_language="ar")
    assert [(finding.rule, finding.field) for finding in found] == [("digits.changed", "text")]


def test_an_empty_translation_of_a_text_is_missing() -> None:
    for target in ("", " ", "\u200f"):
        (finding,) = check("Take it.", target, source_language="en", target_language="ar")
        assert (finding.rule, finding.severity, finding.source_text) == ("structure.missing_field", "fail", "Take it.")
    assert check("", "", source_language="en", target_language="ar") == []


def test_a_glossary_is_asked() -> None:
    glossary = Glossary({"fever": ("حمى",)})
    found = check("a fever", "حرارة", source_language="en", target_language="ar", glossary=glossary)
    assert [finding.rule for finding in found] == ["terms.glossary"]


def test_what_can_not_be_compared_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no language of its own"):
        check("a", "b", source_language="en")
    with pytest.raises(ValueError, match="a text can only be compared with a text"):
        check(SOURCE, "b", target_language="ar")
    with pytest.raises(QantaraError, match="not known"):
        check("a b", "c d", source_language="en", target_language="xx")


def test_every_rule_has_its_own_id() -> None:
    ids = rule_ids()
    assert len(ids) == len(set(ids)) == len(RULES) + len(RECORD_RULES) + 1
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", rule) for rule in ids)


# What holds for any text.

DIRECTIONS = st.sampled_from([("en", "ar"), ("ar", "en"), ("en", "fr"), ("fr", "ar")])
PIECES = st.sampled_from(
    [
        *(
            "10",
            "2.5",
            "٢٫٥",
            "۲۵",
            "1,500",
            "1٬500",
            "1 000",
            "10⁹",
            "10⁻",
            "⁺⁻",
            "10^-99",
            "1e99",
            "½",
            "1½",
            "0",
            "00",
        ),
        *("9" * 400, "1.2.3.4", "1,2,3", "5-10", "120/80", "-5", "< 5", "≥", "+", "×", "1/0", "1 1/2", "٪", "%", "°C"),
        *(
            "mg",
            "mg/kg/day",
            "ملغ",
            "ملغ/كغ/يوم",
            "mM",
            "قرصين",
            "three",
            "and a half",
            "thousand",
            "ثلاثة",
            "ونصف",
            "و",
        ),
        *(
            "not",
            "no",
            "لا",
            "إلا",
            "except",
            "less than",
            "أقل من",
            "or more",
            "left",
            "اليسرى",
            "IV",
            "type II",
            "النوع",
        ),
        *(
            "warfarin",
            "وارفارين",
            "co-trimoxazole",
            "5-FU",
            "HbA1c",
            "twice daily",
            "مرتين يوميا",
            "must",
            "may",
            "woman",
        ),
        *(
            "<b>",
            "</f>",
            "<f id=",
            "{{",
            "{x}",
            "%s",
            "$$",
            "https://x.org/1",
            "&amp;",
            "\\u0627",
            "\ufffd",
            "Ã©",
            "```",
            "[[",
        ),
        *(
            "\u0301",
            "\u064e",
            "\u0640",
            "\u200f",
            "\u202e",
            "\u200d",
            "\ufeff",
            "\U0001f469\U0001f3fd\u200d\u2695\ufe0f",
            "ﷺ",
            "ﬁ",
            "İ",
            "ß",
            "心",
            "\x00",
            "\x1b",
        ),
        *(".", ". ", "? ", "؟", "،", ":", "\n", "\r\n", "\t", "\u00a0", "\u2028", "(", ")", "'", "-", "–", "…"),
    ]
)
ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=14).map("".join),
    st.lists(PIECES, max_size=14).map(" ".join),
)
QUICK = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_spans_quote(found: list[Finding], source: dict[str, str], target: dict[str, str]) -> None:
    for finding in found:
        sides = (
            (source, finding.source_span, finding.source_text),
            (target, finding.target_span, finding.target_text),
        )
        for fields, span, quote in sides:
            if span is None:
                continue
            text = fields[finding.field]
            assert 0 <= span.start <= span.end <= len(text), finding
            assert text[span.start : span.end] == quote, finding


@QUICK
@given(ANY_TEXT, ANY_TEXT, DIRECTIONS)
def test_any_two_texts_are_checked_and_spans_quote_them(source: str, target: str, codes: tuple[str, str]) -> None:
    found = check(source, target, source_language=codes[0], target_language=codes[1])
    assert_spans_quote(found, {"text": source}, {"text": target})
    assert found == check(source, target, source_language=codes[0], target_language=codes[1])


@QUICK
@given(ANY_TEXT, DIRECTIONS)
def test_any_text_may_be_its_own_translation(text: str, codes: tuple[str, str]) -> None:
    found = check(text, text, source_language=codes[0], target_language=codes[1])
    assert_spans_quote(found, {"text": text}, {"text": text})


@pytest.mark.parametrize(
    ("source", "target", "codes"),
    [
        ("0", "9" * 60, ("en", "ar")),
        ("7.5 mg", "سبعة ونصف ملغ", ("en", "ar")),
        ("", "\u0640", ("ar", "en")),
        ("", "قلب\u064e", ("ar", "en")),
        (".0⁴", "٫0²", ("en", "ar")),
    ],
)
def test_texts_that_once_raised_are_checked(source: str, target: str, codes: tuple[str, str]) -> None:
    found = check(source, target, source_language=codes[0], target_language=codes[1])
    assert_spans_quote(found, {"text": source}, {"text": target})


def records(language: str) -> st.SearchStrategy[Example]:
    named = {"id": st.just(""), "language": st.just(language), "origin": st.just(ORIGIN)}
    turns = st.lists(st.builds(Turn, role=st.sampled_from(["user", "assistant"]), text=ANY_TEXT), max_size=3)
    return st.one_of(
        st.builds(Answer, **named, question=ANY_TEXT, answer=ANY_TEXT, context=ANY_TEXT),
        st.builds(Dialogue, **named, turns=turns.map(tuple)),
        st.builds(
            Choice,
            **named,
            question=ANY_TEXT,
            options=st.lists(ANY_TEXT, max_size=4).map(tuple),
            answer_index=st.integers(-1, 3),
            explanation=ANY_TEXT,
        ),
    )


@QUICK
@given(st.data(), DIRECTIONS)
def test_any_two_records_are_checked_and_spans_quote_their_fields(data: st.DataObject, codes: tuple[str, str]) -> None:
    source, target = data.draw(records(codes[0])), data.draw(records(codes[1]))
    assert_spans_quote(check(source, target), text_fields(source), text_fields(target))
    same_shape = replace_text(replace(source, language=codes[1]), text_fields(target))
    assert_spans_quote(check(source, same_shape), text_fields(source), text_fields(same_shape))


@pytest.mark.parametrize(
    "text", ["9" * 20_000, "\u0301" * 5_000, "<" * 5_000, "1." * 5_000, "لا " * 3_000, "{[" * 3_000]
)
def test_a_very_long_text_is_checked_too(text: str) -> None:
    for codes in (("en", "ar"), ("ar", "en")):
        found = check(text, f"{text} x", source_language=codes[0], target_language=codes[1])
        assert_spans_quote(found, {"text": text}, {"text": f"{text} x"})


# How a text is written changes no verdict.

MARKS = st.sampled_from([*"\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"])
TASHKEEL = st.sampled_from([*"\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670"])
DIGITS = (WESTERN_DIGITS, ARABIC_INDIC_DIGITS, PERSIAN_DIGITS)
LETTER = "[\u0621-\u063a\u0641-\u064a]"
ABOUT_THE_WRITING = ("digits.mixed", "verbatim.", "script.escape", "script.mojibake")
VERBATIM = re.compile(r"https?:|www\.|@|[{}\\$<>`&]|\[\[|%\(|%[sd]\b|\b10\.\d{4}")


def in_digits(text: str, digits: str) -> str:
    return text.translate({ord(system[i]): digits[i] for system in DIGITS for i in range(10)})


def inserted(data: st.DataObject, text: str, places: list[int], signs: st.SearchStrategy[str]) -> str:
    """Return the text with a sign at some of the places, or at all."""
    some = st.sets(st.sampled_from(places), max_size=6) if places else st.just(set())
    chosen = data.draw(st.one_of(some, some, st.just(set(places))))
    sign = data.draw(signs)
    made = [sign * (i in chosen) + text[i : i + 1] for i in range(len(text) + 1)]
    return "".join(made)


def rewritten(data: st.DataObject, text: str, change: str) -> str:
    if change == "digits":
        return in_digits(text, data.draw(st.sampled_from(DIGITS)))
    if change == "bidi":
        return inserted(data, text, [0, len(text), *range(len(text) + 1)], MARKS)
    if change == "tashkeel":
        return inserted(data, text, [match.end() for match in re.finditer(LETTER, text)], TASHKEEL)
    return inserted(data, text, [m.end() for m in re.finditer(f"{LETTER}(?={LETTER})", text)], st.just("\u0640"))


def rewritten_side(data: st.DataObject, side: Side, change: str) -> Side:
    if isinstance(side, str):
        return rewritten(data, side, change)
    return replace_text(side, {name: rewritten(data, text, change) for name, text in text_fields(side).items()})


def is_about_words(source: Side, target: Side) -> bool:
    """Tell whether no side holds what must stay as it is, character by character: links, names in braces, tags."""
    texts = [text for side in (source, target) for text in fields_of(side).values()]
    return not any(VERBATIM.search(text) for text in texts)


def fields_of(side: Side) -> dict[str, str]:
    return {"text": side} if isinstance(side, str) else text_fields(side)


REWRITABLE = [
    example
    for example in rule_examples()
    if not example.rule.startswith(ABOUT_THE_WRITING) and is_about_words(example.source, example.target)
]


@pytest.mark.parametrize("change", ["digits", "bidi", "tashkeel", "tatweel"])
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_how_an_example_is_written_changes_no_verdict(data: st.DataObject, change: str) -> None:
    example = data.draw(st.sampled_from(REWRITABLE))
    codes = {"source_language": example.source_language, "target_language": example.target_language}
    before = check(example.source, example.target, glossary=example.glossary, **codes)
    source, target = rewritten_side(data, example.source, change), rewritten_side(data, example.target, change)
    after = check(source, target, glossary=example.glossary, **codes)
    assert worst(after) == worst(before), told(before, after)
    assert_spans_quote(after, fields_of(source), fields_of(target))


SENTENCES = [
    ("Give {n} {u} of {d} every {m} hours.", "أعط {n} {u} من {d} كل {m} ساعات."),
    ("Do not take more than {n} {u} of {d}.", "لا تتناول أكثر من {n} {u} من {d}."),
    ("Take {d} {n}-{m} {u} by mouth.", "تناول {d} بجرعة {n}-{m} {u} عن طريق الفم."),
    ("A woman aged {n} has pain in the left leg.", "امرأة عمرها {n} لديها ألم في الساق اليسرى."),
    ("The result is less than {n}.{m} {u}.", "النتيجة أقل من {n}.{m} {u}."),
    ("Which is the LEAST likely with {d} {n} {u}?", "ما الأقل احتمالا مع {d} {n} {u}؟"),
    ("All are effects of {d} at {n} {u} EXCEPT:", "كل ما يلي من آثار {d} عند {n} {u} ما عدا:"),
    ("Blood pressure {n}/{m} with {d}.", "ضغط الدم {n}/{m} مع {d}."),
]
UNITS = [("mg", "ملغ"), ("mcg", "مكغ"), ("mL", "مل"), ("%", "٪"), ("tablets", "أقراص"), ("mg/kg", "ملغ/كغ")]
FAULTS = [
    *(("لا ", ""), ("ما عدا", ""), ("الأقل", "الأكثر"), ("اليسرى", "اليمنى"), ("أكثر من", "أقل من"), ("امرأة", "رجل")),
    *(("ملغ", "غ"), ("الفم", "الوريد"), ("المورفين", "الإنسولين"), ("ساعات", "أيام"), ("؟", ""), ("", "")),
]
DRUGS = [("morphine", "المورفين"), ("warfarin", "الوارفارين"), ("metformin", "الميتفورمين")]


@pytest.mark.parametrize("change", ["digits", "bidi", "tashkeel", "tatweel"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_how_a_clinical_sentence_is_written_changes_no_verdict(data: st.DataObject, change: str) -> None:
    """Some of the sentences are right, some have a fact changed."""
    chosen = [data.draw(st.sampled_from(rows)) for rows in (SENTENCES, UNITS, DRUGS)]
    n, m = data.draw(st.integers(2, 500)), data.draw(st.integers(2, 24))
    sides = [text.format(n=n, m=m, u=unit, d=drug) for text, unit, drug in zip(*chosen, strict=True)]
    if data.draw(st.booleans()):
        sides[1] = sides[1].replace(str(n), str(n * 10))
    sides[1] = sides[1].replace(*data.draw(st.sampled_from(FAULTS)))
    if data.draw(st.booleans()):
        sides.reverse()
    codes = {"source_language": "ar" if "ا" in sides[0] else "en", "target_language": "en" if "ا" in sides[0] else "ar"}
    before = check(*sides, **codes)
    after_sides = [rewritten(data, side, change) for side in sides]
    after = check(*after_sides, **codes)
    assert worst(after) == worst(before), told(before, after)
    assert_spans_quote(after, {"text": after_sides[0]}, {"text": after_sides[1]})


def told(before: list[Finding], after: list[Finding]) -> list[list[str]]:
    return [[f"{finding.severity} {finding.rule}: {finding.message}" for finding in found] for found in (before, after)]
