from qantara.bidi import Mark
from qantara.pages.field_marks import field_marks
from qantara.records import Finding, Span

TEXT = "Take 5 mg, then 5 mg."


def finding(**values):
    return Finding(rule="digits.missing", severity="fail", field="text", message="a number is missing", **values)


def test_a_span_says_where_and_a_quote_does_so_without_one():
    spanned = finding(source_text="5", source_span=Span(start=16, end=17), target_text="x")
    quoted = finding(source_text="5 mg", target_text="x")
    assert field_marks(TEXT, [spanned, quoted], "source") == [Mark(16, 17, "fail"), Mark(5, 9, "fail")]


def test_what_stands_nowhere_is_not_marked():
    assert field_marks(TEXT, [finding(source_text="", target_text="7")], "source") == []
    assert field_marks(TEXT, [finding(source_text="5", target_text="7")], "target") == []
