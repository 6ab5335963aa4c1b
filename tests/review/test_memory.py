from collections import Counter

import pytest

from qantara.errors import DataError, StoreError
from qantara.ledger import open_ledger
from qantara.records import Decision, Example, Rejection
from qantara.review.decisions import add_decisions
from qantara.review.memory import accepted_entries, export_memory
from qantara.review.stage import review
from qantara.store import write_json, write_records
from qantara.translator.memory import build_memory
from qantara.translator.tmx import read_tmx

DIRECTION = ("en", "ar")


@pytest.fixture
def run(translations, tmp_path):
    """Return a run folder in which a person mended the doubted translation, and checks accepted the others."""
    edit = Decision(
        record_id=translations[0].source.id, action="edit", reviewer="dr", edited=(("answer", "تناول 5 ملغ يوميًا."),)
    )
    add_decisions(open_ledger(tmp_path / "ledger.sqlite"), [edit])
    kept = [r for r in review(translations, {edit.record_id: edit}) if not isinstance(r, Rejection)]
    write_records(tmp_path / "curate" / "kept.parquet", [t.source for t in translations], Example)
    write_records(tmp_path / "review" / "kept.parquet", kept, Example)
    write_json(tmp_path / "review" / "summary.json", {})
    write_json(
        tmp_path / "recipe.json", {"ledger": None, "source_language": DIRECTION[0], "target_language": DIRECTION[1]}
    )
    return tmp_path


def test_what_a_run_accepted_is_a_memory_that_finds_it_again(run, translations):
    assert export_memory(run, run / "memory.tmx") == (6, 0)
    entries = list(read_tmx(run / "memory.tmx", DIRECTION, Counter()))
    assert [(e.role, e.decided_by) for e in entries[:4]] == [
        ("question", "person"),
        ("answer", "person"),
        ("question", "machine"),
        ("answer", "machine"),
    ]
    memory = build_memory(entries, DIRECTION)
    source = translations[0].source
    assert memory.find({"question": source.question, "answer": source.answer}, DIRECTION) == {
        "question": "كم الجرعة؟",
        "answer": "تناول 5 ملغ يوميًا.",
    }


def test_what_awaits_people_is_not_in_it(translations):
    sources = [t.source for t in translations]
    entries = accepted_entries(sources, [translations[2].target], set())
    assert [entry.id for entry in entries] == [f"{sources[2].id}/question", f"{sources[2].id}/answer"]


def test_a_target_whose_source_is_not_there_is_told_by_its_id(translations):
    sources = [t.source for t in translations]
    swapped = [translations[2].target, translations[1].target]
    with pytest.raises(DataError, match=sources[1].id):
        list(accepted_entries(sources, swapped, set()))


def test_a_folder_without_a_finished_review_is_one_line(tmp_path):
    with pytest.raises(StoreError, match="no finished review stage"):
        export_memory(tmp_path, tmp_path / "memory.tmx")
