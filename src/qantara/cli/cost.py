"""`qantara cost RUN`: what a run's language-model calls took, in tokens and money."""

from pathlib import Path
from typing import Annotated

import typer


def cost(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    prices: Annotated[Path | None, typer.Option(help="price list, a YAML file; default: the recipe's")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Tell tokens and money by model, stage and round; what has no price is unpriced, not free."""
    import json

    from qantara.run_costs import as_table, costs_of

    costs = costs_of(run, prices)
    typer.echo(json.dumps(costs.as_json(), ensure_ascii=False, indent=2) if as_json else as_table(costs))
