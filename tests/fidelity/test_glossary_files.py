from xml.etree import ElementTree

import pytest

from qantara.errors import DataError
from qantara.fidelity.glossary_files import read_glossary, write_glossary
from qantara.fidelity.terms import Glossary

EN_AR = ("en", "ar")
TBX = """<?xml version="1.0"?><tbx xmlns="urn:iso:std:iso:30042:ed-2"><text><body><{entry} id="1">
<{section} xml:lang="en-US"><{group}><term>stroke</term></{group}></{section}>
<{section} xml:lang="AR"><{group}><term>سكتة</term></{group}><{group}><term> سكتة
دماغية </term></{group}></{section}>
</{entry}></body></text></tbx>"""
MARTIF = """<?xml version="1.0"?><!DOCTYPE martif SYSTEM "TBXBasiccoreStructV02.dtd"><martif type="TBX-Basic" xml:lang="en">
<text><body><termEntry id="c1"><descrip type="definition">term of another kind</descrip>
<langSet xml:lang="en"><ntig><termGrp><term>grand mal</term>
<termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote></termGrp></ntig></langSet>
<langSet xml:lang="ar"><ntig><termGrp><term>نوبة <hi>كبرى</hi></term>
<termNote type="administrativeStatus">preferredTerm-admn-sts</termNote></termGrp></ntig>
<ntig><termGrp><term>صرع كبير</term><termNote type="administrativeStatus">supersededTerm-admn-sts</termNote></termGrp></ntig>
</langSet></termEntry></body></text></martif>"""
DCT = """<tbx type="TBX-Basic" style="dct" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2" xmlns:min="http://www.tbxinfo.net/ns/min">
<tbxHeader><fileDesc><sourceDesc><p>x</p></sourceDesc></fileDesc></tbxHeader><text><body><conceptEntry id="c1">
<langSec xml:lang="en"><min:partOfSpeech>noun</min:partOfSpeech><termSec><term>stroke</term></termSec></langSec>
<langSec xml:lang="ar"><termSec><term>سكتة</term></termSec><termSec><term>فالج</term>
<min:administrativeStatus>deprecatedTerm-admn-sts</min:administrativeStatus></termSec></langSec>
</conceptEntry></body></text></tbx>"""
HARD = Glossary(
    {
        "stroke": ("سكتة", "سكتة دماغية"),
        'the "Ménière" <disease> & more': ("داءُ «مِنْيير» & <غيره>",),
        "5' nucleotidase": ("نوكليوتيداز 5'",),
    }
)


