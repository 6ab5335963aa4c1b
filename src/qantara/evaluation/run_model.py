"""A run folder of `qantara run` -> the model that it trained: its base model (upcycled as the run had it) and its adapter."""

from pathlib import Path

from qantara.errors import ModelError
from qantara.recipe import checked
from qantara.run_recipe import Recipe
from qantara.store import read_json

RECIPE, ADAPTER = "recipe.json", Path("train", "adapter")


def is_run(name: str) -> bool:
    """Tell whether a model's name is a run folder."""
    return (Path(name) / RECIPE).is_file()


def model_of_run(run: Path) -> tuple[str, Path]:
    """Return the reference of a run's base model and the folder of its adapter; ModelError for a run that trained nothing."""
    from qantara.models.references import resolve
    from qantara.models.upcycle import upcycled

    recipe = checked(Recipe, read_json(run / RECIPE), str(run))
    adapter = run / ADAPTER
    if recipe.train is None or not adapter.is_dir():
        raise ModelError(f"{run}: the run has no trained adapter; finish its stage train")
    folder = resolve(recipe.train.model)
    if recipe.train.upcycle is not None:
        folder = upcycled(folder, recipe.train.upcycle.experts, recipe.train.upcycle.top_k, recipe.seed)
    return f"path:{folder}", adapter
