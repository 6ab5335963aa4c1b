"""`qantara run RECIPE`: the whole chain, or one stage of it."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    recipe: Annotated[Path, typer.Argument(help="the recipe, a YAML file")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="override a setting: a.b=value (repeatable)")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--run", help="the run folder; default runs/NAME")] = None,
    only: Annotated[str | None, typer.Option(help="repeat this stage alone")] = None,
    start: Annotated[str | None, typer.Option("--from", help="repeat this stage and all after it")] = None,
) -> None:
    """Run a recipe; what is done already is not repeated."""
    import time

    from rich.console import Console

    from qantara.pipeline import open_pipeline
    from qantara.run_recipe import check_stage

    began = time.monotonic()
    console = Console(stderr=True)
    pipeline = open_pipeline(recipe, settings or [], folder, console)
    for stage in (only, start):
        if stage is not None:
            check_stage(pipeline.recipe, recipe, stage)
    stages = pipeline.recipe.stages()
    again = [only] if only else list(stages[stages.index(start) :]) if start else []
    try:
        with pipeline.run_folder.locked():
            ran = pipeline.run(again, only)
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what is done is kept, the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    seconds = time.monotonic() - began
    done = f"ran {', '.join(ran)}" if ran else "nothing to do: every stage is done with these settings and inputs"
    console.print(f"{done} ({seconds:.1f} s)", highlight=False)
    page = pipeline.run_folder.folder("report") / "index.html"
    typer.echo(str(page if page.exists() else pipeline.run_folder.path))
