from pathlib import Path

import pytest
import yaml

from qantara.errors import RecipeError
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluation.options import ModelOptions, Options, translator_config, translator_folder

MODEL = {"backend": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "t"}


def options(**changes):
    values = {
        "model": ModelOptions(name="m", concurrency=7),
        "tasks": ("t",),
        "config": EvaluationConfig(),
        "out": Path("o"),
    }
    return Options(**(values | changes))


@pytest.fixture
def recipe(tmp_path):
    """Return `recipe(stage=settings)`: the name of a recipe with these stages."""

    def write(**stages):
        settings = {"name": "r", "sources": [{"reader": "native", "path": "x"}]}
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(settings | stages), encoding="utf-8")
        return str(path)

    return write


def test_without_a_translator_nobody_translates():
    assert translator_config(options()) is None


def test_a_reference_is_a_model_that_runs_here():
    config = translator_config(options(translator="path:some/where"))
    assert (config.model.backend, config.model.model) == ("local", "path:some/where")
    assert translator_folder(options(translator="path:some/where")) == Path.cwd()


def test_a_name_with_an_endpoint_is_a_model_on_that_server():
    config = translator_config(options(translator="big", translator_endpoint="http://127.0.0.1:9/v1"))
    assert (config.model.backend, config.model.model, config.model.url) == ("endpoint", "big", "http://127.0.0.1:9/v1")
    assert config.model.concurrency == 7


def test_a_recipe_gives_the_settings_of_its_stage_and_the_folder_of_its_paths(recipe, tmp_path):
    named = recipe(
        translate={"model": MODEL, "meaning": False, "max_rounds": 1, "batch_records": 4, "glossary": "terms.tsv"}
    )
    config = translator_config(options(translator=named))
    assert (config.model.model, config.meaning, config.max_rounds, config.glossary) == (
        "t",
        False,
        1,
        Path("terms.tsv"),
    )
    assert translator_folder(options(translator=named)) == tmp_path
    changed = translator_config(options(translator=named, overrides=("translate.max_rounds=0",)))
    assert changed.max_rounds == 0


def test_a_recipe_that_translates_nothing_is_refused(recipe):
    with pytest.raises(RecipeError, match="no stage translate"):
        translator_config(
            options(translator=recipe(train={"model": "path:x"}, mix={"budget_tokens": 100, "ratio": {"ar": 1}}))
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"translator": "no-such-recipe"}, "the file is not there"),
        ({"translator": "t", "translator_endpoint": "nowhere"}, "translator-endpoint.url"),
    ],
)
def test_a_translator_that_can_t_be_is_refused(changes, said):
    with pytest.raises(RecipeError, match=said):
        translator_config(options(**changes))


def test_a_server_s_settings_are_checked():
    server = ModelOptions(name="m", endpoint="http://127.0.0.1:9/v1", concurrency=3).server()
    assert (server.model, server.concurrency) == ("m", 3)
    with pytest.raises(RecipeError, match=r"endpoint\.url"):
        ModelOptions(name="m", endpoint="localhost").server()
