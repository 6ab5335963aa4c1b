import os
import pickle
import signal
import subprocess
import sys
import textwrap

import pytest
import torch
from pydantic import ValidationError

from qantara.errors import DataError
from qantara.models.adapters import load_adapter
from qantara.models.loading import load_model
from qantara.train.stage import TrainConfig, UpcycleConfig, train


def run_to_end(generator):
    points = []
    while True:
        try:
            points.append(next(generator))
        except StopIteration as end:
            return points, end.value


def test_a_mixture_trains_and_every_adapter_moves(samples, mixture_folder, config, tmp_path):
    longer = config.model_copy(update={"max_steps": 20})
    points, summary = run_to_end(train(samples, mixture_folder, longer, tmp_path, seed=1))
    assert summary["audit"] == {
        "attention": {"tensors": 16, "moved": 16},
        "experts": {"tensors": 8, "moved": 8},
        "router": {"tensors": 4, "moved": 4},
    }
    assert summary["expert_bytes"] <= 0.30 * summary["expert_bytes_in_bf16"]
    held_out = [p.loss for p in points if p.fold == "validation" and p.language == "all"]
    trained = [p.loss for p in points if p.fold == "train" and p.language == "all"]
    assert len(trained) == 20
    assert held_out[-1] < held_out[0]
    assert trained[-1] < trained[0] - 0.2
    assert summary["steps"] == 20
    assert set(summary["learnt_tokens_by_language"]) == {"ar", "en"}
    reloaded = load_adapter(load_model(mixture_folder, quantization="nf4", dtype="float32"), tmp_path / "adapter")
    assert not any(tensor.requires_grad for tensor in reloaded.parameters())


def test_a_dense_model_gets_adapters_on_attention_and_mlp(samples, dense_folder, config, tmp_path):
    points, summary = run_to_end(train(samples, dense_folder, config, tmp_path, seed=1))
    assert summary["audit"] == {"attention": {"tensors": 16, "moved": 16}, "mlp": {"tensors": 12, "moved": 12}}
    assert {(p.step, p.fold) for p in points if p.fold == "validation"} == {
        (0, "validation"),
        (3, "validation"),
        (6, "validation"),
    }


def test_losses_carry_both_languages_and_all(samples, dense_folder, config, tmp_path):
    points, _ = run_to_end(train(samples, dense_folder, config, tmp_path, seed=1))
    last = {p.language: p for p in points if p.step == 6 and p.fold == "train"}
    assert set(last) == {"ar", "en", "all"}
    assert last["all"].num_tokens == last["ar"].num_tokens + last["en"].num_tokens


def test_gradient_checkpointing_changes_no_loss(samples, mixture_folder, config, tmp_path):
    plain, _ = run_to_end(train(samples, mixture_folder, config, tmp_path / "a", seed=1))
    saving = config.model_copy(update={"gradient_checkpointing": True})
    frugal, _ = run_to_end(train(samples, mixture_folder, saving, tmp_path / "b", seed=1))
    assert [p.loss for p in frugal] == pytest.approx([p.loss for p in plain], abs=1e-5)


def test_a_stopped_run_goes_on_with_the_same_losses(samples, mixture_folder, config, tmp_path):
    whole, _ = run_to_end(train(samples, mixture_folder, config, tmp_path / "whole", seed=1))
    stopped = train(samples, mixture_folder, config, tmp_path / "stopped", seed=1)
    for point in stopped:
        if point.step == 5:
            break
    stopped.close()
    again, summary = run_to_end(train(samples, mixture_folder, config, tmp_path / "stopped", seed=1))
    assert [(p.step, p.fold, p.language) for p in again] == [(p.step, p.fold, p.language) for p in whole]
    assert [p.loss for p in again] == pytest.approx([p.loss for p in whole], abs=1e-6)
    assert summary["audit"]["experts"] == {"tensors": 8, "moved": 8}


def test_a_killed_process_goes_on_from_its_checkpoint(samples, dense_folder, config, tmp_path):
    script = f"""
        import os, pickle, signal
        from pathlib import Path
        from qantara.train.stage import train
        samples, config = pickle.loads(Path({str(tmp_path / "given")!r}).read_bytes())
        for point in train(samples, Path({str(dense_folder)!r}), config, Path({str(tmp_path / "run")!r}), seed=1):
            if point.step == 5:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    (tmp_path / "given").write_bytes(pickle.dumps((samples, config)))
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    again, summary = run_to_end(train(samples, dense_folder, config, tmp_path / "run", seed=1))
    whole, _ = run_to_end(train(samples, dense_folder, config, tmp_path / "whole", seed=1))
    assert [p.loss for p in again] == pytest.approx([p.loss for p in whole], abs=1e-6)
    assert summary["steps"] == 6


def test_another_seed_or_other_settings_start_anew(samples, dense_folder, config, tmp_path):
    first, _ = run_to_end(train(samples, dense_folder, config, tmp_path, seed=1))
    other, _ = run_to_end(train(samples, dense_folder, config, tmp_path, seed=2))
    assert [p.loss for p in first] != [p.loss for p in other]
    assert len(first) == len(other)


def test_a_saved_adapter_gives_equal_logits(samples, mixture_folder, config, tmp_path):
    run_to_end(train(samples, mixture_folder, config, tmp_path, seed=1))
    tokens = torch.tensor([samples[0].input_ids])
    models = [
        load_adapter(load_model(mixture_folder, quantization="nf4", dtype="float32"), tmp_path / "adapter")
        for _ in range(2)
    ]
    with torch.inference_mode():
        assert torch.equal(*[model(input_ids=tokens).logits for model in models])
        with models[0].disable_adapter():
            assert not torch.allclose(models[0](input_ids=tokens).logits, models[1](input_ids=tokens).logits)


def test_no_training_samples_is_an_error_that_says_why(samples, dense_folder, config, tmp_path):
    held_out = [sample for sample in samples if sample.fold == "validation"]
    with pytest.raises(DataError, match="no training sample is left"):
        next(train(held_out, dense_folder, config, tmp_path, seed=1))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValidationError, match="sizes must rise"):
        TrainConfig(model="path:x", max_tokens=2048)
    with pytest.raises(ValidationError, match="can't be more than experts"):
        UpcycleConfig(experts=2, top_k=3)
