"""`qantara synthesize FILE`: dialogues between patient and doctor from items; what is answered is never paid twice."""

from pathlib import Path
from typing import Annotated

import typer


def synthesize(  # noqa: PLR0913 - one parameter an option
    run: Annotated[Path, typer.Option(help="the run folder; the same command goes on from what is in it")],
    file: Annotated[
        Path | None, typer.Argument(help="items: JSONL, CSV, TSV (also .gz) or Parquet; none: the recipe's sources")
    ] = None,
    source: Annotated[str, typer.Option("--from", help="language code of the items (a recipe says its own)")] = "en",
    to: Annotated[str, typer.Option(help="the other language of a switch (a recipe says its own)")] = "ar",
    endpoint: Annotated[str, typer.Option(help="base URL of an OpenAI-compatible server, usually ending in /v1")] = "",
    model: Annotated[str, typer.Option(help="the writing model's name on that server")] = "",
    judge_model: Annotated[str, typer.Option(help="another model that judges the advice; none: checks alone")] = "",
    recipe: Annotated[Path | None, typer.Option(help="a recipe with `synthesize`, instead of an endpoint")] = None,
    forms: Annotated[str, typer.Option(help="forms in equal shares: language codes and switch; en,ar,switch")] = "",
    columns: Annotated[str, typer.Option(help="where parts are: id=COLUMN,question=COLUMN,options=COLUMN,...")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="override a setting of the recipe: a.b=value (repeatable)")
    ] = None,
) -> None:
    """Make dialogues from items with checks; every one that is not kept has a reason."""
    from rich.console import Console

    from qantara.sources.detection import columns_of
    from qantara.synthesis import Options, Synthesis, synthesis_recipe

    options = Options(
        recipe=recipe,
        direction=(source, to),
        endpoint=endpoint,
        model=model,
        judge_model=judge_model,
        forms=tuple(name.strip() for name in forms.split(",") if name.strip()),
        columns=columns_of(columns),
        overrides=tuple(settings or ()),
    )
    resolved = synthesis_recipe(file, options)
    synthesis = Synthesis(resolved, recipe.parent if recipe else Path.cwd(), run, Console(stderr=True))
    try:
        with synthesis.run_folder.locked():
            path = synthesis.run()
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what is done is kept, the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    typer.echo(str(path))
