import pytest

from qantara.errors import DataError, StoreError
from qantara.records import (
    Answer,
    Attempt,
    Choice,
    Decision,
    Dialogue,
    Example,
    Finding,
    Origin,
    Passage,
    Translation,
    Turn,
    child,
    with_id,
)
from qantara.store import RecordWriter, read_json, read_records, whole_file, write_json, write_jsonl, write_records

ORIGIN = Origin(source="test", native_id="1")
CHOICE = with_id(Choice(id="", language="en", origin=ORIGIN, question="Q", options=("a", "b"), answer_index=1))
ANSWER = with_id(Answer(id="", language="en", origin=ORIGIN, question="Q", answer="A"))
DIALOGUE = with_id(Dialogue(id="", language="en", origin=ORIGIN, turns=(Turn(role="user", text="hi"),)))
PASSAGE = with_id(Passage(id="", language="en", origin=ORIGIN, text="T"))


def test_records_of_all_kinds_come_back_equal_and_in_order(tmp_path):
    path = tmp_path / "kept.parquet"
    assert write_records(path, [CHOICE, ANSWER, DIALOGUE, PASSAGE], Example) == 4
    assert list(read_records(path, Example)) == [CHOICE, ANSWER, DIALOGUE, PASSAGE]


def test_nested_records_and_missing_values_come_back_equal(tmp_path):
    finding = Finding(rule="r", severity="fail", field="question", message="m")
    attempts = (
        Attempt(round=0, target=None, findings=(finding,), score=3),
        Attempt(round=1, target=child(CHOICE, {"question": "س"}, "ar"), findings=(), score=100, similarity=0.5),
    )
    translation = Translation(source=CHOICE, target=None, route="people", reason="x", score=3, attempts=attempts)
    decision = Decision(record_id="1", action="edit", reviewer="r", edited=(("question", "س"),))
    write_records(tmp_path / "t.parquet", [translation], Translation)
    write_records(tmp_path / "d.parquet", [decision], Decision)
    assert list(read_records(tmp_path / "t.parquet", Translation)) == [translation]
    assert list(read_records(tmp_path / "d.parquet", Decision)) == [decision]


def test_an_empty_file_of_records_is_readable(tmp_path):
    write_records(tmp_path / "e.parquet", [], Translation)
    assert list(read_records(tmp_path / "e.parquet", Translation)) == []


def test_many_records_go_to_disk_in_groups(tmp_path):
    with whole_file(tmp_path / "many.parquet") as part:
        writer = RecordWriter(part, Example)
        for _ in range(5000):
            writer.add(ANSWER)
        writer.close()
    assert sum(1 for _ in read_records(tmp_path / "many.parquet", Example)) == 5000


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"old": True})

    def fail_halfway():
        with whole_file(path) as part:
            part.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_halfway()
    assert read_json(path) == {"old": True}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.jsonl"
    write_jsonl(path, [{"old": 1}])
    (tmp_path / "x.jsonl.part").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="no disk space left; make room and run the same command again"):
        write_jsonl(path, [{"new": 2}])
    assert path.read_text(encoding="utf-8") == '{"old": 1}\n'


@pytest.mark.parametrize("content", [b"", b"not parquet at all"])
def test_a_broken_parquet_file_says_what_to_do(tmp_path, content):
    path = tmp_path / "kept.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a readable Parquet file"):
        list(read_records(path, Example))


def test_broken_json_names_its_line(tmp_path):
    (tmp_path / "s.json").write_text('{"a": 1,\n"b": }', encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        read_json(tmp_path / "s.json")
