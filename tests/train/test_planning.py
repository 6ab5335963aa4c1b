import json

import pytest

from qantara.errors import ModelError
from qantara.train.planning import as_json, plan_lines, plan_training
from qantara.train.stage import TrainConfig

MIXTRAL, LLAMA = "hf:mistralai/Mixtral-8x7B-Instruct-v0.1", "hf:meta-llama/Llama-3.1-8B"
SMOLLM = "hf:HuggingFaceTB/SmolLM2-135M"
SETTINGS = {"max_tokens": 1024, "micro_batch_tokens": 4096, "batch_tokens": 65536, "gradient_checkpointing": True}


def plan(model, card, num_tokens=None, **settings):
    return plan_training(TrainConfig(model=model, **(SETTINGS | settings)), num_tokens, card)


@pytest.fixture(scope="module")
def too_large():
    return plan(LLAMA, "RTX 4090", 5_000_000, quantization="none")


def test_a_run_that_fits_needs_no_suggestion():
    found = plan(SMOLLM, "RTX 4090", 1_000_000, upcycle={"experts": 4, "top_k": 2})
    assert found.fits
    assert found.suggestions == ()
    text = "\n".join(plan_lines(found))
    assert "373.5 million, 214.2 million active for a token" in text
    assert "it fits" in text
    assert "1.0 million tokens in" in text


def test_a_run_that_does_not_fit_comes_with_what_would(too_large):
    assert not too_large.fits
    text = "\n".join(plan_lines(too_large))
    assert "IT DOES NOT FIT" in text
    assert "it would fit with\n  train.quantization=nf4: " in text


def test_what_nothing_helps_is_told():
    found = plan(
        "hf:mistralai/Mixtral-8x22B-v0.1", "B200", max_tokens=500_000, micro_batch_tokens=500_000, batch_tokens=500_000
    )
    assert found.suggestions == ()
    assert plan_lines(found)[-1] == "nothing here makes it fit: take a smaller model"


def test_a_plan_is_json(too_large):
    found = json.loads(json.dumps(as_json(too_large)))
    assert found["parameters"]["total"] == 8_030_261_248
    assert found["needed_bytes"] == sum(found["memory"].values()) > found["usable_bytes"]
    assert found["fits"] is False
    assert found["seconds"] == pytest.approx(5_000_000 / found["tokens_a_second"], rel=1e-3)
    assert found["suggestions"][0]["settings"] == ["train.quantization=nf4"]


def test_an_adapter_that_the_model_cannot_have_is_an_error():
    with pytest.raises(ModelError, match="DoRA"):
        plan(MIXTRAL, "H100", adapter={"dora": True})
