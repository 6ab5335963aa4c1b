import json

from qantara.mix.card import export_dataset
from qantara.mix.realized import SourceUse
from qantara.provenance import file_hash
from qantara.records import Answer, Choice, Origin, Passage, with_id


def records():
    origin = Origin(source="test", native_id="1", licence="CC0-1.0")
    answer = with_id(Answer(id="", language="en", origin=origin, question="Q", answer="A"))
    passage = with_id(Passage(id="", language="ar", origin=Origin(source="book", native_id="2"), text="The valve."))
    choice = with_id(Choice(id="", language="en", origin=origin, question="Which?", options=("a", "b"), answer_index=1))
    return answer, passage, choice


def use(language, source, tokens, epochs):
    numbers = {"available_tokens": 40, "learnt_tokens": tokens // 2, "pieces": 3, "samples": 2}
    return SourceUse(language=language, source=source, tokens=tokens, epochs=epochs, **numbers)


def export(folder, make_sample):
    answer, passage, choice = records()
    samples = [
        make_sample(answer.id, 5),
        make_sample(passage.id, 9, "ar", "book", "passage"),
        make_sample(choice.id, 7, fold="validation"),
    ]
    totals = {"train": {"en": 5, "ar": 9}, "validation": {"en": 7, "ar": 0}}
    uses = [use("ar", "book", 90, 2.25), use("en", "test", 20, 0.5)]
    export_dataset(folder, {e.id: e for e in records()}, samples, totals, uses, "ar 1 : en 2 by tokens")


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_tells_where_its_record_comes_from(tmp_path, make_sample):
    export(tmp_path, make_sample)
    answer, _, choice = records()
    line = lines(tmp_path / "train.jsonl")[0]
    assert (line["id"], line["family"], line["source"], line["licence"]) == (answer.id, answer.id, "test", "CC0-1.0")
    assert [m["role"] for m in line["messages"]] == ["system", "user", "assistant"]
    assert [line["id"] for line in lines(tmp_path / "validation.jsonl")] == [choice.id]


def test_plain_text_is_no_conversation(tmp_path, make_sample):
    export(tmp_path, make_sample)
    line = lines(tmp_path / "train.jsonl")[1]
    assert line["text"] == "The valve."
    assert "messages" not in line


def test_the_card_tells_what_there_is_and_how_often_it_is_trained_on(tmp_path, make_sample):
    export(tmp_path, make_sample)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| train | ar | 1 | 9 |" in card
    assert "| validation | ar | 0 | 0 |" in card
    assert "| book | unknown | 1 |" in card
    assert "| test | CC0-1.0 | 2 |" in card
    assert "ratio of ar 1 : en 2 by tokens" in card
    assert "| ar | book | 90 | 45 | 2.25 |" in card
    assert "task_categories: [multiple-choice, question-answering, text-generation]" in card
    assert "language: [ar, en]" in card


def test_the_manifest_holds_hashes_and_what_is_trained_on(tmp_path, make_sample):
    export(tmp_path, make_sample)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"train.jsonl", "validation.jsonl", "README.md"}
    for name, file in manifest["files"].items():
        assert file == {"sha256": file_hash(tmp_path / name), "bytes": (tmp_path / name).stat().st_size}
    assert manifest["samples"] == {"train": 2, "validation": 1}
    assert manifest["tokens"]["validation"] == {"en": 7, "ar": 0}
    assert [(row["source"], row["tokens"], row["epochs"]) for row in manifest["trained_on"]] == [
        ("book", 90, 2.25),
        ("test", 20, 0.5),
    ]
