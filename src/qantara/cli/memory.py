"""`qantara memory export|terms`: what a run accepted as a translation memory, and glossaries from one format to the other."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Translation memory (TMX) and glossary (TSV, TBX).", no_args_is_help=True)


@app.command("export")
def export(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    file: Annotated[Path, typer.Argument(help="the TMX file to write")],
) -> None:
    """Write every field that was accepted, by checks or by people, for later runs and other tools."""
    from qantara.review.memory import export_memory

    written, left_out = export_memory(run, file)
    if left_out:
        typer.echo(
            f"qantara: {left_out} entries left out: they have control characters, which XML can't hold", err=True
        )
    typer.echo(f"{written} entries in {file}")


@app.command("terms")
def terms(
    source_file: Annotated[Path, typer.Argument(metavar="IN", help="a glossary, TSV or TBX")],
    target_file: Annotated[Path, typer.Argument(metavar="OUT", help="the file to write, .tsv or .tbx")],
    source: Annotated[str, typer.Option(help="language code of the source terms")] = "en",
    target: Annotated[str, typer.Option(help="language code of the target terms")] = "ar",
    edition: Annotated[
        Literal["2008", "2019"], typer.Option(help="edition of TBX (ISO 30042); OmegaT and Weblate read 2008")
    ] = "2019",
) -> None:
    """Write a glossary in the other format: source terms, each with the target terms that are accepted for it."""
    from qantara.fidelity.glossary_files import read_glossary, write_glossary
    from qantara.languages import language

    direction = (language(source).code, language(target).code)
    glossary = read_glossary(source_file, *direction)
    write_glossary(target_file, glossary, direction, edition)
    typer.echo(f"{len(glossary.accepted)} terms in {target_file}")
