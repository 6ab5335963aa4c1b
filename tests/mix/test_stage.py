import json
import logging

import pytest
from pydantic import ValidationError

from qantara.mix.stage import MixConfig, draw, mix, render_samples
from qantara.provenance import file_hash
from qantara.records import Answer, Origin, Passage, Rejection, Sample, child, with_id
from qantara.training_order import FILE, read_order

FOLDS = ("train", "validation")


class Characters:
    """A tokenizer of single characters without a template."""

    chat_template = None
    bos_token = "^"
    eos_token = "$"

    def __call__(self, text, **options):
        return {"input_ids": [ord(c) for c in text], "offset_mapping": [(i, i + 1) for i in range(len(text))]}


def examples(count, source="test"):
    made = []
    for i in range(count):
        english = with_id(
            Answer(
                id="",
                language="en",
                origin=Origin(source=source, native_id=str(i), licence="CC0-1.0"),
                question=f"Question {i}?",
                answer="Yes. " * 9,
            )
        )
        made += [english, child(english, {"question": f"السؤال {i}؟", "answer": "نعم. " * 20}, "ar")]
    return made


def passage(language="en", words=3):
    origin = Origin(source="book", native_id="p")
    return with_id(Passage(id="", language=language, origin=origin, text="The valve is open. " * words))


def run(config, folder, records):
    stage = mix(records, Characters(), config, 5, folder)
    outcomes = []
    while True:
        try:
            outcomes.append(next(stage))
        except StopIteration as end:
            return outcomes, end.value


def kept(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Sample)]


def test_every_record_comes_out_once_and_families_stay_on_one_side(tmp_path):
    records = examples(60)
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.2, max_tokens=400)
    outcomes, _ = run(config, tmp_path, records)
    ids = [o.example_id if isinstance(o, Sample) else o.record_id for o in outcomes]
    assert ids == [record.id for record in records]
    folds = {}
    for sample in kept(outcomes):
        folds.setdefault(sample.family, set()).add(sample.fold)
    assert {len(found) for found in folds.values()} == {1}
    assert set().union(*folds.values()) == {"train", "validation"}


def test_the_order_is_the_budget_at_the_ratio_over_kept_samples_of_the_train_fold(tmp_path):
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.1, max_tokens=400)
    outcomes, details = run(config, tmp_path, examples(120))
    samples, order = kept(outcomes), read_order(tmp_path / FILE)
    tokens = {"ar": 0, "en": 0}
    for piece in order:
        assert samples[piece.sample].fold == "train"
        assert piece.num_tokens <= len(samples[piece.sample].input_ids)
        tokens[samples[piece.sample].language] += piece.num_tokens
    assert tokens == details["drawn"]["tokens"] == {"ar": 2000, "en": 4000}
    assert set(order.samples.tolist()) == {i for i, sample in enumerate(samples) if sample.fold == "train"}
    pieces = details["drawn"]["pieces"]
    assert pieces["en"] / pieces["ar"] > 2.2
    assert details["realized_ratio"] == {"ar": 1, "en": 2}


def test_the_ratio_can_count_samples(tmp_path):
    config = MixConfig(ratio={"ar": 1, "en": 2}, unit="samples", validation_share=0, max_tokens=400)
    outcomes, details = run(config, tmp_path, examples(50))
    assert details["drawn"]["pieces"] == details["samples"]["train"] == {"ar": 25, "en": 50}
    assert details["realized_ratio"] == {"ar": 1, "en": 2}
    assert details["ran_out"] == {"en": ["test"]}
    assert [o.reason for o in outcomes if isinstance(o, Rejection)] == ["over_budget"] * 25


