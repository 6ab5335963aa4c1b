"""YAML to a typed config: `--set` overrides, every fault reported at once with its line.

The config types belong to the stages; whoever calls `load` hands their root in, so this module knows none of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from qantara.errors import RecipeError
from qantara.records import content_id

Config = TypeVar("Config", bound=BaseModel)
Place = tuple[str | int, ...]


def load(path: Path, config_type: type[Config], overrides: Sequence[str] = ()) -> Config:
    """Read a recipe, apply overrides of the form `a.b=value` (value in YAML), and return it checked.

    Raises RecipeError that lists every fault with its line (or with the override that it came from).
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except FileNotFoundError as error:
        raise RecipeError(str(path), ["the file is not there"]) from error
    except UnicodeDecodeError as error:
        raise RecipeError(str(path), ["the file is not UTF-8 text"]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(str(path), [f"line {line}: not YAML: {error.problem}"]) from error
    if not isinstance(values, dict):
        raise RecipeError(str(path), ["line 1: a recipe is a mapping of settings"])
    lines = _lines(node)
    faults = _duplicate_keys(node)
    faults += _apply(values, lines, overrides)
    try:
        config = config_type.model_validate(values)
    except ValidationError as error:
        faults += [_describe(lines, dict(detail)) for detail in error.errors()]
        raise RecipeError(str(path), faults) from error
    if faults:
        raise RecipeError(str(path), faults)
    return config


def checked(config_type: type[Config], values: Mapping[str, object], command: str, place: str = "") -> Config:
    """Return a config of what a command line says; RecipeError lists what is wrong with it, named from `place` on."""
    try:
        return config_type.model_validate(values)
    except ValidationError as error:
        faults = []
        for detail in error.errors(include_url=False, include_input=False):
            name = ".".join(map(str, (*([place] if place else []), *detail["loc"])))
            message = detail["msg"].removeprefix("Value error, ")
            faults.append(f"{name}: {message}" if name else message)
        raise RecipeError(command, faults) from error


def config_hash(config: BaseModel | object) -> str:
    """Return the content hash of a config (or of plain values): equal settings give equal hashes."""
    values = config.model_dump(mode="json") if isinstance(config, BaseModel) else config
    return content_id(values)


def _lines(node: yaml.Node | None, place: Place = ()) -> dict[Place, str]:
    """Return where each setting stands, by its path of keys and list positions."""
    if node is None:
        return {}
    found = {place: f"line {node.start_mark.line + 1}"}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found |= _lines(value, (*place, key.value))
            found[(*place, key.value)] = f"line {key.start_mark.line + 1}"
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            found |= _lines(value, (*place, i))
    return found


def _duplicate_keys(node: yaml.Node | None) -> list[str]:
    faults: list[str] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                faults.append(f"line {key.start_mark.line + 1}: {key.value} is given twice")
            seen.add(key.value)
            faults += _duplicate_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            faults += _duplicate_keys(value)
    return faults


def _apply(values: dict[str, Any], lines: dict[Place, str], overrides: Sequence[str]) -> list[str]:
    faults = []
    for override in overrides:
        name, equals, text = override.partition("=")
        keys: list[str | int] = [int(key) if key.isdigit() else key for key in name.strip().split(".")]
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            equals = ""
            value = None
        if not equals or not all(str(key) for key in keys):
            faults.append(f"--set {override}: write it as name.of.setting=value")
            continue
        if not _place(values, keys, value):
            faults.append(f"--set {name}: there is no such place in the recipe")
        for length in range(1, len(keys)):
            lines.setdefault(tuple(keys[:length]), f"--set {name}")
        lines[tuple(keys)] = f"--set {name}"
    return faults


def _place(values: Any, keys: list[str | int], value: object) -> bool:  # noqa: ANN401 - YAML values
    for key in keys[:-1]:
        if isinstance(values, dict):
            values = values.setdefault(str(key), {})
        elif isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return False
    last = keys[-1]
    if isinstance(values, dict):
        values[str(last)] = value
        return True
    if isinstance(values, list) and isinstance(last, int) and last < len(values):
        values[last] = value
        return True
    return False


def _describe(lines: dict[Place, str], detail: dict[str, Any]) -> str:
    # A discriminated union puts its tag into the place; what the file does not hold is left out when looking for the line.
    place: Place = ()
    for key in detail["loc"]:
        if (*place, key) in lines or detail["type"] == "extra_forbidden" or key == detail["loc"][-1]:
            place = (*place, key)
    where = place
    while where and where not in lines:
        where = where[:-1]
    line = lines.get(where, "line 1")
    name = ".".join(str(key) for key in place) or "recipe"
    message = {"extra_forbidden": "no such setting", "missing": "is missing"}.get(detail["type"], detail["msg"])
    return f"{line}: {name}: {message}"
