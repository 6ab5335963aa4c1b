import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import DataError

PAIRS = [
    {"id": "right", "source": "Give 5 mg every 4 hours.", "target": "أعط 5 ملغ كل 4 ساعات."},
    {"id": "tenfold", "source": "Take 10 mg of the drug daily.", "target": "تناول 100 ملغ من الدواء يوميًا."},
]


def audit(path, out, *options):
    return CliRunner().invoke(app, ["audit", str(path), "--out", str(out), "--workers", "1", "--no-meaning", *options])


@pytest.fixture
def jsonl(tmp_path):
    path = tmp_path / "pairs.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in PAIRS]
    path.write_text("\n".join([*lines, '{"source": "Jane Doe', '{"source": "x"}']), encoding="utf-8")
    return path


def test_a_person_sees_counts_and_where_the_page_is_and_no_text_of_a_pair(jsonl, tmp_path):
    done = audit(jsonl, tmp_path / "out")
    assert done.exit_code == 0, done.exception
    assert "pass                             1    50.0%" in done.stdout
    assert done.stdout.splitlines()[-1] == str(tmp_path / "out" / "index.html")
    (line,) = done.stderr.splitlines()
    assert line.startswith("qantara: 2 bad rows (row 3: not valid JSON")
    assert "row 4: target is missing" in line
    for text in ("Jane", "drug", "الدواء"):
        assert text not in done.stdout + done.stderr


def test_strict_exits_1_if_a_pair_fails_and_only_then(jsonl, tmp_path):
    assert audit(jsonl, tmp_path / "out", "--strict").exit_code == 1
    jsonl.write_text(json.dumps(PAIRS[0]), encoding="utf-8")
    assert audit(jsonl, tmp_path / "out", "--strict").exit_code == 0


def test_a_script_gets_the_summary(jsonl, tmp_path):
    told = json.loads(audit(jsonl, tmp_path / "out", "--json").stdout)
    assert told == json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (told["verdicts"]["fail"], told["bad_rows"]["count"]) == (1, 2)


def test_csv_and_parquet_with_columns_of_other_names_give_the_same_findings(jsonl, tmp_path):
    rows = [{"key": row["id"], "english": row["source"], "arabic": row["target"]} for row in PAIRS]
    with (tmp_path / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pairs.parquet")
    found = []
    audit(jsonl, tmp_path / "out")
    found.append((tmp_path / "out" / "findings.jsonl").read_bytes())
    for name in ("pairs.csv", "pairs.parquet"):
        done = audit(tmp_path / name, tmp_path / "out", "--columns", "id=key,source=english,target=arabic")
        assert done.exit_code == 0, done.exception
        found.append((tmp_path / "out" / "findings.jsonl").read_bytes())
    assert found[0] == found[1] == found[2]


def test_a_benchmark_of_questions_is_audited_by_its_columns(tmp_path):
    row = {"id": "q1", "q_en": "Which dose?", "a_en": "5 mg", "b_en": "7 mg", "key": "B"}
    row |= {"ar": {"q": "أي جرعة؟", "all": ["٥ ملغ", "٧٠ ملغ"]}}
    (tmp_path / "q.jsonl").write_text(json.dumps(row), encoding="utf-8")
    columns = (
        "source.question=q_en,source.options=a_en|b_en,target.question=ar.q,target.options=ar.all,answer_index=key"
    )
    assert audit(tmp_path / "q.jsonl", tmp_path / "out", "--columns", columns).exit_code == 0
    (line,) = (tmp_path / "out" / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    found = json.loads(line)
    assert (found["id"], found["verdict"]) == ("q1", "fail")
    assert {finding["field"] for finding in found["findings"] if finding["severity"] == "fail"} == {"options/1"}


def test_a_bad_file_is_an_error(tmp_path):
    assert isinstance(audit(tmp_path / "none.jsonl", tmp_path / "out").exception, DataError)
