"""`qantara lm-eval`: lm-eval's own command line in a process that knows the model `qantara`."""

import sys

import typer

# of typer: leave everything that follows to lm-eval
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def lm_eval(context: typer.Context) -> None:
    """Run lm-eval with what follows: `qantara lm-eval --model qantara --model_args pretrained=REF --tasks NAME`.

    Everything after the command's name, `--help` too, is lm-eval's.
    """
    from qantara.errors import ModelError

    try:
        from lm_eval.__main__ import cli_evaluate
    except ModuleNotFoundError as error:
        raise ModelError("lm-eval is not installed: pip install 'lm-eval[hf]'") from error
    import qantara.harness.lm_eval_model  # noqa: F401 - registers the model

    sys.argv = ["lm-eval", *context.args]  # its parser reads them there
    cli_evaluate()
