from qantara.audit.findings import CheckedPair
from qantara.audit.pairs import Pair, Shape, pair_of
from qantara.audit.views import LONGEST_SHOWN_CHARACTERS, pair_view
from qantara.records import Finding, Span

SHAPE = Shape(source_language="en", target_language="ar")


def finding(**changes):
    return Finding(**({"rule": "a.b", "severity": "fail", "field": "text", "message": "m"} | changes))


def view(pair, *findings, **options):
    checked = CheckedPair(row=pair.number, id=pair.id, similarity=None, findings=findings)
    return pair_view(pair, checked, ("en", "ar"), **options)


def test_spans_are_marked_on_both_sides(rows):
    spans = {"source_span": Span(start=5, end=7), "target_span": Span(start=6, end=9)}
    (field,) = view(pair_of(rows[1], 2, SHAPE), finding(**spans, expected="10 mg", got="100 ملغ")).fields
    assert field.source == 'Take <mark class="fail">10</mark> mg of the drug daily.'
    assert '<mark class="fail"><bdi dir="ltr">100</bdi></mark>' in field.target
    assert field.findings[0].expected == "10 mg"
    assert field.findings[0].got == '100 <bdi dir="rtl">ملغ</bdi>' or "ملغ" in field.findings[0].got


def test_a_quote_without_a_span_is_marked_where_it_stands_even_if_its_field_is_not_named(rows):
    shown = view(pair_of(rows[2], 3, SHAPE), finding(field="", target_text="٥ ملغ", severity="warn"))
    assert [("<mark" in field.target) for field in shown.fields] == [False, False, True, False]
    assert [found.rule for found in shown.findings] == ["a.b"]


def test_options_carry_the_letters_of_both_languages_and_the_key(rows):
    shown = view(pair_of(rows[2], 3, SHAPE))
    assert [(field.label, field.letters, field.is_key) for field in shown.fields[1:3]] == [
        ("Option A", ("A", "أ"), False),
        ("Option B", ("B", "ب"), True),
    ]
    assert [field.label for field in view(pair_of(rows[3], 4, SHAPE)).fields] == ["Patient", "Doctor"]


def test_a_field_that_only_one_side_has_is_shown(rows):
    rows[2]["target"]["options"].append("٩ ملغ")
    last = view(pair_of(rows[2], 3, SHAPE)).fields[-1]
    assert (last.label, last.source) == ("Option D", "")


def test_an_overlong_text_is_cut_and_says_so():
    text = "x" * (LONGEST_SHOWN_CHARACTERS + 5)
    pair = Pair(number=1, id="1", source=text, target="ع")
    marks = [
        finding(source_span=Span(start=10, end=len(text))),
        finding(source_span=Span(start=LONGEST_SHOWN_CHARACTERS + 1, end=LONGEST_SHOWN_CHARACTERS + 2)),
    ]
    (field,) = view(pair, *marks).fields
    assert field.num_cut == (5, 0)
    assert field.source.count("x") == LONGEST_SHOWN_CHARACTERS


def test_an_anchor_has_no_space_and_tells_pairs_of_one_id_apart():
    pair = Pair(number=9, id="a b", source="x", target="ع")
    assert view(pair).anchor == "pair-a_b"
    assert view(pair, is_repeated=True).anchor == "pair-a_b-9"


def test_pairs_are_ordered_worst_first(rows):
    pairs = [pair_of(row, number, SHAPE) for number, row in enumerate(rows[:3], start=1)]
    views = [
        view(pairs[0], finding(severity="warn"), finding(severity="warn")),
        view(pairs[1], finding()),
        view(pairs[2]),
    ]
    assert [shown.row for shown in sorted(views, key=lambda shown: shown.badness())] == [2, 1, 3]
