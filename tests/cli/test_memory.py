from collections import Counter

from typer.testing import CliRunner

from qantara.cli.memory import app
from qantara.fidelity.glossary_files import read_glossary
from qantara.records import Answer, Example, Origin, child
from qantara.store import write_json, write_records
from qantara.translator.tmx import read_tmx

SOURCES = [
    Answer(
        id=f"a{i}",
        language="en",
        origin=Origin(source="test", native_id=str(i)),
        question=f"How much of drug {i} is given?",
        answer=answer,
    )
    for i, answer in enumerate(["Take 5 mg daily.", "Take 5 mg\x0bdaily."])
]
TARGETS = [child(source, {"question": "كم يُعطى؟", "answer": "تناول 5 ملغ يوميًا."}, "ar") for source in SOURCES]


def test_a_finished_run_gives_its_translation_memory_and_what_xml_cannot_hold_is_told(tmp_path):
    write_records(tmp_path / "curate" / "kept.parquet", SOURCES, Example)
    write_records(tmp_path / "review" / "kept.parquet", TARGETS, Example)
    write_json(tmp_path / "review" / "summary.json", {})
    write_json(tmp_path / "recipe.json", {"ledger": None, "source_language": "en", "target_language": "ar"})
    file = tmp_path / "memory.tmx"
    out = CliRunner().invoke(app, ["export", str(tmp_path), str(file)])
    assert out.stdout == f"3 entries in {file}\n"
    assert out.stderr.startswith("qantara: 1 entries left out")
    assert [entry.id for entry in read_tmx(file, ("en", "ar"), Counter())] == [
        "a0/question",
        "a0/answer",
        "a1/question",
    ]


def test_a_glossary_goes_from_a_table_to_tbx_and_back(tmp_path):
    (tmp_path / "in.tsv").write_text("stroke\tسكتة | فالج\nfever\tحمى\n", encoding="utf-8")
    for source, target in (("in.tsv", "terms.tbx"), ("terms.tbx", "out.tsv")):
        out = CliRunner().invoke(app, ["terms", str(tmp_path / source), str(tmp_path / target)])
        assert out.stdout == f"2 terms in {tmp_path / target}\n"
    assert (tmp_path / "out.tsv").read_bytes() == (tmp_path / "in.tsv").read_bytes()


def test_a_glossarys_languages_are_chosen(tmp_path):
    (tmp_path / "in.tsv").write_text("حمى\tfever\n", encoding="utf-8")
    arguments = ["terms", str(tmp_path / "in.tsv"), str(tmp_path / "a.tbx"), "--source", "ar", "--target", "en"]
    arguments += ["--edition", "2008"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert read_glossary(tmp_path / "a.tbx", "ar", "en").accepted == {"حمى": ("fever",)}