def test_a_sample_that_is_used_again_is_kept_once(tmp_path):
    config = MixConfig(ratio={"ar": 1, "en": 1}, validation_share=0, max_tokens=400, max_epochs=3)
    outcomes, details = run(config, tmp_path, examples(20))
    assert len(kept(outcomes)) == 40
    assert details["tokens"]["train"]["en"] * 3 == details["drawn"]["tokens"]["en"]
    english = next(row for row in details["sources"] if row["language"] == "en")
    assert (english["epochs"], english["samples"], english["pieces"]) == (3.0, 20, 60)


def test_a_budget_that_can_not_be_spent_shrinks_and_says_so(tmp_path, caplog):
    config = MixConfig(budget_tokens=10**6, ratio={"ar": 3, "en": 1}, validation_share=0, max_tokens=400)
    with caplog.at_level(logging.WARNING, logger="qantara.mix.stage"):
        _, details = run(config, tmp_path, examples(20))
    assert details["ran_out"] == {"ar": ["test"]}
    assert details["drawn"]["tokens"]["ar"] == details["available_tokens"]["ar"]
    assert details["drawn_tokens"] == read_order(tmp_path / FILE).num_tokens.sum() < 10**6
    assert f"{details['drawn_tokens']} of 1000000 tokens" in caplog.text
    assert "ar (test) ran out" in caplog.text


def test_what_is_left_out_says_why(tmp_path):
    config = MixConfig(budget_tokens=500, ratio={"ar": 1, "en": 0}, validation_share=0, max_tokens=190)
    outcomes, _ = run(config, tmp_path, examples(10))
    assert {o.reason for o in outcomes if isinstance(o, Rejection)} == {"language_not_in_mix", "over_budget"}
    outcomes, _ = run(MixConfig(budget_tokens=500, ratio={"ar": 1, "en": 1}, max_tokens=16), tmp_path, examples(3))
    assert {o.reason for o in outcomes} == {"too_long"}


def test_a_data_set_of_weight_0_is_in_neither_fold_and_the_others_go_by_size(tmp_path):
    records = [*examples(9), *examples(9, "other"), *examples(18, "third")]
    config = MixConfig(ratio={"ar": 1, "en": 1}, weights={"test": 0}, unit="samples", validation_share=0.3)
    outcomes, _ = run(config, tmp_path, records)
    assert {(s.source, s.fold) for s in kept(outcomes)} == {(n, f) for n in ("other", "third") for f in FOLDS}
    rejections = [o for o in outcomes if isinstance(o, Rejection)]
    assert [r.reason for r in rejections] == ["source_not_in_mix"] * 18


def test_a_weight_of_no_data_set_is_told(tmp_path, caplog):
    config = MixConfig(ratio={"ar": 1, "en": 1}, weights={"tset": 2}, max_tokens=400)
    with caplog.at_level(logging.WARNING, logger="qantara.mix.stage"):
        run(config, tmp_path, examples(5))
    assert "no records here: tset" in caplog.text


def test_no_records_make_an_empty_order(tmp_path):
    outcomes, details = run(MixConfig(budget_tokens=1, ratio={"ar": 1}), tmp_path, [])
    assert outcomes == []
    assert len(read_order(tmp_path / FILE)) == details["drawn_tokens"] == 0
    assert details["ran_out"] == {"ar": []}


def test_a_long_passage_is_kept_whole_and_trained_on_in_pieces(tmp_path):
    book = passage(words=40)
    config = MixConfig(ratio={"en": 1}, validation_share=0, max_tokens=100)
    outcomes, details = run(config, tmp_path, [book])
    assert len(outcomes[0].input_ids) == len(book.text) + 2
    pieces = sorted(read_order(tmp_path / FILE))
    assert max(piece.num_tokens for piece in pieces) <= 100
    assert sum(piece.num_tokens for piece in pieces) == len(book.text) + 2
    assert details["drawn"]["learnt_tokens"]["en"] == len(book.text) + 2 - len(pieces)


