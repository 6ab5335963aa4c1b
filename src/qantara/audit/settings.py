"""Makes an audit's configuration of what the command line says; every fault is one line before any row is read.

The place where meaning and self-test are plugged in: the stage knows them only as functions.
"""

from dataclasses import dataclass
from pathlib import Path

from qantara.audit.checking import CheckSettings
from qantara.audit.columns import parse_columns
from qantara.audit.meanings import meaning_loader
from qantara.audit.own_faults import own_faults
from qantara.audit.pairs import Shape
from qantara.audit.stage import AuditConfig
from qantara.errors import QantaraError
from qantara.fidelity.glossary_files import read_glossary
from qantara.languages import language


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of `qantara audit` beside what is audited and where to; see its help."""

    columns: str = ""
    split: str = "train"
    glossary: Path | None = None
    encoder: str = ""
    meaning: bool = True
    self_test: bool = False
    shown: int = 500
    num_workers: int = 1


def audit_config(pairs: Path, out: Path, direction: tuple[str, str], choices: Choices) -> AuditConfig:
    """Return the configuration of an audit, or raise QantaraError that says what to change."""
    source, target = (language(code).code for code in direction)
    if source == target:
        raise QantaraError(f"--source and --target are both {source!r}; an audit needs two languages")
    glossary = read_glossary(choices.glossary, source, target) if choices.glossary is not None else None
    columns = parse_columns(choices.columns) if choices.columns else None
    settings = CheckSettings(
        shape=Shape(source_language=source, target_language=target, columns=columns),
        meaning=meaning_loader(choices.encoder, (source, target)) if choices.meaning else None,
        glossary=glossary,
    )
    return AuditConfig(
        pairs=pairs,
        out=out,
        settings=settings,
        split=choices.split,
        num_workers=choices.num_workers,
        shown=choices.shown,
        self_test=own_faults(settings) if choices.self_test else None,
    )
