import pytest
from jinja2 import UndefinedError

from qantara.pages.environment import environment


@pytest.mark.parametrize("package", ["qantara.report", "qantara.audit"])
def test_a_page_has_its_own_templates_and_the_shared_ones(package):
    pages = environment(package)
    assert '[dir="rtl"]' in pages.get_template("base.css").render()
    assert '{% extends "frame.html" %}' in pages.loader.get_source(pages, "page.html")[0]


def test_texts_are_escaped_and_what_is_missing_is_an_error():
    pages = environment("qantara.audit")
    assert pages.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        pages.from_string("{{ text }}").render()


def test_a_page_can_borrow_templates_of_another_package_after_its_own():
    pages = environment("qantara.audit", "qantara.report")
    own = environment("qantara.audit").loader.get_source(pages, "page.html")[0]
    assert pages.loader.get_source(pages, "page.html")[0] == own
    assert own != environment("qantara.report").loader.get_source(pages, "page.html")[0]
    borrowed = environment("qantara.sweep", "qantara.report")
    assert "macro example" in borrowed.loader.get_source(borrowed, "parts.html")[0]
