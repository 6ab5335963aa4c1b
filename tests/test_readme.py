"""What the documents promise is there: commands, folders, links."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter
from typer.main import get_command

from qantara.cli.main import app
from qantara.llm.config import BackendConfig
from qantara.sources.config import SourceConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "LOG.md"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#:]+)\)", text)]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_folder_of_the_tree_is_there_and_has_its_line():
    section = README.partition("## The tree")[2]
    told = set(re.findall(r"^\| `([^`]+)/` \|", section, flags=re.MULTILINE))
    assert all((ROOT / folder).is_dir() for folder in told)
    there = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "..").exists()}
    there -= {
        ".git",
        ".venv",
        "runs",
        ".pytest_cache",
        ".ruff_cache",
        ".mypy_cache",
        ".import_linter_cache",
        ".hypothesis",
    }
    assert there == {folder.partition("/")[0] for folder in told}


def test_every_package_has_its_line_in_the_architecture():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in (ROOT / "src" / "qantara").glob("*/__init__.py")}
    assert {name for name in packages if f"| `{name}/` |" not in text} == set()


def test_every_command_that_is_shown_exists():
    commands = get_command(app).commands
    shown = re.findall(r"qantara ([a-z][a-z-]*)(?: ([a-z]+))?", re.sub(r"`[^`\n]*recipes[^`\n]*`", "", README))
    for group, command in shown:
        if group in commands and hasattr(commands[group], "commands") and command:
            assert command in commands[group].commands
    assert {group for group, _ in shown if group in commands} == set(commands)


def test_the_yaml_that_is_shown_is_valid():
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)]
    assert len(blocks) == 2
    for source in blocks[0]["sources"]:
        TypeAdapter(SourceConfig).validate_python(source)
    for backend in blocks[1]["translate"].values():
        TypeAdapter(BackendConfig).validate_python(backend)


def test_the_make_targets_that_are_shown_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(
        re.findall(r"make (demo|test|lint)\b", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    ):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_the_notice_is_plain():
    assert "not a medical device" in README
    assert "not for clinical use" in README
    assert "recorded" in README
