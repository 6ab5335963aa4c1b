"""Tiny mixtures of experts in every layout; a tiny real GGUF file (Llama layout, byte-level tokenizer), whole and as wheels.

And a tokenizer of single letters that merges some pairs.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from peft import PeftModel
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model

HIDDEN, LAYERS, HEADS, KV_HEADS, MLP = 32, 2, 4, 2, 64
WriteWheel = Callable[..., Path]
MIXTURE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_experts_per_tok": 2,
    "vocab_size": 64,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
OF_LAYOUT = {
    "mixtral": {"num_local_experts": 4},
    "qwen2_moe": {"num_experts": 4, "moe_intermediate_size": 96, "shared_expert_intermediate_size": 128},
    "qwen3_moe": {"num_experts": 4, "moe_intermediate_size": 96, "head_dim": 16},
    "olmoe": {"num_experts": 4},
}


@pytest.fixture(scope="session")
def letter_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of fewer than 400 tokens: ASCII and Arabic letters, but "ab" and ":A" are one token each."""
    letters = [chr(i) for i in (*range(32, 127), *range(0x600, 0x6FF))]
    ids = {token: i for i, token in enumerate([*letters, "[UNK]", "ab", ":A"])}
    raw = Tokenizer(models.BPE(vocab=ids, merges=[("a", "b"), (":", "A")], unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Split(pattern="\n", behavior="isolated")
    return PreTrainedTokenizerFast(tokenizer_object=raw)


@pytest.fixture(scope="session")
def mixture_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder by `model_type` of each layout: a random two-layer model with 4 experts, in fp32, named as on the hub.

    In the Qwen layouts a row of the down projection (96) ends within a block of NF4 (64).
    """
    folders = {}
    for model_type, sizes in OF_LAYOUT.items():
        torch.manual_seed(0)
        folders[model_type] = tmp_path_factory.mktemp(model_type)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **MIXTURE, **sizes))
        model.save_pretrained(folders[model_type])
    return folders


@pytest.fixture(scope="session")
def dense_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder by `model_type` of random two-layer dense models in fp32; embeddings and head of all but Llama are tied."""
    sizes = {name: value for name, value in MIXTURE.items() if name != "num_experts_per_tok"}
    folders = {}
    for model_type, tied in (("llama", False), ("qwen2", True), ("gemma3_text", True)):
        torch.manual_seed(0)
        folders[model_type] = tmp_path_factory.mktemp(model_type)
        config = AutoConfig.for_model(model_type, **sizes, head_dim=16, tie_word_embeddings=tied)
        AutoModelForCausalLM.from_config(config).save_pretrained(folders[model_type])
    return folders


@pytest.fixture(scope="session")
def save_moved_adapter() -> Callable[..., PeftModel]:
    """Return a function that adapts a folder's model, moves every adapter tensor as training would, and saves the adapter."""

    def make(
        folder: Path, out: Path, quantization: str = "none", dtype: str = "float32", **settings: object
    ) -> PeftModel:
        base = load_model(folder, quantization=quantization, dtype=dtype)
        model = attach(base, AdapterConfig(**({"rank": 8, "alpha": 8} | settings)))
        torch.manual_seed(3)
        with torch.no_grad():
            for tensor in model.parameters():
                if tensor.requires_grad:
                    tensor += torch.randn_like(tensor) * 0.05
        save_adapter(model, out)
        return model.eval()

    return make


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a GGUF file of a random two-layer Llama with a vocabulary of bytes."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tokens = ["<|pad|>", "<s>", "</s>", *sorted(ByteLevel.alphabet()), "ab", "cd"]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(MLP)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(["a b", "c d"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
    random = np.random.default_rng(0)
    for name, shape in _shapes(len(tokens)).items():
        values = np.ones(shape) if "norm" in name else random.normal(0.0, 0.1, shape)
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (vocabulary, HIDDEN), "output_norm.weight": (HIDDEN,)}
    narrow = HIDDEN // HEADS * KV_HEADS
    for layer in range(LAYERS):
        of_layer = {
            "attn_norm": (HIDDEN,),
            "ffn_norm": (HIDDEN,),
            "attn_q": (HIDDEN, HIDDEN),
            "attn_k": (narrow, HIDDEN),
            "attn_v": (narrow, HIDDEN),
            "attn_output": (HIDDEN, HIDDEN),
            "ffn_gate": (MLP, HIDDEN),
            "ffn_up": (MLP, HIDDEN),
            "ffn_down": (HIDDEN, MLP),
        }
        shapes |= {f"blk.{layer}.{name}.weight": shape for name, shape in of_layer.items()}
    return shapes


@pytest.fixture
def write_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteWheel:
    """Return a function that puts a wheel into a folder, the only index that pip sees during the test."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("QANTARA_CACHE", str(tmp_path / "cache"))

    def write(name: str, files: dict[str, bytes], requires: tuple[str, ...] = (), version: str = "1.0") -> Path:
        module = name.replace("-", "_")
        path = index / f"{module}-{version}-py3-none-any.whl"
        info = f"{module}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in files.items():
                archive.writestr(f"{module}/{file}", content)
            archive.writestr(f"{info}/METADATA", metadata)
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return path

    return write
