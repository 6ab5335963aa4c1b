import json

from qantara.audit.checking import ChunkResult
from qantara.audit.findings import CheckedPair
from qantara.audit.passes import BAD_ROWS_NAMED, first_pass, read_pairs, second_pass
from qantara.fidelity.whole_set import PairFinding, WholeSet, WholeSetFindings

LEAK = PairFinding(rule="set.leak", severity="fail", field="", message="m", quote="q", num_sharing=2, partner=1)


def chunk(*ids, first=1, bad=()):
    pairs = [CheckedPair(row=row, id=name, similarity=None, findings=()) for row, name in enumerate(ids, start=first)]
    return ChunkResult(pairs=pairs, bad_rows=list(bad), whole_set=WholeSet())


def test_the_second_pass_joins_what_the_set_tells_and_names_the_clean(tmp_path):
    moved = []
    passed = first_pass([chunk("a", "b"), chunk("c", first=3)], tmp_path / "f", tmp_path / "bad", moved.append)
    found = WholeSetFindings(statistics=(), by_pair={2: (LEAK,)})
    joined = second_pass(tmp_path / "f", found, passed, tmp_path, 10, moved.append)
    assert (tmp_path / "clean_ids.txt").read_text(encoding="utf-8") == "a\nc\n"
    assert [pair.verdict for pair in read_pairs(tmp_path / "findings.jsonl")] == ["pass", "fail", "pass"]
    assert (joined.num_clean, joined.tally.num_pairs, moved) == (2, 3, [2, 1, 1, 1, 1])


def test_an_id_of_several_pairs_is_never_clean(tmp_path):
    passed = first_pass([chunk("a", "b"), chunk("a", first=3)], tmp_path / "f", tmp_path / "bad", lambda _: None)
    assert passed.is_repeated("a")
    assert not passed.is_repeated("b")
    joined = second_pass(
        tmp_path / "f", WholeSetFindings(statistics=(), by_pair={}), passed, tmp_path, 10, lambda _: None
    )
    assert (tmp_path / "clean_ids.txt").read_text(encoding="utf-8") == "b\n"
    assert joined.repeated_ids == ["a"]


def test_all_bad_rows_are_written_and_the_first_are_named(tmp_path):
    bad = [(row, "why") for row in range(1, 251)]
    passed = first_pass([chunk(bad=bad[:120]), chunk(bad=bad[120:])], tmp_path / "f", tmp_path / "bad", lambda _: None)
    assert (passed.num_bad, passed.num_rows) == (250, 250)
    assert passed.bad_rows == bad[:BAD_ROWS_NAMED]
    lines = (tmp_path / "bad").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 250
    assert json.loads(lines[-1]) == {"row": 250, "reason": "why"}
