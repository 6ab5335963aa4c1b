import functools
import json

import pytest

from qantara.models.architectures import architecture
from qantara.models.cards import card_of
from qantara.models.sizes import sizes_of, trainable_of
from qantara.train.estimates import estimate
from qantara.train.stage import TrainConfig
from qantara.train.suggestions import suggest

MIXTRAL, LLAMA = "hf:mistralai/Mixtral-8x7B-Instruct-v0.1", "hf:meta-llama/Llama-3.1-8B"
LARGE = "hf:mistralai/Mixtral-8x22B-v0.1"
SETTINGS = {"max_tokens": 1024, "micro_batch_tokens": 4096, "batch_tokens": 65536, "gradient_checkpointing": True}


@functools.cache
def sizes(model):
    return sizes_of(architecture(model))


@functools.cache
def trainable(model, adapter):
    return trainable_of(architecture(model), adapter)


def tried(config, card, num_cards):
    return estimate(config, sizes(config.model), trainable(config.model, config.adapter), None, card, num_cards)


def suggested(model, card, num_cards=1, **settings):
    config = TrainConfig(model=model, **(SETTINGS | settings))
    found = tried(config, card_of(card), num_cards)
    assert not found.fits
    return suggest(config, found, tried)


def test_each_setting_that_is_enough_is_told_then_cards():
    assert [s.settings for s in suggested(LLAMA, "RTX 4090", quantization="none")] == [
        ("train.quantization=nf4",),
        ("train.micro_batch_tokens=2048",),
        ("train.processes=fsdp", "on 2 x RTX 4090"),
        ("on A100 40",),
    ]


@pytest.mark.parametrize(
    ("model", "processes", "num_cards", "together"),
    [(MIXTRAL, "ddp", 4, 4), (MIXTRAL, "ddp", 8, 8), (LARGE, "fsdp", 2, 4)],
)
def test_cards_that_share_the_run_are_at_least_those_that_there_are(model, processes, num_cards, together):
    card, rank = ("RTX 4090", 128) if model == MIXTRAL else ("L40S", 16)
    found = suggested(model, card, num_cards, processes=processes, adapter={"rank": rank})
    assert [s.settings[-1] for s in found if " x " in s.settings[-1]] == [f"on {together} x {card}"]


def test_settings_are_put_together_where_none_is_enough():
    found = suggested(MIXTRAL, "L40S", quantization="none", gradient_checkpointing=False, micro_batch_tokens=16384)
    assert found[0].settings == ("train.gradient_checkpointing=true", "train.quantization=nf4")


@pytest.mark.parametrize(
    ("model", "card", "settings"),
    [
        (LLAMA, "RTX 4090", {"quantization": "none"}),
        (MIXTRAL, "L40S", {"adapter": {"rank": 128, "embeddings": True}}),
    ],
)
def test_a_suggestion_is_the_plan_of_the_run_so_set(model, card, settings):
    found = suggested(model, card, **settings)
    assert found
    for suggestion in found:
        given, on, num_cards = SETTINGS | settings, card, 1
        for setting in suggestion.settings:
            if setting.startswith("on "):
                *number, on = setting.removeprefix("on ").split(" x ")
                num_cards = int(number[0]) if number else 1
            else:
                name, value = setting.removeprefix("train.").split("=")
                part, _, inner = name.partition(".")
                given[part] = given[part] | {inner: json.loads(value)} if inner else value
        assert suggestion.estimate.fits
        assert suggestion.estimate == tried(TrainConfig(model=model, **given), card_of(on), num_cards)


def test_what_fits_nowhere_as_it_is_comes_with_settings_and_a_card():
    found = suggested(MIXTRAL, "RTX 4090", quantization="none", gradient_checkpointing=False, adapter={"rank": 32})
    assert [suggestion.settings[-1] for suggestion in found] == ["on A100 40", "on H200"]
    assert "train.quantization=nf4" in found[0].settings
    assert len(found[1].settings) == 1
