import json

import pytest

from qantara.audit.checking import CheckSettings
from qantara.audit.columns import parse_columns
from qantara.audit.pairs import Shape, texts
from qantara.audit.stage import AuditConfig, audit
from qantara.audit.summary import FaultRecall
from qantara.audit.workers import CHUNK_ROWS
from qantara.errors import DataError, StoreError

FILES = {"findings.jsonl", "summary.json", "clean_ids.txt", "bad_rows.jsonl", "index.html"}


def config(pairs, out, columns="", **changes):
    shape = Shape(source_language="en", target_language="ar", columns=parse_columns(columns) if columns else None)
    return AuditConfig(pairs=pairs, out=out, settings=CheckSettings(shape), **changes)


def run(made):
    return audit(made, lambda _what, _total: lambda _steps: None)


def test_an_audit_leaves_its_files_and_nothing_else(rows, write_jsonl, tmp_path):
    summary = run(config(write_jsonl([*rows, "{cut off"]), tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8")) == summary
    assert (tmp_path / "out" / "clean_ids.txt").read_text(encoding="utf-8").split() == ["right", "choice", "talk"]
    lines = [
        json.loads(line) for line in (tmp_path / "out" / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert {line["id"]: line["verdict"] for line in lines}["tenfold"] == "fail"
    assert summary["bad_rows"]["named"][0]["row"] == 5
    assert "تناول" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_the_number_of_workers_changes_no_byte(rows, write_jsonl, tmp_path):
    many = [row | {"id": f"{row['id']}-{i}"} for i in range(CHUNK_ROWS + 80) for row in rows] + ["{cut off"]
    path = write_jsonl(many)
    for workers in (1, 2):
        run(config(path, tmp_path / f"out{workers}", num_workers=workers, shown=20))
    assert len(many) > 4 * CHUNK_ROWS
    for name in FILES:
        assert (tmp_path / "out1" / name).read_bytes() == (tmp_path / "out2" / name).read_bytes(), name


def test_another_audit_takes_the_place_of_the_first_and_leaves_other_files(rows, write_jsonl, tmp_path):
    out = tmp_path / "out"
    run(config(write_jsonl([*rows, "{"]), out))
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    assert run(config(write_jsonl(rows[:1]), out))["pairs"] == 1
    assert (out / "bad_rows.jsonl").read_text(encoding="utf-8") == ""
    assert {path.name for path in out.iterdir()} == FILES | {"mine.txt"}


@pytest.mark.parametrize(
    ("lines", "columns", "message"),
    [
        ([], "", "holds no rows"),
        (["{", '{"a": 1}'], "", "none of 2 rows is a pair; row 1: not valid JSON .*--columns"),
        (['{"a": "x", "b": "y"}'], "source=a,target=c", "no column 'c'; there are: a, b"),
    ],
)
def test_a_file_without_pairs_is_one_line_and_what_was_there_stays(
    rows, write_jsonl, tmp_path, lines, columns, message
):
    out = tmp_path / "out"
    run(config(write_jsonl(rows), out))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(DataError, match=message):
        run(config(write_jsonl(lines, "other.jsonl"), out, columns))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_out_that_is_a_file_is_one_line(rows, write_jsonl, tmp_path):
    path = write_jsonl(rows)
    with pytest.raises(StoreError, match="choose another --out"):
        run(config(path, path))


def test_a_self_test_is_given_the_pairs_that_passed_with_their_texts(rows, write_jsonl, tmp_path):
    given = []

    def self_test(pairs):
        given.extend(pairs)
        return [FaultRecall(kind="value x10", made=3, failed=2, found=3)]

    summary = run(config(write_jsonl(["{", *rows]), tmp_path / "out", self_test=self_test))
    assert [pair.id for pair in given] == ["right", "choice", "talk"]
    assert texts(given[0].source) == {"text": rows[0]["source"]}
    assert summary["self_test"] == [{"kind": "value x10", "made": 3, "failed": 2, "found": 3}]
    assert "value x10" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_what_the_set_as_a_whole_shows_reaches_its_pairs(write_jsonl, tmp_path):
    sources = ["The heart has four chambers.", "Wash your hands with soap.", "Bones store calcium.", "Sleep is needed."]
    leaked = "يتكون القلب من أربع حجرات تضخ الدم إلى جميع أنحاء الجسم بانتظام."
    rows = [{"source": text, "target": leaked} for text in sources]
    summary = run(config(write_jsonl(rows), tmp_path / "out"))
    assert any(row["rule"].startswith("set.") for row in summary["rules"])
    assert summary["verdicts"]["pass"] < 4
