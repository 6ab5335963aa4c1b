"""`qantara train RECIPE`: a recipe up to its adapter, in one process or several (torchrun); `--plan`: what that needs."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="the recipe, a YAML file with mix and train")],
    plan: Annotated[
        bool, typer.Option("--plan", help="say what training needs and whether it fits; load nothing")
    ] = False,
    card: Annotated[str, typer.Option(help="for --plan: the card, for instance h100, a6000, rtx4090")] = "h100",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="override a setting: a.b=value (repeatable)")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--run", help="the run folder; default runs/NAME")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for --plan: print JSON")] = False,
) -> None:
    """Run a recipe up to the trained adapter; what is done already is not repeated."""
    import os
    import time

    from rich.console import Console

    from qantara.pipeline import open_pipeline
    from qantara.run_recipe import check_stage

    if plan:
        _plan(recipe, settings or [], card, as_json=as_json)
        return
    began = time.monotonic()
    is_first = os.environ.get("RANK", "0") == "0"  # of torchrun's processes, which do the same
    console = Console(stderr=True, quiet=not is_first)
    pipeline = open_pipeline(recipe, settings or [], folder, console)
    check_stage(pipeline.recipe, recipe, "train")
    try:
        ran = pipeline.train()
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what is done is kept, the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    done = f"ran {', '.join(ran)}" if ran else "nothing to do: the adapter is trained with these settings and inputs"
    console.print(f"{done} ({time.monotonic() - began:.1f} s)", highlight=False)
    if is_first:
        typer.echo(str(pipeline.run_folder.folder("train") / "adapter"))


def _plan(recipe_path: Path, settings: list[str], card: str, *, as_json: bool) -> None:
    import json

    from qantara.recipe import load
    from qantara.run_recipe import Recipe, check_stage
    from qantara.train.planning import as_json as values_of
    from qantara.train.planning import plan_lines, plan_training

    recipe = load(recipe_path, Recipe, settings)
    check_stage(recipe, recipe_path, "train")
    stages = {"train": (recipe.train, recipe.mix)}
    if recipe.pretrain is not None:
        stages = {"pretrain": (recipe.pretraining(), recipe.pretrain.mix), **stages}
    found = {}
    for stage, (config, mix) in stages.items():
        if config is not None and mix is not None:
            found[stage] = plan_training(config, mix.budget_tokens, card)
    if as_json:
        typer.echo(json.dumps({stage: values_of(plan) for stage, plan in found.items()}, indent=2))
        return
    for stage, plan in found.items():
        typer.echo(f"{recipe.name}: {stage}")
        for line in plan_lines(plan):
            typer.echo(f"  {line}")
