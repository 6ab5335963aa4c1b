"""The prompts of the translator room as files: one by name, and the hash of all of them."""

from functools import cache
from importlib import resources

from qantara.errors import QantaraError
from qantara.records import content_id

FOLDER = resources.files("qantara.translator.prompts")


@cache
def prompt_file(name: str) -> str:
    """Return a shipped prompt, or raise QantaraError when there is none of that name."""
    file = FOLDER / name
    if not file.is_file():
        raise QantaraError(f"there is no prompt {name}; add it to qantara/translator/prompts")
    return file.read_text(encoding="utf-8")


def prompts_hash() -> str:
    """Return one hash over all shipped prompts, for the provenance."""
    return content_id(
        sorted((file.name, file.read_text(encoding="utf-8")) for file in FOLDER.iterdir() if file.name.endswith(".txt"))
    )
