"""`qantara review export|import`: translations out to people, decisions back in."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Hand doubted translations to people and take their decisions back.", no_args_is_help=True)


@app.command("export")
def export(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    form: Annotated[Literal["csv", "jsonl", "xlsx"], typer.Option("--format", help="kind of table")] = "xlsx",
    out: Annotated[Path | None, typer.Option(help="the file; default RUN/review/queue.FORMAT")] = None,
) -> None:
    """Write what people should decide on: one row a field, with columns for action, error, edited text, reviewer and reason."""
    from qantara.review.run_folder import export_run

    path = out or run / "review" / f"queue.{form}"
    count = export_run(run, path.with_suffix(f".{form}"))
    typer.echo(f"{count} records in {path.with_suffix(f'.{form}')}")


@app.command("import")
def import_(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    file: Annotated[Path, typer.Argument(help="the filled-in table (csv, jsonl or xlsx)")],
) -> None:
    """Take decisions into the run's ledger; run the recipe again to have them take effect."""
    from qantara.review.run_folder import import_run

    added, read = import_run(run, file)
    typer.echo(f"{read} decisions read, {added} of them new; run the recipe again to apply them")
