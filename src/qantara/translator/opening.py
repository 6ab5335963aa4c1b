"""Makes a translator room of settings: models, memory, glossary, calibration. Nothing is asked or loaded before it is used."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from qantara.errors import DataError
from qantara.fidelity.encoders import encoder
from qantara.fidelity.glossary_files import read_glossary
from qantara.fidelity.meaning import MeaningRules
from qantara.llm.caller import Desk
from qantara.llm.opening import Callers
from qantara.provenance import file_hash
from qantara.sources.sample import parallel_questions
from qantara.translator.calibration import read_calibration
from qantara.translator.config import TranslatorConfig
from qantara.translator.memory import Memory, build_memory
from qantara.translator.policy import policy_id
from qantara.translator.room import Room
from qantara.translator.tmx import read_tmx


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a room stands: the folder that relative paths start from, the run's database, the languages."""

    folder: Path
    engine: sa.Engine
    direction: tuple[str, str]


def open_room(
    config: TranslatorConfig, place: Place, desk: Desk, threshold: int | None, callers: Callers | None = None
) -> Room:
    """Return the room of a config; equal settings share connections and limits, with `callers` also those of other rooms."""
    callers = callers or Callers(desk, place.folder, place.engine)
    return Room(
        translator=callers.of(config.model),
        judge=callers.of(config.judge) if config.judge else None,
        second_judge=callers.of(config.second_judge) if config.second_judge else None,
        desk=desk,
        meaning=MeaningRules(encoder(), place.direction, parallel_questions(place.direction))
        if config.meaning
        else None,
        direction=place.direction,
        config=config,
        threshold=threshold,
        memory=_memory(config, place),
        glossary=read_glossary(place.folder / config.glossary, *place.direction) if config.glossary else None,
    )


def calibrated_threshold(file: Path | None, override: int | None, config: TranslatorConfig, place: Place) -> int | None:
    """Return the threshold of a calibration, or `override` in its place; None without a calibration.

    Raises DataError when the calibration was made with other judges, prompts, rules or languages, or found no threshold.
    """
    if file is None:
        return None
    path = place.folder / file
    calibration = read_calibration(path)
    if calibration.policy != policy_id(config, place.direction):
        fault = "made with another judge, prompt, rule or language; calibrate a run of this recipe"
        raise DataError(f"{path}: {fault}")
    threshold = override if override is not None else calibration.threshold
    if threshold is None:
        raise DataError(f"{path}: no threshold was found for its error rate; review more, or leave it out")
    return threshold


def reused_hashes(config: TranslatorConfig, place: Place) -> tuple[str, ...]:
    """Return the hashes of memory and glossary, those that are set; DataError for one that can't be read."""
    return tuple(_hash(place.folder / file) for file in (config.memory, config.glossary) if file is not None)


def _hash(path: Path) -> str:
    try:
        return file_hash(path)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}); check `memory` and `glossary`") from error


def _memory(config: TranslatorConfig, place: Place) -> Memory | None:
    if config.memory is None:
        return None
    skipped: Counter[str] = Counter()
    memory = build_memory(read_tmx(place.folder / config.memory, place.direction, skipped), place.direction)
    return replace(memory, num_unusable=memory.num_unusable + skipped.total())
