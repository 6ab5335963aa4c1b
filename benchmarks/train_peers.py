"""One arm of `train.py`, run in the peers' environment: TRL's SFTTrainer with PEFT adapters on experts, router and attention.

    PEERS/bin/python benchmarks/train_peers.py SETTINGS.json

Reads settings and token rows from one JSON file, prints one JSON line: seconds of every step in wall and processor time, losses,
peak memory, what trained, versions. Imports nothing of ours: the peer is used as its users use it, but for gradient
checkpointing, which is off as it is with us.
"""

import json
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, TrainerCallback
from trl import SFTConfig, SFTTrainer

VERSIONS = ("trl", "peft", "transformers", "torch", "bitsandbytes")
IGNORED = -100


class Clock(TrainerCallback):  # type: ignore[misc]  # untyped in this environment
    """Notes the wall and processor time of every step, and its loss."""

    def __init__(self) -> None:
        self.began = (0.0, 0.0)
        self.steps: list[tuple[float, float]] = []
        self.losses: list[float] = []

    def on_step_begin(self, *_: object, **__: object) -> None:
        """Start the step."""
        self.began = (time.perf_counter(), time.process_time())

    def on_step_end(self, *_: object, **__: object) -> None:
        """End the step."""
        self.steps.append((time.perf_counter() - self.began[0], time.process_time() - self.began[1]))

    def on_log(self, *_: object, logs: dict[str, float], **__: object) -> None:
        """Keep the loss."""
        if "loss" in logs:
            self.losses.append(logs["loss"])


def loaded(settings: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the model as a user would load it: plain, or with the stock 4-bit configuration."""
    compute = getattr(torch, settings["dtype"])
    quantization = None
    if settings["quantization"] == "nf4":
        quantization = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute,
        )
    return AutoModelForCausalLM.from_pretrained(
        settings["model"], dtype=compute, quantization_config=quantization, device_map={"": "cpu"}
    )


def trainer(settings: dict[str, Any], clock: Clock, folder: str) -> Any:  # noqa: ANN401
    """Return a trainer whose every step sees the rows of one batch, in order."""
    rows = [row for batch in settings["batches"] for row in batch]
    labels = [
        [token if learnt else IGNORED for token, learnt in zip(row["input_ids"], row["loss_mask"], strict=True)]
        for row in rows
    ]
    data = Dataset.from_dict({"input_ids": [row["input_ids"] for row in rows], "labels": labels})
    config = SFTConfig(
        output_dir=folder,
        max_steps=len(settings["batches"]),
        per_device_train_batch_size=len(settings["batches"][0]),
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="constant",
        router_aux_loss_coef=settings["router_aux_loss_coefficient"],
        bf16=settings["dtype"] == "bfloat16",
        gradient_checkpointing=False,
        train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
    )
    lora = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj", "mlp.gate.weight"],
    )
    return SFTTrainer(model=loaded(settings), args=config, train_dataset=data, peft_config=lora, callbacks=[clock])


def trained(model: Any) -> dict[str, int]:  # noqa: ANN401
    """Return how many tensors have moved from zero, of those that start there, by part of the model."""
    counts: dict[str, int] = {}
    for name, tensor in model.named_parameters():
        if tensor.requires_grad and "lora_B" in name:
            part = "attention" if "self_attn" in name else "experts" if "experts" in name else "router"
            counts[part] = counts.get(part, 0) + bool(tensor.detach().abs().max() > 0)
    return counts


def main() -> None:
    """Train, measure, print."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(settings["threads"])
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(settings, clock, folder)
        run.train()
    result = {
        "steps": clock.steps,
        "losses": clock.losses,
        "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "moved": trained(run.model),
        "versions": {name: version(name) for name in VERSIONS},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
