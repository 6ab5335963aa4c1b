"""GGUF to a Hugging Face folder, once: bf16 safetensors, configuration, tokenizer with its chat template.

Reads one GGUF file, writes one folder that the caller owns and names when it is whole. Weights are dequantized while loading:
transformers would keep them packed otherwise, and a packed model can't be saved.
"""

import struct
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from qantara.errors import ModelError

# What a damaged, cut off or foreign file makes the readers raise; anything else is a bug and rises.
UNREADABLE = (ValueError, KeyError, IndexError, OSError, struct.error)


def convert_gguf(gguf: Path, out: Path) -> None:
    """Write the model of a GGUF file into the folder `out` in bf16; raise ModelError for a file that can't be read as a model."""
    folder, name = str(gguf.parent), gguf.name
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=name, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    except UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{name} can't be read as a GGUF model ({reason[:200]}): fetch it again or take another"
        ) from error
    model.config._name_or_path = ""
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
