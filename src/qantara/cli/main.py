"""`qantara`: the commands put together, and the one place where an error becomes a line and an exit status.

Exit status: 0 done, 1 something the user can mend (one line on stderr), 2 wrong usage, 130 interrupted.
"""

import errno
import sys

import typer

from qantara.cli import (
    audit,
    calibrate,
    calls,
    cost,
    evaluate,
    harness,
    memory,
    models,
    review,
    run,
    sweep,
    synthesize,
    train,
    translate,
)
from qantara.errors import QantaraError

app = typer.Typer(
    name="qantara",
    help="Take a medical language model across a language barrier. Research software, not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the time
)
app.command("run")(run.run)
app.command("translate")(translate.translate)
app.command("synthesize")(synthesize.synthesize)
app.command("train")(train.train)
app.command("sweep")(sweep.sweep)
app.command("evaluate")(evaluate.evaluate)
app.command("lm-eval", context_settings=harness.SETTINGS)(harness.lm_eval)
app.command("cost")(cost.cost)
app.command("calibrate")(calibrate.calibrate)
app.command("audit")(audit.audit)
app.add_typer(review.app, name="review")
app.add_typer(memory.app, name="memory")
app.add_typer(models.app, name="models")
app.add_typer(calls.app, name="calls")


def main() -> None:
    """Run the command line."""
    try:
        app()
    except QantaraError as error:
        _stop(str(error), 1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _stop("no disk space left; make room and run the same command again", 1)


def _stop(message: str, status: int) -> None:
    sys.stderr.write(f"qantara: {message}\n")
    sys.exit(status)