@pytest.fixture
def write(tmp_path):
    def run(text, name="terms.tsv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return run


def test_a_table_has_a_term_and_its_accepted_renderings_each_once(write):
    path = write("# a comment\n\nstroke\tسكتة | جلطة|\nfever\tحمى\tmore\nstroke\tفالج | سكتة\n")
    assert read_glossary(path, *EN_AR).accepted == {"stroke": ("سكتة", "جلطة", "فالج"), "fever": ("حمى",)}


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_a_table_of_a_spreadsheet_is_read(write, ending):
    path = write(f"stroke\tسكتة{ending}fever\tحمى{ending}", encoding="utf-8-sig")
    assert read_glossary(path, *EN_AR).accepted == {"stroke": ("سكتة",), "fever": ("حمى",)}


@pytest.mark.parametrize(
    ("entry", "section", "group"),
    [("termEntry", "langSet", "tig"), ("termEntry", "langSet", "ntig"), ("conceptEntry", "langSec", "termSec")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_versions_of_tbx_are_read(write, entry, section, group, encoding):
    path = write(TBX.format(entry=entry, section=section, group=group), "terms.tbx", encoding)
    assert read_glossary(path, *EN_AR).accepted == {"stroke": ("سكتة", "سكتة دماغية")}
    assert read_glossary(path, "fr", "ar").accepted == {}


def test_a_forbidden_target_term_is_not_accepted_but_such_a_source_term_is_looked_for(write):
    assert read_glossary(write(MARTIF), *EN_AR).accepted == {"grand mal": ("نوبة كبرى",)}
    assert read_glossary(write(DCT), *EN_AR).accepted == {"stroke": ("سكتة",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stroke\n", "line 1 has no two columns"),
        ("# fine\nstroke\t\n", "line 2 has no two columns"),
        ("<tbx><open></tbx>", "line 1 is not well-formed XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><tbx/>', "line 1 declares an entity"),
        ("<tmx/>", "the outermost element is not <tbx> or <martif>"),
    ],
)
def test_a_file_that_is_no_glossary_is_refused_with_its_reason(write, text, message):
    with pytest.raises(DataError, match=message):
        read_glossary(write(text), *EN_AR)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path, write):
    with pytest.raises(DataError, match="can't be read"):
        read_glossary(tmp_path / "none.tsv", *EN_AR)
    with pytest.raises(DataError, match="can't be read as UTF-8"):
        read_glossary(write("stroke\tسكتة\n", encoding="windows-1256"), *EN_AR)


@pytest.mark.parametrize(("name", "edition"), [("terms.tsv", "2019"), ("terms.tbx", "2019"), ("terms.tbx", "2008")])
def test_what_is_written_comes_back_as_it_was(tmp_path, name, edition):
    write_glossary(tmp_path / name, HARD, EN_AR, edition)
    assert read_glossary(tmp_path / name, *EN_AR) == HARD


def test_one_format_becomes_the_other_and_back(tmp_path):
    write_glossary(tmp_path / "one.tsv", HARD, EN_AR)
    write_glossary(tmp_path / "two.tbx", read_glossary(tmp_path / "one.tsv", *EN_AR), EN_AR)
    write_glossary(tmp_path / "three.tsv", read_glossary(tmp_path / "two.tbx", *EN_AR), EN_AR)
    assert (tmp_path / "three.tsv").read_bytes() == (tmp_path / "one.tsv").read_bytes()


def test_what_tbx_alone_can_hold_is_refused_in_a_table(tmp_path):
    for glossary in (Glossary({"#1": ("رقم",)}), Glossary({"a": ("ب",), "or": ("أو | ثم",)})):
        with pytest.raises(DataError, match=r"entry [12] has a .* write .tbx instead"):
            write_glossary(tmp_path / "terms.tsv", glossary, EN_AR)
        assert not (tmp_path / "terms.tsv").exists()
        write_glossary(tmp_path / "terms.tbx", glossary, EN_AR)
        assert read_glossary(tmp_path / "terms.tbx", *EN_AR) == glossary


def test_a_control_character_is_refused_in_tbx(tmp_path):
    with pytest.raises(DataError, match="entry 1 has a control character"):
        write_glossary(tmp_path / "terms.tbx", Glossary({"a\x01": ("ب",)}), EN_AR)


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"written as .tsv or .tbx"):
        write_glossary(tmp_path / "terms.xlsx", HARD, EN_AR)


def test_the_written_tbx_has_what_its_dialect_requires(tmp_path):
    write_glossary(tmp_path / "terms.tbx", HARD, EN_AR)
    root = ElementTree.parse(tmp_path / "terms.tbx").getroot()
    space = "{urn:iso:std:iso:30042:ed-2}"
    assert root.tag == f"{space}tbx"
    assert (root.get("type"), root.get("style")) == ("TBX-Basic", "dca")
    assert root.find(f"{space}tbxHeader/{space}fileDesc/{space}sourceDesc/{space}p") is not None
    assert [entry.get("id") for entry in root.iter(f"{space}conceptEntry")] == ["c1", "c2", "c3"]


def test_the_older_edition_has_its_own_tags(tmp_path):
    write_glossary(tmp_path / "terms.tbx", HARD, EN_AR, "2008")
    root = ElementTree.parse(tmp_path / "terms.tbx").getroot()
    assert (root.tag, root.get("type")) == ("martif", "TBX-Basic")
    assert root.find("martifHeader/fileDesc/sourceDesc/p") is not None
    assert [term.text for term in root.findall("text/body/termEntry/langSet/tig/term")][:3] == [
        "stroke",
        "سكتة",
        "سكتة دماغية",
    ]
