import os
import pickle
import signal
import subprocess
import sys
import textwrap

import pytest
import torch
from pydantic import ValidationError

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import load_adapter
from qantara.models.loading import load_model
from qantara.train.stage import TrainConfig, UpcycleConfig, train


@pytest.fixture
def run(samples, order, config, tmp_path, run_to_end):
    """A function that trains the model in a folder to the end, with settings changed."""

    def run(model_folder, folder="run", seed=1, start_from=None, **changes):
        changed = config.model_copy(update=changes)
        return run_to_end(train(samples, order, model_folder, changed, tmp_path / folder, seed, start_from))

    return run


def test_a_mixture_trains_and_every_adapter_moves(run, mixture_folder, tmp_path):
    points, summary = run(mixture_folder, max_steps=20)
    assert summary["audit"] == {
        "attention": {"tensors": 16, "moved": 16},
        "experts": {"tensors": 8, "moved": 8},
        "router": {"tensors": 4, "moved": 4},
    }
    assert summary["expert_bytes"] <= 0.30 * summary["expert_bytes_in_bf16"]
    held_out = [p.loss for p in points if (p.fold, p.language, p.source) == ("validation", "all", "all")]
    trained = [p.loss for p in points if (p.fold, p.language, p.source) == ("train", "all", "all")]
    assert len(trained) == 20
    assert held_out[-1] < held_out[0]
    assert trained[-1] < trained[0] - 0.2
    assert summary["steps"] == 20
    assert set(summary["learnt_tokens_by_language"]) == {"ar", "en"}
    assert [row["step"] for row in summary["routing"]["rows"]] == [3, 6, 9, 12, 15, 18, 20]
    reloaded = load_adapter(
        load_model(mixture_folder, quantization="nf4", dtype="float32"), tmp_path / "run" / "adapter"
    )
    assert not any(tensor.requires_grad for tensor in reloaded.parameters())


def test_a_dense_model_gets_adapters_on_attention_and_mlp(run, dense_folder):
    points, summary = run(dense_folder)
    assert summary["audit"] == {"attention": {"tensors": 16, "moved": 16}, "mlp": {"tensors": 12, "moved": 12}}
    assert sorted({p.step for p in points if p.fold == "validation"}) == [0, 3, 6]
    assert not any(p.fold == "balance" for p in points)


def test_embeddings_train_too_if_asked(run, dense_folder):
    _, summary = run(dense_folder, quantization="none", adapter=AdapterConfig(embeddings=True))
    assert summary["audit"]["embeddings"] == {"tensors": 1, "moved": 1}  # tied: one tensor is both


def test_losses_carry_languages_sources_all_and_the_routers(run, mixture_folder):
    points, _ = run(mixture_folder)
    last = {(p.fold, p.language, p.source): p for p in points if p.step == 6}
    by = [("ar", "all"), ("en", "all"), ("all", "all"), ("all", "arabic"), ("all", "english")]
    assert set(last) == {(fold, *key) for fold in ("train", "validation") for key in by} | {("balance", "all", "all")}
    assert last["train", "all", "all"].num_tokens == sum(last["train", code, "all"].num_tokens for code in ("ar", "en"))
    assert last["train", "all", "english"].loss == last["train", "en", "all"].loss
    assert 1.9 < last["balance", "all", "all"].loss < 2.5  # of an even load: experts a token


@pytest.mark.parametrize("layout", ["mixture_folder", "qwen_folder"])
@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_gradient_checkpointing_changes_no_bit_of_a_loss(run, request, layout, quantization):
    folder = request.getfixturevalue(layout)
    dropout = AdapterConfig(dropout=0.1)
    plain, _ = run(folder, "a", quantization=quantization, max_steps=3, adapter=dropout)
    frugal, _ = run(folder, "b", quantization=quantization, max_steps=3, adapter=dropout, gradient_checkpointing=True)
    assert frugal == plain


def test_a_stopped_run_goes_on_with_the_same_losses_bit_for_bit(run, samples, order, mixture_folder, config, tmp_path):
    dropout = AdapterConfig(dropout=0.1)
    whole, wanted = run(mixture_folder, "whole", adapter=dropout)
    with_dropout = config.model_copy(update={"adapter": dropout})
    stopped = train(samples, order, mixture_folder, with_dropout, tmp_path / "stopped", 1)
    for point in stopped:
        if point.step == 5:
            break
    stopped.close()
    again, summary = run(mixture_folder, "stopped", adapter=dropout)
    assert again == whole
    assert summary["audit"] == wanted["audit"]
    assert summary["routing"] == wanted["routing"]


def test_a_run_killed_in_the_middle_of_a_step_goes_on_with_the_same_losses(
    run, samples, order, mixture_folder, config, tmp_path
):
    dropout = AdapterConfig(dropout=0.1)
    script = f"""
        import os, pickle, signal
        from pathlib import Path
        import torch
        from torch.optim.optimizer import register_optimizer_step_post_hook
        from qantara.train.stage import train
        torch.set_num_threads(1)
        updates = []
        def count(*_):
            updates.append(1)
            if len(updates) == 5:
                os.kill(os.getpid(), signal.SIGKILL)
        register_optimizer_step_post_hook(count)
        given = pickle.loads(Path({str(tmp_path / "given")!r}).read_bytes())
        for point in train(*given):
            pass
    """
    with_dropout = config.model_copy(update={"adapter": dropout})
    given = (samples, order, mixture_folder, with_dropout, tmp_path / "run", 1)
    (tmp_path / "given").write_bytes(pickle.dumps(given))
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    again, summary = run(mixture_folder, adapter=dropout)
    whole, _ = run(mixture_folder, "whole", adapter=dropout)
    assert again == whole
    assert summary["steps"] == 6


def test_another_seed_or_other_settings_start_anew(run, dense_folder):
    first, _ = run(dense_folder)
    other, _ = run(dense_folder, seed=2)
    assert [p.loss for p in first] != [p.loss for p in other]
    assert len(first) == len(other)


def test_a_saved_adapter_gives_equal_logits(run, samples, mixture_folder, tmp_path):
    run(mixture_folder)
    tokens = torch.tensor([samples[0].input_ids])
    models = [
        load_adapter(load_model(mixture_folder, quantization="nf4", dtype="float32"), tmp_path / "run" / "adapter")
        for _ in range(2)
    ]
    with torch.inference_mode():
        assert torch.equal(*[model(input_ids=tokens).logits for model in models])
        with models[0].disable_adapter():
            assert not torch.allclose(models[0](input_ids=tokens).logits, models[1](input_ids=tokens).logits)


def test_fine_tuning_starts_where_pretraining_ended(run, mixture_folder, tmp_path):
    before, _ = run(mixture_folder, "pretrain", adapter=AdapterConfig(embeddings=True))
    after, _ = run(mixture_folder, "train", start_from=tmp_path / "pretrain" / "adapter")
    ended = [p.loss for p in before if (p.fold, p.step) == ("validation", 6)]
    assert [p.loss for p in after if p.step == 0] == ended


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValidationError, match="sizes must rise"):
        TrainConfig(model="path:x", max_tokens=2048)
    with pytest.raises(ValidationError, match="can't be more than experts"):
        UpcycleConfig(experts=2, top_k=3)
