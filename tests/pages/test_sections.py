from qantara.pages.sections import Section, bar, code, two_lines


def test_a_bar_is_as_wide_as_its_share_and_never_wider_than_the_cell():
    assert "--share:25.0%" in bar(0.25, "1")
    assert "--share:100.0%" in bar(7.0, "1")
    assert "&lt;" in bar(0.1, "<")


def test_only_long_code_may_break_anywhere():
    assert code("digits.changed") == "<code>digits.changed</code>"
    assert code("a" * 64).startswith('<code class="long">')


def test_a_section_may_be_without_pictures_and_tables():
    section = Section(anchor="a", title="A")
    assert (section.paragraphs, section.pictures, section.tables) == ((), (), ())


def test_a_second_line_is_set_under_the_first_and_escaped():
    assert two_lines(code("a"), "<b>") == '<code>a</code><br><span class="under">&lt;b&gt;</span>'
    assert two_lines("a", "") == "a"
