"""`qantara sweep RECIPE`: the same training at each language ratio, seed and learning rate, and what differs by more than noise."""

from pathlib import Path
from typing import Annotated

import typer


def sweep(
    recipe: Annotated[Path, typer.Argument(help="a recipe with `sweep`, a YAML file")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="override a setting: a.b=value (repeatable)")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--run", help="the run folder; default runs/NAME")] = None,
) -> None:
    """Train and evaluate every arm at the same token budget; arms that are done are not repeated."""
    from rich.console import Console

    from qantara.sweep.run import PAGE, open_sweep

    opened = open_sweep(recipe, settings or [], folder, Console(stderr=True))
    try:
        with opened.run_folder.locked():
            outcome = opened.run()
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what is done is kept, the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    for sentence in outcome.sentences:
        typer.echo(sentence, err=True)
    typer.echo(str(outcome.folder / PAGE))
    if outcome.failed:
        raise typer.Exit(1)
