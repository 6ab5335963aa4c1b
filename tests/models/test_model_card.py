import yaml

from qantara.models.adapter_config import AdapterConfig
from qantara.models.merge_check import Comparison
from qantara.models.model_card import CardFacts, model_card

COMPARISON = Comparison(
    max_difference=0.012,
    mean_difference=0.0034,
    adapter_effect=0.56,
    worst_module="model.layers.1.mlp.experts",
    worst_module_error=0.0031,
    tolerance=0.0156,
    num_modules=19,
)


def card(**facts):
    how = "onto the original base weights, in fp32, rounded once to bfloat16"
    return model_card(CardFacts(**facts), AdapterConfig(rank=8), how, COMPARISON)


def front_matter(text):
    return yaml.safe_load(text.split("---")[1])


def test_the_front_matter_names_base_and_licence():
    told = front_matter(card(base="mistralai/Mixtral-8x7B-Instruct-v0.1", licence="apache-2.0"))
    assert told["base_model"] == "mistralai/Mixtral-8x7B-Instruct-v0.1"
    assert told["license"] == "apache-2.0"


def test_an_unknown_licence_is_other_and_points_to_the_base():
    text = card(base="some/model")
    assert front_matter(text)["license"] == "other"
    assert "licence: see the base model" in text


def test_it_says_that_it_is_research_and_how_far_the_merge_is_off():
    text = card()
    assert "**Not a medical device**" in text
    for told in ("0.0034 on average", "0.012 at most", "0.56 on average", "19 modules", "`model.layers.1.mlp.experts`"):
        assert told in text


def test_nested_facts_become_rows_and_none_is_said_so():
    text = card(data={"tokens": {"train": {"ar": 12}}}, figures={"scores": [{"model": "base", "accuracy": 0.25}]})
    for row in ("| tokens.train.ar | 12 |", "| scores[0].model | base |", "| scores[0].accuracy | 0.25 |"):
        assert row in text
    empty = card()
    assert "What the mix held is not known here" in empty
    assert "no figure is claimed" in empty


def test_a_long_series_is_cut_and_says_so():
    text = card(data={"ratio_on_the_way": list(range(100))})
    assert "| ratio_on_the_way[59] | 59 |" in text
    assert "ratio_on_the_way[60]" not in text
    assert "40 more in the run's report" in text


def test_every_setting_of_the_adapter_is_told():
    for name in AdapterConfig.model_fields:
        assert f"- {name}: " in card()
