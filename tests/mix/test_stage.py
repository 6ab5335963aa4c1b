import json

import pytest
from pydantic import ValidationError

from qantara.mix.stage import MixConfig, mix
from qantara.provenance import file_hash
from qantara.records import Answer, Origin, Passage, Rejection, Sample, child, with_id


class Characters:
    """A tokenizer of single characters without a template."""

    chat_template = None
    bos_token = "^"
    eos_token = "$"

    def __call__(self, text, **options):
        return {"input_ids": [ord(c) for c in text], "offset_mapping": [(i, i + 1) for i in range(len(text))]}


def examples(count):
    made = []
    for i in range(count):
        english = with_id(
            Answer(
                id="",
                language="en",
                origin=Origin(source="test", native_id=str(i), licence="CC0-1.0"),
                question=f"Question {i}?",
                answer="Yes. " * 9,
            )
        )
        made += [english, child(english, {"question": f"السؤال {i}؟", "answer": "نعم. " * 20}, "ar")]
    return made


def run(config, folder, records):
    stage = mix(records, Characters(), config, 5, folder)
    outcomes = []
    while True:
        try:
            outcomes.append(next(stage))
        except StopIteration as end:
            return outcomes, end.value


def test_every_record_comes_out_once_and_families_stay_on_one_side(tmp_path):
    records = examples(60)
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.2, max_tokens=400)
    outcomes, _ = run(config, tmp_path, records)
    ids = [o.example_id if isinstance(o, Sample) else o.record_id for o in outcomes]
    assert ids == [record.id for record in records]
    folds = {}
    for sample in (o for o in outcomes if isinstance(o, Sample)):
        folds.setdefault(sample.family, set()).add(sample.fold)
    assert {len(found) for found in folds.values()} == {1}
    assert set().union(*folds.values()) == {"train", "validation"}


def test_the_ratio_is_met_in_tokens_and_not_in_samples(tmp_path):
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.1, max_tokens=400)
    _, details = run(config, tmp_path, examples(120))
    tokens, counts = details["tokens"]["train"], details["samples"]["train"]
    assert sum(tokens.values()) <= 6000
    assert tokens["en"] / tokens["ar"] == pytest.approx(2, rel=0.08)
    assert counts["en"] / counts["ar"] > 2.2


def test_what_is_left_out_says_why(tmp_path):
    config = MixConfig(budget_tokens=500, ratio={"ar": 1, "en": 0}, validation_share=0, max_tokens=190)
    outcomes, _ = run(config, tmp_path, examples(10))
    reasons = {o.reason for o in outcomes if isinstance(o, Rejection)}
    assert reasons == {"language_not_in_mix", "over_budget"}
    outcomes, _ = run(MixConfig(budget_tokens=500, ratio={"ar": 1, "en": 1}, max_tokens=16), tmp_path, examples(3))
    assert {o.reason for o in outcomes} == {"too_long"}


def test_a_passage_has_nothing_to_learn_and_takes_none_of_the_budget(tmp_path):
    origin = Origin(source="test", native_id="p")
    passage = with_id(Passage(id="", language="en", origin=origin, text="The valve is open."))
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.5, max_tokens=400)
    outcomes, details = run(config, tmp_path / "with", [passage, *examples(10)])
    assert (outcomes[0].record_id, outcomes[0].reason) == (passage.id, "nothing_to_learn")
    assert details == run(config, tmp_path / "without", examples(10))[1]


def test_the_data_set_has_a_card_and_a_manifest_with_hashes(tmp_path):
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.2, max_tokens=400)
    outcomes, details = run(config, tmp_path, examples(60))
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    for name, file in manifest["files"].items():
        assert file["sha256"] == file_hash(tmp_path / name)
    lines = (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == sum(isinstance(o, Sample) and o.fold == "train" for o in outcomes)
    assert json.loads(lines[0])["messages"][-1]["role"] == "assistant"
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"| train | ar | {details['samples']['train']['ar']} | {details['tokens']['train']['ar']} |" in card
    assert "| test | CC0-1.0 |" in card
    assert "not for clinical use" in card


def test_the_same_input_gives_the_same_bytes(tmp_path):
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2})
    assert run(config, tmp_path / "a", examples(40)) == run(config, tmp_path / "b", examples(40))
    assert file_hash(tmp_path / "a" / "manifest.json") == file_hash(tmp_path / "b" / "manifest.json")


@pytest.mark.parametrize("ratio", [{}, {"ar": 0}, {"ar": -1, "en": 2}])
def test_a_ratio_without_a_part_is_refused(ratio):
    with pytest.raises(ValidationError, match="part of 0 or more"):
        MixConfig(budget_tokens=1, ratio=ratio)
