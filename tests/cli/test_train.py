"""`qantara train`: a recipe of data in both languages, pretraining before it; in two processes the same; its plan before it."""

import json
import os
import random
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import RecipeError
from qantara.mix.stage import MixConfig, draw
from qantara.records import LossPoint, Sample
from qantara.runner import RunFolder
from qantara.train.batches import prepare
from qantara.train.ratio import ratio_rows
from qantara.train.stage import TrainConfig

ENGLISH = [
    {"key": f"en{i}", "kind": "answer", "question": f"How much of drug {i} is given?", "answer": f"Give {i} mg daily."}
    for i in range(10, 30)
]
ARABIC = [
    {"key": f"ar{i}", "kind": "answer", "question": f"كم يُعطى من الدواء {i}؟", "answer": f"يُعطى {i} ملغ يوميًا."}
    for i in range(10, 30)
]
TEXTS = [{"key": f"t{i}", "kind": "passage", "text": f"يُحفظ الدواء {i} في مكان بارد وجاف. " * 6} for i in range(12)]
MIX = {"ratio": {"ar": 1, "en": 1}, "validation_share": 0.1, "max_tokens": 200}
SIZES = {"batch_tokens": 512, "micro_batch_tokens": 256, "max_tokens": 256, "warmup_steps": 1, "max_steps": 4}
CHANGES = {
    "translate": None,
    "evaluate": None,
    "benchmark": None,
    "sources": [
        {"reader": "native", "path": "english.jsonl", "language": "en"},
        {"reader": "native", "path": "arabic.jsonl", "language": "ar"},
    ],
    "mix": MIX | {"max_epochs": 3},
    "pretrain": {
        "sources": [{"reader": "native", "path": "texts.jsonl", "language": "ar"}],
        "mix": MIX | {"ratio": {"ar": 1}, "validation_share": 0.3},
        "schedule": SIZES | {"learning_rate": 0.01, "router_learning_rate": 0.01},
    },
}


@pytest.fixture
def recipe(tiny_recipe, tiny_model, tmp_path):
    for name, rows in (("english", ENGLISH), ("arabic", ARABIC), ("texts", TEXTS)):
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    train = SIZES | {"model": f"path:{tiny_model}", "upcycle": {"experts": 4, "top_k": 2}, "dtype": "float32"}
    train |= {"adapter": {"rank": 8, "alpha": 16}, "learning_rate": 0.01, "router_learning_rate": 0.01}
    return tiny_recipe(train=train, **CHANGES)


def losses(folder, stage):
    return list(RunFolder(folder, "tiny").kept(stage, LossPoint))


def test_fine_tuning_goes_on_from_the_adapter_of_pretraining_and_two_processes_do_the_same_as_one(recipe, tmp_path):
    one = tmp_path / "one"
    found = CliRunner().invoke(app, ["train", str(recipe), "--run", str(one)])
    assert found.exit_code == 0, found.output
    assert found.stdout.strip() == str(one / "train" / "adapter")
    assert (one / "train" / "adapter" / "adapter_model.safetensors").is_file()
    ends = [point for point in losses(one, "pretrain") if point.fold == "validation" and point.language == "ar"]
    start = next(point for point in losses(one, "train") if point.fold == "validation" and point.language == "ar")
    assert ends[-1].loss < ends[0].loss
    assert start.loss < ends[0].loss  # an untrained adapter would not know Arabic bytes
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    command += ["qantara", "train", str(recipe)]  # torchrun would take --run for its own --run-path
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("adapter") == 1, "only the first process talks"
    for stage in ("pretrain", "train"):
        for alone, together in zip(losses(one, stage), losses(tmp_path / "runs" / "tiny", stage), strict=True):
            assert (alone.step, alone.fold, alone.language) == (together.step, together.fold, together.language)
            assert together.loss == pytest.approx(alone.loss, rel=1e-5)
    again = CliRunner().invoke(app, ["train", str(recipe), "--run", str(one)])
    assert "nothing to do" in again.stderr


def test_the_token_ratio_of_a_long_run_is_within_half_a_percent_at_every_thousand_steps():
    draw_length = random.Random(0)
    shares = {"ar": 1 / 3, "en": 2 / 3}
    lengths = {"ar": (40, 160), "en": (10, 90)}
    samples = [
        Sample(
            example_id=f"{code}-{i:05}",
            family=f"{code}-{i:05}",
            language=code,
            source=code,
            kind="answer",
            fold="train",
            input_ids=(1,) * (length := draw_length.randint(*lengths[code])),
            loss_mask=(True,) * length,
        )
        for code in shares
        for i in range(2000)
    ]
    mix = MixConfig(ratio={"ar": 1, "en": 2}, budget_tokens=600_000, max_epochs=10, max_tokens=200)
    config = TrainConfig(model="path:none", batch_tokens=200, micro_batch_tokens=200, max_tokens=200)
    data = prepare(samples, draw(samples, mix, 7), config)
    rows = ratio_rows(data)
    assert data.num_steps > 3000
    assert [row["step"] for row in rows] == [*range(1000, data.num_steps, 1000), data.num_steps]
    for row in rows:
        for code, share in shares.items():
            assert row["tokens"][code] / sum(row["tokens"].values()) == pytest.approx(share, rel=0.005)
    assert sum(rows[-1]["tokens"].values()) == 600_000


def test_a_plan_needs_no_data_and_leaves_no_run_folder(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arabic.jsonl").unlink()
    found = CliRunner().invoke(app, ["train", str(recipe), "--plan", "--card", "h100"])
    assert found.exit_code == 0, found.output
    assert "tiny: pretrain" in found.stdout
    assert "tiny: train" in found.stdout
    assert not (tmp_path / "runs").exists()
    values = json.loads(CliRunner().invoke(app, ["train", str(recipe), "--plan", "--json"]).stdout)
    assert set(values) == {"pretrain", "train"}


def test_a_recipe_that_trains_nothing_is_refused(tiny_recipe):
    recipe = tiny_recipe(mix=None, train=None, evaluate=None)
    found = CliRunner().invoke(app, ["train", str(recipe)])
    assert isinstance(found.exception, RecipeError)
    assert "there is no stage 'train'" in str(found.exception)
