import pickle

from qantara.audit.checking import CheckSettings, check_chunk, check_packed, observed
from qantara.audit.pairs import Shape, pair_of
from qantara.audit.rows import NumberedRow
from qantara.fidelity.meaning import Compared
from qantara.fidelity.terms import Glossary
from qantara.records import Finding

SHAPE = Shape(source_language="en", target_language="ar")


def numbered(rows):
    return [NumberedRow(number, row) for number, row in enumerate(rows, start=1)]


def unrelated(batch):
    """Stand in for an encoder: the similarity of a pair is the number of its source's fields."""
    finding = Finding(rule="meaning.far", severity="warn", field="", message="far")
    return [
        Compared(similarity=float(len(source)), findings=(finding,) if "ill" in "".join(source.values()) else ())
        for source, _ in batch
    ]


def load_unrelated():
    return unrelated


def test_a_chunk_gives_each_row_once_as_a_pair_or_as_a_bad_row(rows):
    chunk = [*numbered(rows), NumberedRow(5, None, "cut off"), NumberedRow(6, {"source": 1, "target": "x"})]
    result = check_chunk(CheckSettings(SHAPE), chunk)
    assert {pair.id: pair.verdict for pair in result.pairs} == {
        "right": "pass",
        "tenfold": "fail",
        "choice": "pass",
        "talk": "pass",
    }
    assert result.bad_rows == [(5, "cut off"), (6, "source is a number, not a text or an object")]
    assert result.whole_set.pending == []


def test_a_finding_points_into_both_texts(rows):
    (finding,) = check_chunk(CheckSettings(SHAPE), numbered(rows)[1:2]).pairs[0].findings
    source, target = rows[1]["source"], rows[1]["target"]
    assert "10" in source[finding.source_span.start : finding.source_span.end]
    assert "100" in target[finding.target_span.start : finding.target_span.end]


def test_settings_and_results_travel_between_processes(rows):
    settings = CheckSettings(SHAPE, meaning=load_unrelated)
    result = pickle.loads(pickle.dumps(check_packed(pickle.dumps(settings), numbered(rows))))
    assert result.pairs[0].similarity == 1


def test_meanings_are_compared_within_a_chunk_and_their_findings_join(rows):
    sizes = []

    def meaning(batch):
        sizes.append(len(batch))
        return unrelated(batch)

    result = check_chunk(CheckSettings(SHAPE, meaning=lambda: meaning), numbered(rows * 100))
    assert sizes == [400]
    assert [finding.rule for finding in result.pairs[3].findings] == ["meaning.far"]
    assert result.pairs[2].similarity == 4


def test_rules_are_given_the_glossary_and_both_languages(rows, monkeypatch):
    given = []
    monkeypatch.setattr("qantara.audit.checking.check", lambda *sides, **options: given.append(options) or [])
    glossary = Glossary({"morphine": ("أفيون",)})
    check_chunk(CheckSettings(SHAPE, glossary=glossary), numbered(rows)[:1])
    assert given == [{"source_language": "en", "target_language": "ar", "glossary": glossary}]


def test_the_whole_set_is_told_of_answers_where_they_are_known(rows):
    choice = observed(pair_of(rows[2], 3, SHAPE), SHAPE)
    assert (choice.number, choice.id, choice.answer_index, choice.num_options) == (3, "choice", 1, 3)
    text = observed(pair_of(rows[0], 1, SHAPE), SHAPE)
    assert (text.answer_index, text.num_options, text.source) == (None, 0, {"text": rows[0]["source"]})
