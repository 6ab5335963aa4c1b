"""A tiny model with a tokenizer that merges across words, documents with every kind of join, and lm-eval's own command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from qantara.harness.lm_eval_tasks import Document, export_tasks

ALPHABET = pre_tokenizers.ByteLevel.alphabet()
DOCUMENTS = (
    Document("letters", "Which vitamin clots?\nAnswer:", (" A", " B", " K"), 2),
    Document("common beginning", "Which organ?\nAnswer:", (" the liver", " the kidney", " the"), 1),
    Document("arabic", "أي عضو؟\nالإجابة:", (" الكبد", " الكلية"), 0),
    Document("space before", "Which organ?\nAnswer: ", ("liver", "kidney"), 0),
    Document("newline before", "Which organ?\nAnswer:\n", ("liver", "kidney"), 1),
    Document("merged join", "Which vitamin clots?\nAnswer:", ("A", "K"), 1),
    Document("long", "The dose is 10 mg. " * 8 + "Answer:", (" 10", " 11", " 12", " 13"), 3),
)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random two-layer Llama whose tokenizer has ":A" as one token, and ":K" as two."""
    folder = tmp_path_factory.mktemp("tiny")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(" ", "merged_with_next"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=ALPHABET)
    bpe.train_from_iterator([":A liver the kidney"] * 9, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        initializer_range=0.3,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def run_offline():
    """Return a function that runs a Python command without a network and returns what it printed."""

    def run(*arguments: str) -> str:
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=environment, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def stock_run(tiny_folder: Path, run_offline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of samples and results that stock lm-eval wrote of the exported documents, from another working folder."""
    folder = tmp_path_factory.mktemp("stock")
    export_tasks(folder / "made" / "tasks", "qantara_tiny", DOCUMENTS)
    (folder / "made").rename(folder / "moved")
    model = ["--model", "hf", "--model_args", f"pretrained={tiny_folder},dtype=float32", "--device", "cpu"]
    tasks = ["--include_path", str(folder / "moved" / "tasks"), "--tasks", "qantara"]
    run_offline("-m", "lm_eval", *model, *tasks, "--output_path", str(folder / "out"), "--log_samples")
    return next((folder / "out").iterdir())
