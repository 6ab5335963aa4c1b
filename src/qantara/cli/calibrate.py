"""`qantara calibrate RUN`: what the scores of a run are worth, by what people decided, and the threshold that follows."""

from pathlib import Path
from typing import Annotated

import typer


def calibrate(
    run: Annotated[Path, typer.Argument(help="a run folder whose translations people have decided on")],
    error_rate: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="largest share of accepted records with a major error, 0..1")
    ] = 0.02,
    confidence: Annotated[
        float, typer.Option(min=0.5, max=0.9999, help="confidence of the bound and of the intervals, 0..1")
    ] = 0.95,
    out: Annotated[Path | None, typer.Option(help="the file; default RUN/calibration.json")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print all of it as JSON")] = False,
) -> None:
    """Compare scores with people's decisions; write the threshold that keeps accepted records to an error rate."""
    import json
    from dataclasses import asdict
    from datetime import UTC, datetime

    from rich.console import Console

    from qantara.review.calibration import Aim, make_items
    from qantara.review.calibration import calibrate as find
    from qantara.review.calibration_table import notes, table
    from qantara.review.run_folder import open_run
    from qantara.translator.calibration import CALIBRATION, write_calibration

    opened = open_run(run)
    policy, today = opened.policy(), datetime.now(UTC).date().isoformat()
    with Console(stderr=True).status("reading translations and decisions"):
        items, num_left_out = make_items(opened.translations(), opened.decisions())
        report = find(items, num_left_out, Aim(error_rate=error_rate, confidence=confidence), policy, today)
    path = out or run / CALIBRATION
    write_calibration(path, report.calibration)
    told = asdict(report) | {"notes": notes(report)}
    typer.echo(json.dumps(told) if as_json else "\n".join([*table(report), "", str(path)]))
