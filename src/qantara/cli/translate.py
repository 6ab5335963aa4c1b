"""`qantara translate FILE`: one file to another language, checked; what is answered is kept in the run folder."""

from pathlib import Path
from typing import Annotated

import typer


def translate(  # noqa: PLR0913 - one parameter an option
    file: Annotated[
        Path, typer.Argument(help='JSONL, CSV, TSV (also .gz) or Parquet, of records or of {"id", "text"}')
    ],
    run: Annotated[Path, typer.Option(help="the run folder; the same command goes on from what is in it")],
    to: Annotated[str, typer.Option(help="language code of the translation")] = "ar",
    source: Annotated[str, typer.Option("--from", help="language code of the file")] = "en",
    endpoint: Annotated[str, typer.Option(help="base URL of an OpenAI-compatible server, usually ending in /v1")] = "",
    model: Annotated[str, typer.Option(help="the translating model's name on that server")] = "",
    judge_model: Annotated[str, typer.Option(help="another model that lists errors; none: checks alone")] = "",
    judge_endpoint: Annotated[str, typer.Option(help="the judge's server, if it is another one")] = "",
    concurrency: Annotated[int, typer.Option(min=1, max=4096, help="calls in flight at most")] = 64,
    recipe: Annotated[Path | None, typer.Option(help="take the translate settings of this recipe instead")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="override a setting of the recipe: a.b=value (repeatable)")
    ] = None,
    columns: Annotated[str, typer.Option(help="where parts are: id=COLUMN,text=COLUMN,question=COLUMN,...")] = "",
    meaning: Annotated[bool, typer.Option(help="compare meanings by sentence vectors")] = True,
    budget_usd: Annotated[float | None, typer.Option(min=0, help="stop before this many dollars are passed")] = None,
    budget_tokens: Annotated[int | None, typer.Option(min=1, help="stop before this many tokens are passed")] = None,
    prices: Annotated[Path | None, typer.Option(help="price list, a YAML file; needed for --budget-usd")] = None,
) -> None:
    """Translate a file with checks, judge and repair; doubt goes to people (`qantara review`)."""
    from decimal import Decimal

    from rich.console import Console

    from qantara.file_translation import Options, open_translation, unanswered, write_translations
    from qantara.sources.detection import columns_of

    options = Options(
        direction=(source, to),
        recipe=recipe,
        endpoint=endpoint,
        model=model,
        judge_model=judge_model,
        judge_endpoint=judge_endpoint,
        concurrency=concurrency,
        columns=columns_of(columns),
        meaning=meaning,
        budget_usd=None if budget_usd is None else Decimal(str(budget_usd)),
        budget_tokens=budget_tokens,
        prices=prices,
        overrides=tuple(settings or ()),
    )
    console = Console(stderr=True)
    pipeline = open_translation(file, run, options, console)
    try:
        with pipeline.run_folder.locked():
            if lost := unanswered(pipeline):
                console.print(f"calls of {lost} records got no answer last time: they are asked again", highlight=False)
            ran = pipeline.run(again=["translate"] if lost else [])
            path, statuses = write_translations(pipeline)
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what is done is kept, the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    if not ran:
        console.print("nothing to do: every record is done with these settings, and no call was sent", highlight=False)
    told = ", ".join(f"{statuses[status]} {status}" for status in ("accepted", "waits", "rejected"))
    page = pipeline.run_folder.folder("report") / "index.html"
    console.print(f"{told}; report {page}", highlight=False, soft_wrap=True)
    typer.echo(str(path))
