import pytest

from qantara.errors import DataError
from qantara.fidelity.reading import read
from qantara.fidelity.terms import Glossary, read_glossary

TBX = """<?xml version="1.0"?><tbx xmlns="urn:iso:std:iso:30042:ed-2"><text><body><{entry} id="1">
<{section} xml:lang="en-US"><termSec><term>stroke</term></termSec></{section}>
<{section} xml:lang="ar"><termSec><term>سكتة</term></termSec><termSec><term>سكتة دماغية</term></termSec></{section}>
</{entry}></body></text></tbx>"""


@pytest.fixture
def write(tmp_path):
    def run(text, name="terms.tsv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return run


def test_a_table_has_a_term_and_its_accepted_renderings(write):
    path = write("# a comment\n\nstroke\tسكتة | جلطة\nfever\tحمى\tmore\nstroke\tفالج\n")
    assert read_glossary(path, "en", "ar").accepted == {"stroke": ("سكتة", "جلطة", "فالج"), "fever": ("حمى",)}


@pytest.mark.parametrize(("entry", "section"), [("termEntry", "langSet"), ("conceptEntry", "langSec")])
def test_both_versions_of_tbx_are_read(write, entry, section):
    path = write(TBX.format(entry=entry, section=section), "terms.tbx")
    assert read_glossary(path, "en", "ar").accepted == {"stroke": ("سكتة", "سكتة دماغية")}
    assert read_glossary(path, "fr", "ar").accepted == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stroke\n", "line 1 has no two columns"),
        ("# fine\nstroke\t\n", "line 2 has no two columns"),
        ("<tbx><open></tbx>", "not well-formed XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><tbx/>', "entities are not allowed"),
    ],
)
def test_a_file_that_is_no_glossary_is_refused_with_its_reason(write, text, message):
    with pytest.raises(DataError, match=message):
        read_glossary(write(text), "en", "ar")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(DataError, match="can't be read"):
        read_glossary(tmp_path / "none.tsv", "en", "ar")
    (tmp_path / "bytes.tsv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="can't be read"):
        read_glossary(tmp_path / "bytes.tsv", "en", "ar")


def test_the_longest_term_of_a_text_is_given_once_with_its_place():
    glossary = Glossary({"heart": ("قلب",), "heart failure": ("قصور القلب",)})
    reading = read("Heart failure, and heart failure again", "en")
    assert [(term, reading.quote(*place)) for term, place in glossary.terms_in(reading)] == [
        ("heart failure", "Heart failure")
    ]


def test_a_rendering_may_have_the_prefixes_of_its_language():
    glossary = Glossary({"heart failure": ("قصور القلب",)})
    accepted = glossary.accepted["heart failure"]
    assert glossary.has_any(read("وبقصور القلب", "ar"), "ar", accepted)
    assert not glossary.has_any(read("القلب", "ar"), "ar", accepted)
