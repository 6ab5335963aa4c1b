"""`qantara audit PAIRS`: what can't be trusted in a bilingual data set, as files and a page."""

from pathlib import Path
from typing import Annotated

import typer


def audit(  # noqa: PLR0913 - one parameter an option
    pairs: Annotated[Path, typer.Argument(help="JSONL, CSV, TSV (also .gz), Parquet, or a `datasets` folder")],
    columns: Annotated[
        str, typer.Option(help="where a pair's parts are: id=ID,source.question=COLUMN,source.options=A|B|C,...")
    ] = "",
    source: Annotated[str, typer.Option(help="language code of the source")] = "en",
    target: Annotated[str, typer.Option(help="language code of the target")] = "ar",
    out: Annotated[
        Path, typer.Option(help="folder for findings.jsonl, summary.json, clean_ids.txt, index.html")
    ] = Path("audit"),
    split: Annotated[str, typer.Option(help="split of a `datasets` folder")] = "train",
    glossary: Annotated[Path | None, typer.Option(help="terms that must be kept to, TSV or TBX")] = None,
    encoder: Annotated[str, typer.Option(help="a sentence-transformers model instead of the embedded encoder")] = "",
    meaning: Annotated[bool, typer.Option(help="compare meanings by sentence vectors")] = True,
    self_test: Annotated[bool, typer.Option("--self-test", help="measure the rules on your own pairs")] = False,
    show: Annotated[int, typer.Option(min=0, help="pairs on the page, at most")] = 500,
    workers: Annotated[int, typer.Option(min=0, help="worker processes; 0: one a core")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="exit 1 if any pair fails")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Check every pair of a bilingual data set, and the set as a whole."""
    import json
    import os

    from rich.console import Console

    from qantara.audit.bar import LateBar
    from qantara.audit.settings import Choices, audit_config
    from qantara.audit.stage import audit as run_audit
    from qantara.audit.summary import bad_rows_line, table

    choices = Choices(
        columns=columns,
        split=split,
        glossary=glossary,
        encoder=encoder,
        meaning=meaning,
        self_test=self_test,
        shown=show,
        num_workers=workers or os.cpu_count() or 1,
    )
    config = audit_config(pairs, out, (source, target), choices)
    try:
        with LateBar(Console(stderr=True)) as bar:
            summary = run_audit(config, bar.start)
    except KeyboardInterrupt:
        typer.echo("qantara: interrupted; what an earlier audit left is still there", err=True)
        raise typer.Exit(130) from None
    if line := bad_rows_line(summary):
        typer.echo(f"qantara: {line}", err=True)
    typer.echo(
        json.dumps(summary, ensure_ascii=False)
        if as_json
        else "\n".join([*table(summary), "", str(out / "index.html")])
    )
    if strict and summary["verdicts"]["fail"]:
        raise typer.Exit(1)
