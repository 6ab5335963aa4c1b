"""`qantara calls export`: a run's language-model calls as a file that the recorded backend can answer from."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The ledger of language-model calls.", no_args_is_help=True)


@app.command("export")
def export(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    file: Annotated[Path, typer.Argument(help="the JSONL file to write (.gz: compressed)")],
) -> None:
    """Write every answered call; `backend: recorded` with this file repeats the run without a model."""
    from qantara.ledger import open_ledger
    from qantara.llm.calls import CallLedger

    count = CallLedger(open_ledger(run / "ledger.sqlite")).export(file)
    typer.echo(f"{count} calls in {file}")
