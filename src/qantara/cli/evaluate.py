"""`qantara evaluate MODEL`: the language gap of a model on paired items, with what it is made of and how sure it is."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(  # noqa: PLR0913 - one parameter an option
    model: Annotated[
        str, typer.Argument(help="hf:, path: or pypi: reference, or a run folder; with --endpoint a name there")
    ] = "",
    tasks: Annotated[str, typer.Option(help="names (--list) or files of items, joined by commas")] = "",
    arms: Annotated[str, typer.Option(help="conditions: en,ar,ar-latin,ar-digits,ar-en,translated,...")] = "en,ar",
    scoring: Annotated[str, typer.Option(help="letter, text, generate, joined by commas")] = "letter",
    shots: Annotated[int, typer.Option(min=0, help="worked examples before each question")] = 0,
    limit: Annotated[int, typer.Option(min=0, help="items a task at most, the same random ones; 0: all")] = 0,
    out: Annotated[Path, typer.Option(help="folder of the results; the same command goes on in it")] = Path(
        "evaluation"
    ),
    adapter: Annotated[Path | None, typer.Option(help="folder of an adapter of `qantara train`")] = None,
    primary: Annotated[str, typer.Option(help="the way of scoring that counts, as letter:sum; default the first")] = "",
    chat: Annotated[bool, typer.Option(help="ask through the model's chat template, thinking off")] = False,
    hide_options: Annotated[bool, typer.Option("--hide-options", help="options are scored, not listed")] = False,
    delimiter: Annotated[str, typer.Option(help="what stands between the cue and the answer in a plain prompt")] = " ",
    permutations: Annotated[bool, typer.Option("--permutations", help="letters over all cyclic option orders")] = False,
    pmi: Annotated[bool, typer.Option("--pmi", help="texts also less their likelihood without the question")] = False,
    data: Annotated[Path | None, typer.Option(help="folder with your copies of data sets")] = None,
    columns: Annotated[str, typer.Option(help="where a file's parts are: id=ID,source.question=COLUMN,...")] = "",
    clean: Annotated[Path | None, typer.Option(help="folder of `qantara audit`, or a file of ids")] = None,
    compare: Annotated[Path | None, typer.Option(help="another run's folder to compare with item by item")] = None,
    source: Annotated[str, typer.Option("--from", help="language code of the source")] = "en",
    target: Annotated[str, typer.Option("--to", help="language code of the target")] = "ar",
    translator: Annotated[str, typer.Option(help="for translating arms: reference, recipe, or a name there")] = "",
    translator_endpoint: Annotated[str, typer.Option(help="base URL of the translator's server")] = "",
    endpoint: Annotated[str, typer.Option(help="base URL of the model's server, usually ending in /v1")] = "",
    interface: Annotated[str, typer.Option(help="a server's likelihoods: completions or chat")] = "completions",
    concurrency: Annotated[int, typer.Option(min=1, max=4096, help="calls in flight at most")] = 64,
    batch_size: Annotated[int, typer.Option(min=1, max=1024, help="questions a forward")] = 8,
    max_reply_tokens: Annotated[int, typer.Option(min=1, help="longest generated reply")] = 256,
    dtype: Annotated[str, typer.Option(help="auto, bfloat16 or float32")] = "auto",
    quantization: Annotated[str, typer.Option(help="none or nf4")] = "none",
    margin: Annotated[float, typer.Option(help="largest gap that still is parity, in points")] = 2.0,
    prices: Annotated[Path | None, typer.Option(help="price list, a YAML file")] = None,
    ledger: Annotated[str, typer.Option(help="database URL; default ledger.sqlite in the folder")] = "",
    show_prompt: Annotated[bool, typer.Option("--show-prompt", help="print item 0's prompts and stop")] = False,
    list_tasks: Annotated[bool, typer.Option("--list", help="print the known tasks and stop")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print scores.json")] = False,
) -> None:
    """Measure a model on the same items in two languages."""
    import json

    from rich.console import Console

    from qantara.evaluate.settings import EvaluationConfig
    from qantara.evaluation.options import COMMAND, ModelOptions, Options
    from qantara.evaluation.run import evaluate_model, show_prompts
    from qantara.evaluation.run_model import is_run, model_of_run
    from qantara.evaluation.showing import score_lines, task_lines
    from qantara.recipe import checked
    from qantara.sources.benchmarks.catalog import list_tasks as known_tasks

    if list_tasks:
        typer.echo("\n".join(task_lines(known_tasks())))
        return
    if not model or not tasks:
        raise typer.BadParameter("give a MODEL and --tasks, or --list")
    config = checked(
        EvaluationConfig,
        {
            "direction": (source, target),
            "arms": _parts(arms),
            "scoring": _parts(scoring),
            "shots": shots,
            "limit": limit or None,
            "chat": chat,
            "options_shown": not hide_options,
            "delimiter": delimiter,
            "permutations": permutations,
            "pmi": pmi,
            "primary": primary or None,
            "batch_size": batch_size,
            "max_reply_tokens": max_reply_tokens,
            "equivalence_margin": margin / 100,
        },
        COMMAND,
    )
    trained = model_of_run(Path(model)) if not endpoint and is_run(model) else None
    named = {
        "name": trained[0] if trained else model,
        "shown_as": model if trained else "",
        "adapter": adapter or (trained[1] if trained else None),
        "dtype": dtype,
        "quantization": quantization,
        "endpoint": endpoint,
        "interface": interface,
        "concurrency": concurrency,
    }
    options = Options(
        model=checked(ModelOptions, named, COMMAND),
        tasks=_parts(tasks),
        config=config,
        out=out,
        data=data,
        columns=columns,
        clean=clean,
        compare=compare,
        translator=translator,
        translator_endpoint=translator_endpoint,
        prices=prices,
        ledger=ledger or None,
    )
    console = Console(stderr=True)
    if show_prompt:
        typer.echo("\n".join(show_prompts(options, console)))
        return
    try:
        scores = evaluate_model(options, console)
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what is scored is kept, the same command goes on from there", err=True)
        raise typer.Exit(130) from None
    typer.echo(
        json.dumps(scores, ensure_ascii=False)
        if as_json
        else "\n".join([*score_lines(scores), "", str(out / "index.html")])
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
