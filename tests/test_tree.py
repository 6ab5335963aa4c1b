"""The package keeps its shape: small files, a test file for each, no heavy import at the top, letters in one place."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "qantara"
TESTS = Path(__file__).parent
MODULES = sorted(path.relative_to(SRC) for path in SRC.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_is_small_enough_to_read_in_one_sitting(module):
    assert len((SRC / module).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_has_its_test_file(module):
    assert (TESTS / module.parent / f"test_{module.name}").exists()


@pytest.mark.parametrize("test", sorted(TESTS.rglob("test_*.py")), ids=lambda path: path.name)
def test_test_file_has_its_module(test):
    if test.parent == TESTS and test.name in {
        "test_tree.py",
        "test_readme.py",
        "test_recipes.py",
        "test_demo.py",
        "test_bad_input.py",
        "test_kills_and_faults.py",
    }:
        return
    folder = SRC / test.relative_to(TESTS).parent
    if folder.name == "lexicons":  # data: its test files are by subject
        assert any(folder.glob("*.tsv"))
        return
    assert (folder / test.name.removeprefix("test_")).exists()


def test_every_package_says_what_it_is():
    for folder in {path.parent for path in SRC.rglob("*.py")}:
        assert (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""'), folder


@pytest.mark.parametrize("module", ["qantara.cli.main", "qantara.pipeline"])
def test_importing_loads_no_heavy_library(module):
    heavy = "('torch', 'transformers', 'datasets')"
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_core_needs_neither_torch_nor_a_web_server():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[<>=]", dependency)[0] for dependency in project["dependencies"]}
    assert not names & {
        "torch",
        "transformers",
        "peft",
        "accelerate",
        "bitsandbytes",
        "datasets",
        "starlette",
        "uvicorn",
    }
    assert set(project["optional-dependencies"]) == {
        "train",
        "encoders",
        "web",
        "postgres",
        "scale",
        "harness",
        "dev",
    }


def test_every_package_that_the_makefile_installs_is_pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["train"], *extras["encoders"], *extras["dev"], "hatchling", "editables"]
    assert {re.split(r"[\[<>=]", dependency)[0].lower() for dependency in wanted} - pinned == set()
    assert "torch==2.13.0" in lines


def test_letters_of_another_script_live_in_one_module():
    arabic = re.compile(r"[\u0600-\u06ff]")
    found = [m for m in MODULES if arabic.search((SRC / m).read_text(encoding="utf-8"))]
    assert found == [Path("languages.py")]


def test_no_file_of_the_project_holds_invisible_characters():
    invisible = re.compile("[\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069]")
    tracked = [
        p
        for top in ("src", "recipes", "tests")
        for p in (ROOT / top).rglob("*")
        if p.suffix in {".py", ".jsonl", ".tsv", ".txt", ".yaml", ".html"}
    ]
    assert [str(p) for p in tracked if invisible.search(p.read_text(encoding="utf-8"))] == []
