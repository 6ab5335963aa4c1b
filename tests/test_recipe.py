import pytest
from pydantic import BaseModel, ConfigDict, Field

from qantara.errors import RecipeError
from qantara.recipe import config_hash, load


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    rate: float = Field(default=0.1, ge=0, le=1)
    names: tuple[str, ...] = ()


class Whole(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    part: Part = Part()
    parts: tuple[Part, ...] = ()


def write(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_becomes_a_checked_config(tmp_path):
    config = load(write(tmp_path, "name: x\npart:\n  rate: 0.5\n  names: [a]\n"), Whole)
    assert config == Whole(name="x", part=Part(rate=0.5, names=("a",)))


def test_overrides_reach_into_mappings_and_lists(tmp_path):
    path = write(tmp_path, "name: x\nparts:\n  - rate: 0.5\n")
    config = load(path, Whole, ["part.rate=0.25", "parts.0.rate=1", "name=y"])
    assert (config.name, config.part.rate, config.parts[0].rate) == ("y", 0.25, 1.0)


def test_three_faults_are_all_named_with_their_lines(tmp_path):
    path = write(tmp_path, "part:\n  rate: 7\n  colour: red\nparts:\n  - names: 3\n")
    with pytest.raises(RecipeError) as caught:
        load(path, Whole)
    faults = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 4
    assert "line 2: part.rate" in faults
    assert "line 3: part.colour: no such setting" in faults
    assert "line 5: parts.0.names" in faults
    assert "name: is missing" in faults


@pytest.mark.parametrize(
    ("text", "overrides", "fault"),
    [
        ("name: [", (), "line 1: not YAML"),
        ("- a\n", (), "line 1: a recipe is a mapping"),
        ("name: x\nname: y\n", (), "line 2: name is given twice"),
        ("name: x\n", ("part.rate",), "--set part.rate: write it as"),
        ("name: x\n", ("part.rate=9",), "--set part.rate: part.rate"),
        ("name: x\n", ("name.a.b=9",), "no such place"),
    ],
)
def test_faults_of_form_and_of_overrides_are_named(tmp_path, text, overrides, fault):
    with pytest.raises(RecipeError, match=fault.replace("(", r"\(")):
        load(write(tmp_path, text), Whole, overrides)


def test_a_recipe_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(RecipeError, match="not there"):
        load(tmp_path / "none.yaml", Whole)


def test_equal_settings_have_equal_hashes():
    assert config_hash(Part(rate=0.1)) == config_hash(Part())
    assert config_hash(Part(rate=0.2)) != config_hash(Part())
