"""A model reference -> the configuration of its architecture, before any weights are there.

Reads config.json of a folder or of the cache; else `known_architectures.json`; else the hub's config.json alone. Loads no weights.
The table was written from memory. Compared since: SmolLM2 with its real config.json, Mixtral-8x7B and Qwen1.5-MoE with the
defaults of their classes in transformers, documented as theirs; the others' sums of parameters agree with published sizes only.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from transformers import AutoConfig, LlamaConfig, PreTrainedConfig

from qantara.errors import ModelError
from qantara.models.references import ModelReference, cached, parse
from qantara.models.upcycle import mixture_config


def architecture(reference: str, upcycle: tuple[int, int] | None = None) -> PreTrainedConfig:
    """Return a model's configuration; with `upcycle` (experts, top_k) that of the mixture which is made of it.

    Raises ModelError for what can't be read or found, and for a model that can't be upcycled.
    """
    dense = _dense(reference)
    if upcycle is None:
        return dense
    if not isinstance(dense, LlamaConfig) or dense.attention_bias or dense.mlp_bias:
        raise ModelError(
            f"model {reference}: only the Llama layout without biases can be upcycled, not {dense.model_type}"
        )
    return mixture_config(dense, *upcycle)


def known_architectures() -> list[dict[str, Any]]:
    """Return the shipped table: references, source, published numbers of parameters, and the configuration."""
    text = resources.files("qantara.models").joinpath("known_architectures.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def _dense(reference: str) -> PreTrainedConfig:
    parsed = parse(reference)
    if folder := cached(reference):
        return _read(folder, reference)
    unrevised = reference.partition("@")[0] if parsed.kind == "hf" else reference
    for row in known_architectures():
        if unrevised in row["references"]:
            return _of_table(row["config"])
    if parsed.kind == "hf":
        return _read(_from_hub(parsed, reference), reference)
    raise ModelError(
        f"model {reference}: its config.json isn't here; fetch it first (qantara models fetch {reference})"
    )


def _of_table(config: dict[str, Any]) -> PreTrainedConfig:
    fields = dict(config)
    made: PreTrainedConfig = AutoConfig.for_model(fields.pop("model_type"), **fields)
    return made


def _read(folder: Path, reference: str) -> PreTrainedConfig:
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"model {reference}: {folder / 'config.json'} is of no known architecture: {reason}"
        ) from error
    return config


def _from_hub(parsed: ModelReference, reference: str) -> Path:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - a fifth of a second, for this case alone
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(hf_hub_download(parsed.name, "config.json", revision=parsed.revision or None)).parent
    except LocalEntryNotFoundError as error:
        raise ModelError(f"model {reference}: its config.json isn't here and the hub can't be reached") from error
    except HfHubHTTPError as error:
        raise ModelError(
            f"model {reference}: the hub gave no config.json; check the name, or log in (hf auth login)"
        ) from error
