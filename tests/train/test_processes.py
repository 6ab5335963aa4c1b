import logging
import os
import pickle
import subprocess
import sys
import textwrap

import pytest
import torch

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, load_adapter
from qantara.models.loading import load_model
from qantara.train.audit import trainable
from qantara.train.processes import Processes, held_bytes, local, shared_like, whole
from qantara.train.stage import train

NUMBER = 2
DROPOUT = AdapterConfig(dropout=0.1)
# Three micro-batches a step: in the second round one process has none left and repeats one.
CASES = {
    "ddp": {"adapter": DROPOUT},
    "fsdp": {"processes": "fsdp", "adapter": AdapterConfig(embeddings=True)},
    "fsdp_plain": {"processes": "fsdp", "quantization": "none", "gradient_checkpointing": True},
}
SCRIPT = """
    import os, pickle, sys
    from pathlib import Path
    import torch
    from qantara.train.stage import train
    torch.set_num_threads(1)
    samples, order, model, folder, cases = pickle.loads(Path(sys.argv[1]).read_bytes())
    for name, (config, last_step) in cases.items():
        points, summary = [], None
        run = train(samples, order, model, config, folder / name, 1)
        while True:
            try:
                points.append(next(run))
            except StopIteration as end:
                summary = end.value
                break
            if points[-1].step > last_step:
                run.close()
                break
        (folder / f"{name}.{os.environ['RANK']}").write_bytes(pickle.dumps((points, summary)))
    torch.distributed.destroy_process_group()
"""


@pytest.fixture(scope="module")
def together(samples, order, mixture_folder, config, tmp_path_factory):
    """The folder of runs by two processes (gloo) that torchrun starts: every case, and one that stops after step 4."""
    folder = tmp_path_factory.mktemp("together")
    cases = {name: (config.model_copy(update=changes), 100) for name, changes in CASES.items()}
    cases["stopped"] = (cases["fsdp"][0], 4)
    (folder / "given").write_bytes(pickle.dumps((samples, order, mixture_folder, folder, cases)))
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT), encoding="utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(NUMBER)]
    command = [*launch, str(folder / "script.py"), str(folder / "given")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def alone(samples, order, mixture_folder, config, tmp_path, run_to_end):
    """A function that runs a case in this process."""

    def run(name, folder=tmp_path):
        changed = config.model_copy(update=CASES[name])
        return run_to_end(train(samples, order, mixture_folder, changed, folder, 1))

    return run


def results(folder, name):
    return [pickle.loads((folder / f"{name}.{rank}").read_bytes()) for rank in range(NUMBER)]


def assert_equal_losses(found, wanted):
    assert [(p.step, p.fold, p.language, p.source, p.num_tokens) for p in found] == [
        (p.step, p.fold, p.language, p.source, p.num_tokens) for p in wanted
    ]
    assert [p.loss for p in found] == pytest.approx([p.loss for p in wanted], rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_two_processes_have_the_losses_of_one(together, alone, mixture_folder, tmp_path, name):
    (points, summary), (points_of_other, _) = results(together, name)
    assert points == points_of_other
    wanted, summary_of_one = alone(name)
    assert_equal_losses(points, wanted)
    assert summary["processes"] == {"number": NUMBER, "kind": name.split("_")[0]}
    for key in ("audit", "ratio", "tokens", "trainable_parameters", "parameters", "expert_bytes"):
        assert summary[key] == summary_of_one[key]
    assert summary["routing"]["rows"][0] == summary_of_one["routing"]["rows"][0]
    base = load_model(mixture_folder, quantization="nf4", dtype="float32")
    found = load_adapter(base, together / name / "adapter", trainable=True)
    found = {key: tensor.detach() for key, tensor in trainable(found)}
    base = load_model(mixture_folder, quantization="nf4", dtype="float32")
    for key, tensor in trainable(load_adapter(base, tmp_path / "adapter", trainable=True)):
        assert torch.allclose(found[key], tensor, atol=1e-5), key


def test_a_shared_out_model_takes_half_in_each_of_two_processes(together, alone):
    (_, summary), _ = results(together, "fsdp_plain")
    _, of_one = alone("fsdp_plain")
    assert summary["model_bytes_a_process"] / of_one["model_bytes_a_process"] == pytest.approx(0.5, abs=0.01)


def test_a_run_of_two_processes_that_stopped_goes_on_in_one(together, alone, caplog):
    (stopped, summary), _ = results(together, "stopped")
    assert summary is None
    assert max(point.step for point in stopped) == 5
    with caplog.at_level(logging.INFO, logger="qantara.train.stage"):
        again, _ = alone("fsdp", together / "stopped")
    assert "training goes on from step 4" in caplog.text
    (whole_run, _), _ = results(together, "fsdp")
    assert_equal_losses(again, whole_run)


def test_every_item_counts_once_and_all_processes_get_as_many():
    processes = Processes()
    assert processes.share("abc") == [(0, "a", True), (1, "b", True), (2, "c", True)]
    for number, items in ((2, "abc"), (3, "abcd"), (4, "ab"), (2, "")):
        shares = []
        for rank in range(number):
            processes.number, processes.rank = number, rank
            shares.append(processes.share(items))
        assert len({len(share) for share in shares}) == 1
        assert sorted(item for share in shares for _, item, counts in share if counts) == sorted(items)
        assert all(items[place] == item for share in shares for place, item, _ in share)


def test_one_process_changes_nothing(dense_folder):
    processes = Processes("fsdp")
    assert (processes.number, processes.kind, processes.is_main) == (1, "one", True)
    model = attach(load_model(dense_folder, quantization="none", dtype="float32"), AdapterConfig())
    assert processes.spread(model) is model
    assert processes.total(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert processes.any([True, False]) == [True, False]
    assert processes.agree(7)
    tensor = torch.ones(3)
    assert whole(tensor) is local(tensor) is shared_like(tensor, torch.zeros(3)) is tensor
    assert held_bytes(model) == sum(parameter.nbytes for parameter in model.parameters())
