"""`qantara calls`: a run's language-model calls as a file that the recorded backend can answer from, and refusals forgotten."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The ledger of language-model calls.", no_args_is_help=True)


class Outcome(StrEnum):
    """What a server can turn a request down for; both are remembered, so that it is not asked again."""

    BAD_REQUEST = "bad_request"
    CONTEXT_OVERFLOW = "context_overflow"


@app.command("export")
def export(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    file: Annotated[Path, typer.Argument(help="the JSONL file to write (.gz: compressed)")],
) -> None:
    """Write every answered call; `backend: recorded` with this file repeats the run without a model."""
    from qantara.run_costs import ledger_of

    with ledger_of(run) as ledger:
        count = ledger.export(file)
    typer.echo(f"{count} calls in {file}")


@app.command("forget")
def forget(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    outcome: Annotated[Outcome, typer.Option(help="which refusals")] = Outcome.BAD_REQUEST,
) -> None:
    """Forget requests that the server turned down, after model or settings were mended there: the next run asks them again."""
    from qantara.run_costs import ledger_of

    with ledger_of(run) as ledger:
        count = ledger.forget(outcome.value)
    typer.echo(f"{count} calls forgotten; run the recipe with --from and the stage that asked them")