def test_a_passage_of_its_end_marks_alone_has_nothing_to_learn(tmp_path):
    class Unmarked(Characters):
        bos_token = eos_token = None

    origin = Origin(source="book", native_id="p")
    stage = mix(
        [with_id(Passage(id="", language="en", origin=origin, text="x"))],
        Unmarked(),
        MixConfig(ratio={"en": 1}),
        1,
        tmp_path,
    )
    assert next(stage).reason == "nothing_to_learn"


def test_samples_rendered_once_serve_any_ratio(tmp_path):
    records = [*examples(40), passage("ar", 90)]
    config = MixConfig(ratio={"ar": 1, "en": 0}, validation_share=0.2, max_tokens=150)
    samples = render_samples(records, Characters(), config, 5)
    assert {sample.kind for sample in samples if sample.language == "ar"} == {"passage"}  # the others are too long
    assert {sample.language for sample in samples if sample.fold == "validation"} == {"en"}
    order = draw(samples, config.model_copy(update={"ratio": {"ar": 1, "en": 1}, "budget_tokens": 900}), 8)
    assert order.num_tokens.sum() == 900
    assert {samples[i].fold for i in order.samples} == {"train"}


def test_the_stage_draws_what_draw_returns(tmp_path):
    records = examples(40)
    config = MixConfig(budget_tokens=3000, ratio={"ar": 1, "en": 2}, max_tokens=400)
    outcomes, _ = run(config, tmp_path, records)
    samples, rendered = kept(outcomes), render_samples(records, Characters(), config, 5)
    stage = [(samples[p.sample].example_id, p.num_tokens) for p in read_order(tmp_path / FILE)]
    assert stage == [(rendered[p.sample].example_id, p.num_tokens) for p in draw(rendered, config, 5)]


def test_the_summary_tells_the_ratio_on_the_way(tmp_path):
    config = MixConfig(ratio={"ar": 1, "en": 2}, validation_share=0, max_tokens=400, max_epochs=20)
    _, details = run(config, tmp_path, examples(80))
    rows = details["ratio_on_the_way"]
    assert [row["after_pieces"] for row in rows[:-1]] == [1000 * (i + 1) for i in range(len(rows) - 1)]
    assert len(rows) >= 3
    for row in rows:
        assert row["tokens"]["en"] / row["tokens"]["ar"] == pytest.approx(2, rel=0.005)
    json.dumps(details)


def test_the_data_set_has_a_card_and_a_manifest(tmp_path):
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, validation_share=0.2, max_tokens=400)
    outcomes, details = run(config, tmp_path, examples(60))
    lines = (tmp_path / "dataset" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == sum(sample.fold == "train" for sample in kept(outcomes))
    card = (tmp_path / "dataset" / "README.md").read_text(encoding="utf-8")
    assert f"| train | ar | {details['samples']['train']['ar']} | {details['tokens']['train']['ar']} |" in card
    assert "ratio of ar 1 : en 2 by tokens" in card
    assert "| en | test | 4000 |" in card
    assert "not for clinical use" in card


def test_the_same_input_gives_the_same_bytes(tmp_path):
    config = MixConfig(budget_tokens=6000, ratio={"ar": 1, "en": 2}, max_tokens=400)
    assert run(config, tmp_path / "a", examples(40)) == run(config, tmp_path / "b", examples(40))
    for name in ("dataset/manifest.json", FILE):
        assert file_hash(tmp_path / "a" / name) == file_hash(tmp_path / "b" / name)


@pytest.mark.parametrize("ratio", [{}, {"ar": 0}, {"ar": -1, "en": 2}, {"ar": float("nan")}, {"ar": float("inf")}])
def test_a_ratio_without_a_part_is_refused(ratio):
    with pytest.raises(ValidationError, match="part of 0 or more"):
        MixConfig(budget_tokens=1, ratio=ratio)


@pytest.mark.parametrize("weight", [-1, float("nan")])
def test_a_weight_below_0_is_refused(weight):
    with pytest.raises(ValidationError, match="each data set a part"):
        MixConfig(ratio={"ar": 1}, weights={"a": weight})
