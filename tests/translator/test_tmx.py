from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from qantara.errors import DataError
from qantara.translator.memory import Entry
from qantara.translator.tmx import read_tmx, write_tmx

DIRECTION = ("en", "ar")
ENTRY = Entry(
    id="1a/answer",
    role="answer",
    source='Give 5 mg if the pressure is < 90 & the "pulse" isn\'t > 100.\n- one\n- two',
    target="أَعْطِ 5 ملغ إذا كان الضغط < 90 و«النبض» ليس > 100.\n- واحد\n- اثنان",
    decided_by="person",
)
BOUND = Entry(id="1a/options/0", role="options", source="Right", target="الأيمن", decided_by="machine", context="00ff")
PLAIN = Entry(id="", role="", source="high\r\nfever", target="حمى شديدة")


@pytest.fixture
def read(tmp_path):
    """Return a function that reads the units of a file's body: entries and what was skipped."""

    def run(body, header='<header srclang="en"/>', direction=DIRECTION):
        path = tmp_path / "memory.tmx"
        path.write_text(f'<tmx version="1.4">{header}<body>{body}</body></tmx>', encoding="utf-8")
        skipped = Counter()
        return list(read_tmx(path, direction, skipped)), dict(skipped)

    return run


def unit(source="fever", target="حمى", attributes="", languages=("en", "ar"), inner=""):
    variants = "".join(
        f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>'
        for code, text in zip(languages, (source, target), strict=True)
    )
    return f"<tu {attributes}>{inner}{variants}</tu>"


def test_what_is_written_comes_back_as_it_was(tmp_path):
    path = tmp_path / "memory.tmx"
    assert write_tmx(path, [ENTRY, BOUND, PLAIN], DIRECTION) == (3, 0)
    assert list(read_tmx(path, DIRECTION, Counter())) == [ENTRY, BOUND, PLAIN]


def test_the_same_entries_make_the_same_bytes_and_no_time(tmp_path):
    for name in ("one.tmx", "two.tmx"):
        write_tmx(tmp_path / name, iter([ENTRY, BOUND]), DIRECTION)
    assert (tmp_path / "one.tmx").read_bytes() == (tmp_path / "two.tmx").read_bytes()
    assert "date" not in (tmp_path / "one.tmx").read_text(encoding="utf-8")


def test_the_file_has_what_tmx_requires(tmp_path):
    path = tmp_path / "memory.tmx"
    write_tmx(path, [ENTRY], DIRECTION)
    root = ElementTree.parse(path).getroot()
    assert (root.tag, root.get("version")) == ("tmx", "1.4")
    required = {"creationtool", "creationtoolversion", "segtype", "o-tmf", "adminlang", "srclang", "datatype"}
    assert set(root.find("header").attrib) == required
    assert root.find("header").get("srclang") == "en"
    made = root.find("body/tu")
    assert made.get("tuid") == "1a/answer"
    assert [child.tag for child in made] == ["prop", "prop", "tuv", "tuv"]
    assert [(prop.get("type"), prop.text) for prop in made.iter("prop")] == [
        ("x-role", "answer"),
        ("x-decided-by", "person"),
    ]


def test_an_entry_with_a_character_that_xml_has_no_sign_for_is_left_out_and_counted(tmp_path):
    path = tmp_path / "memory.tmx"
    assert write_tmx(path, [replace(ENTRY, source="a\x0bb"), ENTRY, replace(ENTRY, target="\ufffe")], DIRECTION) == (
        1,
        2,
    )
    assert list(read_tmx(path, DIRECTION, Counter())) == [ENTRY]


@pytest.mark.parametrize("codes", [("en", "ar"), ("en-US", "ar-SA"), ("EN", "AR"), ("en_GB", "ar_EG"), ("ar", "en")])
def test_languages_are_matched_by_their_primary_subtag_and_in_any_order(read, codes):
    texts = {"en": "fever", "ar": "حمى"}
    source, target = (texts[code[:2].lower()] for code in codes)
    entries, skipped = read(unit(source, target, languages=codes), header='<header srclang="EN-us"/>')
    assert [(e.source, e.target) for e in entries] == [("fever", "حمى")]
    assert skipped == {}


def test_the_language_attribute_of_older_files_is_read(read):
    assert len(read(unit().replace("xml:lang", "lang"))[0]) == 1


@pytest.mark.parametrize("header", ["<header srclang='*all*'/>", "<header/>", ""])
def test_a_file_without_a_source_language_goes_both_ways(read, header):
    assert len(read(unit(), header)[0]) == len(read(unit(), header, ("ar", "en"))[0]) == 1


def test_a_memory_is_not_read_backwards_and_an_entry_can_say_otherwise_than_the_file(read):
    body = unit() + unit(attributes='srclang="ar"')
    assert (len(read(body)[0]), read(body)[1]) == (1, {"other_direction": 1})
    assert (len(read(body, direction=("ar", "en"))[0]), read(body, direction=("ar", "en"))[1]) == (
        1,
        {"other_direction": 1},
    )


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ('<bpt i="1">&lt;b&gt;</bpt>high<ept i="1">&lt;/b&gt;</ept> fever', "high fever"),
        ('<it pos="begin">&lt;i&gt;</it>high fever', "high fever"),
        ('<hi type="x">high <hi>fever</hi></hi> now', "high fever now"),
    ],
)
def test_formatting_is_dropped_and_its_text_kept(read, segment, text):
    assert read(unit(source=segment))[0][0].source == text


@pytest.mark.parametrize(
    "segment",
    [
        "Take <ph>{0}</ph> mg",
        "Take <ut>x</ut>",
        '<bpt i="1">x<sub>note</sub></bpt>high<ept i="1"/>',
        "<hi>Take <ph/></hi>",
    ],
)
def test_an_entry_with_something_that_is_no_text_is_skipped_and_counted(read, segment):
    assert read(unit(source=segment) + unit()) == (read(unit())[0], {"placeholder": 1})
    assert read(unit(target=segment))[1] == {"placeholder": 1}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (unit(languages=("en", "fr")), "other_languages"),
        ('<tu><tuv xml:lang="en"/><tuv xml:lang="ar"><seg>x</seg></tuv></tu>', "other_languages"),
        ("<tu/>", "other_languages"),
        (unit(target=" "), "empty"),
        (unit(source=""), "empty"),
    ],
)
def test_an_entry_that_says_nothing_for_the_direction_is_counted(read, body, reason):
    assert read(body) == ([], {reason: 1})


def test_several_variants_of_a_language_are_as_many_entries(read):
    extra = '<tuv xml:lang="ar-EG"><seg>سخونة</seg></tuv>'
    assert [e.target for e in read(unit().replace("</tu>", f"{extra}</tu>"))[0]] == ["حمى", "سخونة"]


def test_properties_of_other_tools_say_nothing(read):
    inner = '<note>x</note><prop type="x-decided-by">Dr. A</prop><prop type="x-context">before</prop><prop>y</prop>'
    made = read(unit(inner=inner))[0][0]
    assert (made.role, made.decided_by, made.context) == ("", "", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<tmx><body>\n<tu></body></tmx>", "line 2 is not well-formed XML"),
        ("<martif/>", "the outermost element is not <tmx>"),
        ('<!DOCTYPE tmx [<!ENTITY x "y">]><tmx/>', "line 1 declares an entity"),
    ],
)
def test_a_file_that_is_no_tmx_is_refused_with_its_line(tmp_path, content, message):
    path = tmp_path / "memory.tmx"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        list(read_tmx(path, DIRECTION, Counter()))
