import tracemalloc
from xml.etree import ElementTree

import pytest

from qantara.errors import DataError
from qantara.xml_entries import escaped, is_writable, language_of, local_name, primary_subtag, xml_entries


@pytest.fixture
def write(tmp_path):
    def run(content):
        path = tmp_path / "file.xml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return run


def texts(path):
    return [element.text for element in xml_entries(path, ("list",), ("item",))]


def test_entries_come_one_after_another_whatever_their_namespace_and_depth(write):
    path = write('<list xmlns="urn:x"><item>a</item><part><item>b</item></part><other>c</other></list>')
    assert texts(path) == ["a", "b"]


def test_a_doctype_is_allowed_and_never_fetched(write):
    path = write('<!DOCTYPE list SYSTEM "http://127.0.0.1:9/list.dtd"><list><item>a</item></list>')
    assert texts(path) == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1256"])
def test_the_encodings_that_such_files_have_are_read(write, encoding):
    name = encoding.removesuffix("-sig")
    path = write(f'<?xml version="1.0" encoding="{name}"?><list><item>حمى</item></list>'.encode(encoding))
    assert texts(path) == ["حمى"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<list>\n<item></list>", "line 2 is not well-formed XML .mismatched tag"),
        ("<list>\n\n<item>a</item>", "line 3 is not well-formed XML .no element found"),
        ("", "line 1 is not well-formed XML .no element found"),
        ("<list>\n<item>\x01</item></list>", "line 2 is not well-formed XML"),
        ('<!DOCTYPE list SYSTEM "x">\n<list><item>a&nbsp;b</item></list>', "line 2 is not well-formed XML"),
        ('<!DOCTYPE list [\n<!ENTITY a "b">]><list><item>&a;</item></list>', "line 2 declares an entity"),
        ('<!DOCTYPE list [<!ENTITY a SYSTEM "file:///etc/passwd">]><list/>', "line 1 declares an entity"),
        ('<!DOCTYPE list [<!ENTITY % a "b">]><list/>', "line 1 declares an entity"),
        ('<?xml version="1.0" encoding="klingon"?><list/>', "encoding that its first line names is not known"),
        ("<page/>", "the outermost element is not <list>"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(write, content, message):
    with pytest.raises(DataError, match=message) as caught:
        texts(write(content))
    assert "\n" not in str(caught.value)


def test_a_fault_behind_the_first_chunk_has_its_line_too(write):
    path = write("<list>\n" + "<item>a</item>\n" * 10_000 + "<item></list>")
    with pytest.raises(DataError, match="line 10002 is not well-formed"):
        texts(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="can't be read"):
        texts(tmp_path / "none.xml")


def test_memory_does_not_grow_with_the_file(write):
    path = write("<list><body>" + f"<item>{'x' * 200}</item>\n" * 20_000 + "</body></list>")
    tracemalloc.start()
    num_read = sum(1 for _ in xml_entries(path, ("list",), ("item",)))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert num_read == 20_000
    assert peak_bytes < 1_000_000  # the file has 4 MB


@pytest.mark.parametrize("text", ['<a href="x">&amp;', "one\r\ntwo\rthree\n\tfour", "كَتَبَ «نصًّا» & 5 < 6"])
def test_what_is_escaped_comes_back_as_it_was(text):
    element = ElementTree.fromstring(f'<a b="{escaped(text)}">{escaped(text)}</a>')
    assert element.text == text


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe"])
def test_characters_that_xml_has_no_sign_for_are_known(character):
    assert not is_writable(f"a{character}b")


def test_every_other_text_is_writable():
    assert is_writable("tab\t line\n return\r حمى 😷 é")


@pytest.mark.parametrize(("tag", "subtag"), [("ar-SA", "ar"), ("AR", "ar"), ("ar_EG", "ar"), (" en ", "en"), ("", "")])
def test_a_language_is_its_primary_subtag(tag, subtag):
    assert primary_subtag(tag) == subtag
    assert language_of(ElementTree.Element("a", {"{http://www.w3.org/XML/1998/namespace}lang": tag})) == subtag
    assert language_of(ElementTree.Element("a", {"lang": tag})) == subtag


def test_a_name_is_told_without_its_namespace():
    assert local_name(ElementTree.Element("{urn:x}item")) == local_name(ElementTree.Element("item")) == "item"
