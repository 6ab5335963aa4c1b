"""Made-up arms, and a recipe of a sweep over tiny data in two languages with a tiny model, for the tests of the sweep."""

import json
import os
import random

import pytest

from qantara.evaluate.stage import EvaluateConfig
from qantara.runner import RunFolder
from qantara.store import write_json
from qantara.sweep.arm import SETTINGS, ArmSettings
from qantara.sweep.findings import ArmResult, BaseResult, SweepFacts, findings
from qantara.sweep.sentences import sentences


@pytest.fixture
def facts():
    """Return a function that makes a sweep up: Arabic loss falls and English accuracy falls with the share of Arabic."""

    def make(shares=(0.0, 0.5, 1.0), seeds=(0, 1, 2), rates=(1e-4,), evaluated=True, **changes):
        draw = random.Random(5)
        arms = []
        for rate in rates:
            for seed in seeds:
                common = draw.gauss(0, 0.02)
                for share in shares:
                    losses = {"ar": 2.0 - 0.4 * share, "en": 1.5 + 0.001 * share}
                    right = {"ar": 0.3 + 0.05 * share, "en": 0.6 - 0.1 * share}
                    arms.append(
                        ArmResult(
                            name=f"arm-{rate:g}-{share:g}-{seed}",
                            share=share,
                            seed=seed,
                            learning_rate=rate,
                            tokens={"ar": int(1000 * share), "en": 1000 - int(1000 * share)},
                            losses={code: value + common + draw.gauss(0, 0.002) for code, value in losses.items()},
                            accuracies={code: value + draw.gauss(0, 0.004) for code, value in right.items()}
                            if evaluated
                            else {},
                        )
                    )
        given = {
            "name": "made-up",
            "direction": ("en", "ar"),
            "budget_tokens": 1000,
            "confidence": 0.95,
            "scoring": "letter/sum" if evaluated else "",
            "seeds": seeds,
            "arms": arms,
            "base": BaseResult(
                losses={"ar": 2.2, "en": 1.45},
                accuracies={"ar": 0.3, "en": 0.6} if evaluated else {},
                items={"ar": 500, "en": 500} if evaluated else {},
            ),
        }
        return SweepFacts(**(given | changes))

    return make


@pytest.fixture
def results(facts):
    """Return a function that makes the results of a made-up sweep, as they stand in results.json."""

    def make(**changes):
        found = findings(facts(**changes))
        models = {"path:tiny": {"sha256": "0" * 64, "licence": "Apache-2.0", "notice": "Built with <care>."}}
        return found | {"sentences": sentences(found), "provenance": {"seed": 1, "models": models}}

    return make


@pytest.fixture
def idle_arm(tmp_path):
    """Return a function that makes the folder of an arm which neither trains nor evaluates: it is done at once."""

    def make(name, **changes):
        folder = tmp_path / "sweep" / "arms" / name
        RunFolder(folder, name)
        given = {"name": name, "key": "k", "seed": 0, "model_folder": tmp_path, "samples": tmp_path}
        settings = ArmSettings(**(given | {"direction": ("en", "ar")} | changes))
        write_json(folder / SETTINGS, settings.model_dump(mode="json"))
        return folder

    return make


@pytest.fixture
def waiting_arm(idle_arm, tmp_path):
    """Return a function that makes the folder of an arm which waits for a pipe that nobody writes to."""

    def make(name):
        os.mkfifo(tmp_path / "pipe")
        return idle_arm(name, benchmark=tmp_path / "pipe", evaluate=EvaluateConfig())

    return make


@pytest.fixture
def sweep_recipe(tiny_recipe, tiny_model, tmp_path):
    """Return a function that writes a recipe of a sweep over data that has both languages, with a model of two layers."""
    train = {
        "model": f"path:{tiny_model}",
        "quantization": "none",
        "dtype": "float32",
        "adapter": {"rank": 8, "experts": False, "router": False},
        "batch_tokens": 128,
        "micro_batch_tokens": 128,
        "max_tokens": 128,
        "learning_rate": 0.01,
        "warmup_steps": 1,
        "checkpoint_every_steps": 1,
    }
    mix = {"budget_tokens": 1500, "validation_share": 0.2, "max_tokens": 128, "max_epochs": 4}
    rows = [
        {
            "key": f"{code}-{i}",
            "kind": "answer",
            "specialty": "t",
            "language": code,
            "question": question,
            "answer": answer,
        }
        for i in range(10, 40)
        for code, question, answer in (
            ("en", f"Dose of drug {i}?", f"{i} mg daily."),
            ("ar", f"جرعة الدواء {i}؟", f"{i} ملغ يوميًا."),
        )
    ]

    def write(sweep=None, **changes):
        given = {"ratios": [{"ar": 1, "en": 3}, {"ar": 1, "en": 1}], "seeds": [0]} | (sweep or {})
        left_out = {"translate": None, "evaluate": None, "benchmark": None}
        path = tiny_recipe(**({"mix": mix, "train": train, "sweep": given} | left_out | changes))
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / "items.jsonl").write_text(lines, encoding="utf-8")
        return path

    return write
