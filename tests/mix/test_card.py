import json

from qantara.mix.card import export_dataset
from qantara.records import Answer, Origin, Sample, with_id


def test_a_line_tells_where_its_record_comes_from(tmp_path):
    origin = Origin(source="test", native_id="1", licence="CC0-1.0")
    example = with_id(Answer(id="", language="en", origin=origin, question="Q", answer="A"))
    sample = Sample(
        example_id=example.id,
        family=example.id,
        language="en",
        kind="answer",
        fold="train",
        input_ids=(1, 2),
        loss_mask=(False, True),
    )
    export_dataset(tmp_path, {example.id: example}, [sample], {"train": {"en": 2}, "validation": {"en": 0}}, {"en": 1})
    line = json.loads((tmp_path / "train.jsonl").read_text(encoding="utf-8"))
    assert (line["id"], line["family"], line["source"], line["licence"]) == (example.id, example.id, "test", "CC0-1.0")
    assert [m["role"] for m in line["messages"]] == ["system", "user", "assistant"]
    assert (tmp_path / "validation.jsonl").read_text(encoding="utf-8") == ""
