import pytest
from transformers import AutoTokenizer

from qantara.evaluate.stage import EvaluateConfig, evaluate
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model
from qantara.models.upcycle import upcycle
from qantara.records import Choice, Origin, child, with_id


def items(count):
    made = []
    for i in range(count):
        english = with_id(
            Choice(
                id="",
                language="en",
                origin=Origin(source="tiny", native_id=str(i), subject="test", split="test"),
                question=f"Which number is {i}?",
                options=("one", "two", "three", "four"),
                answer_index=i % 4,
            )
        )
        made += [
            english,
            child(english, {"question": f"أي رقم هو {i}؟", "options/0": "واحد", "options/1": "اثنان"}, "ar"),
        ]
    return made


def run(*arguments):
    stage = evaluate(*arguments)
    found = []
    while True:
        try:
            found.append(next(stage))
        except StopIteration as end:
            return found, end.value


@pytest.fixture(scope="module")
def mixture(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixture") / "moe"
    upcycle(tiny_model, folder, experts=4, top_k=2, seed=0)
    adapter = folder.parent / "adapter"
    model = attach(load_model(folder, quantization="nf4"), AdapterConfig(rank=8, alpha=16), 0)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_B" in name:
            parameter.data.normal_(0, 0.5)
    save_adapter(model, adapter)
    return folder, adapter


def test_base_and_tuned_model_answer_every_item_in_both_languages_and_all_ways(mixture):
    folder, adapter = mixture
    asked = items(5)
    found, details = run(asked, folder, adapter, EvaluateConfig(batch_size=3), ("en", "ar"))
    assert len(found) == 2 * 2 * 5 * 3
    assert len({(p.model, p.language, p.family, p.scoring, p.normalization) for p in found}) == len(found)
    assert {p.item_id for p in found} == {item.id for item in asked}
    assert all(log < 0 for p in found for log in p.log_probabilities)
    assert all(p.log_probabilities[p.chosen_index] == max(p.log_probabilities) for p in found)
    base, tuned = ([p.log_probabilities for p in found if p.model == name] for name in ("base", "tuned"))
    assert base != tuned
    assert [gap["num_items"] for gap in details["scores"]["gaps"]] == [5] * 6


def test_the_tuned_model_alone_answers_as_it_does_beside_the_base_model(mixture):
    folder, adapter = mixture
    given = items(3), folder, adapter, EvaluateConfig(batch_size=3), ("en", "ar")
    both, _ = run(*given)
    alone, details = run(*given, ("tuned",))
    assert alone == [prediction for prediction in both if prediction.model == "tuned"]
    assert list(details["expert_use"]) == ["tuned"]
    assert details["scores"]["changes"] == []


def test_expert_use_is_told_by_language_and_layer(mixture):
    folder, adapter = mixture
    _, details = run(items(4), folder, adapter, EvaluateConfig(), ("en", "ar"))
    for name in ("base", "tuned"):
        use = details["expert_use"][name]
        assert (use["experts"], use["top_k"]) == (4, 2)
        for code in ("en", "ar"):
            assert [layer["layer"] for layer in use["languages"][code]] == [0, 1]
            assert all(sum(layer["share"]) == pytest.approx(1) for layer in use["languages"][code])
        assert len(use["specialization"]) == 2
        assert all(0 < bits < 1 for bits in use["specialization"])
        assert use["dead_experts"] == []


def test_each_language_is_counted_apart(mixture):
    folder, _ = mixture
    both, alone = (
        run(asked, folder, None, EvaluateConfig(), ("en", "ar"))[1]["expert_use"]["base"]
        for asked in (items(4), [item for item in items(4) if item.language == "ar"])
    )
    assert both["languages"]["ar"] == alone["languages"]["ar"] != both["languages"]["en"]
    assert list(alone["languages"]) == ["ar"]
    assert alone["specialization"] == []


def test_experts_that_no_language_uses_are_told(mixture, tmp_path, caplog):
    model = load_model(mixture[0], quantization="none")
    for layer in model.model.layers:
        layer.mlp.gate.weight.data.zero_()  # all tie: the same two are chosen always
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(mixture[0]).save_pretrained(tmp_path)
    _, details = run(items(12), tmp_path, None, EvaluateConfig(quantization="none"), ("en", "ar"))
    dead = details["expert_use"]["base"]["dead_experts"]
    assert [layer for layer, _ in dead] == [0, 0, 1, 1]
    assert "the base model hardly uses 4 experts in any language" in caplog.text


def test_a_dense_model_without_adapter_is_only_the_base(tiny_model):
    config = EvaluateConfig(quantization="none", limit=2)
    found, details = run(items(5), tiny_model, None, config, ("en", "ar"))
    assert {p.model for p in found} == {"base"}
    assert len({p.family for p in found}) == 2
    assert details["expert_use"] == {}
    assert details["scores"]["changes"] == []


def test_a_limit_draws_the_same_items_whatever_their_order(tiny_model):
    config = EvaluateConfig(quantization="none", limit=4)
    asked = items(20)
    drawn = [{p.family for p in run(some, tiny_model, None, config, ("en", "ar"))[0]} for some in (asked, asked[::-1])]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 4
    assert drawn[0] != {item.origin.family for item in asked[:8]}


def test_the_batch_size_changes_no_choice(tiny_model):
    runs = [
        run(items(6), tiny_model, None, EvaluateConfig(quantization="none", batch_size=b), ("en", "ar"))[0]
        for b in (1, 4)
    ]
    keys = [sorted((p.item_id, p.scoring, p.normalization, p.chosen_index) for p in found) for found in runs]
    assert keys[0] == keys[1]
