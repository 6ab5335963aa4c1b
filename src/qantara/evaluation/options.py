"""What the command line of `qantara evaluate` says, as plain values, and the settings that follow from it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from qantara.errors import RecipeError
from qantara.evaluate.settings import EvaluationConfig
from qantara.llm.config import BackendConfig
from qantara.llm.endpoint import EndpointConfig
from qantara.llm.local import LocalConfig
from qantara.recipe import checked, load
from qantara.run_recipe import Recipe
from qantara.translator.config import TranslatorConfig

COMMAND = "qantara evaluate"
_REFERENCES = ("hf:", "path:", "pypi:")
Precision = Literal["auto", "bfloat16", "float32"]


class ModelOptions(BaseModel):
    """Which model is asked: a reference that runs here, or with `endpoint` the name of a model on a server.

    `shown_as` is its name in tables, "" for its own and the adapter's folder. `interface` is how a server is asked for likelihoods:
    "completions" continues a prompt as it stands, "chat" lets it template.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    shown_as: str = ""
    adapter: Path | None = None
    dtype: Precision = "auto"
    quantization: Literal["none", "nf4"] = "none"
    endpoint: str = ""
    interface: Literal["chat", "completions"] = "completions"
    concurrency: int = 64

    def server(self) -> EndpointConfig:
        """Return the settings of the server; RecipeError for a URL that is none."""
        values = {"backend": "endpoint", "url": self.endpoint, "model": self.name, "concurrency": self.concurrency}
        return checked(EndpointConfig, values, COMMAND, "endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A whole evaluation. `tasks` are names or files, `clean` a folder of `qantara audit` or a file of ids, `compare` another run.

    `translator` is a model reference, a recipe with `translate`, or with `translator_endpoint` a name on that server.
    """

    model: ModelOptions
    tasks: tuple[str, ...]
    config: EvaluationConfig
    out: Path
    data: Path | None = None
    columns: str = ""
    clean: Path | None = None
    compare: Path | None = None
    translator: str = ""
    translator_endpoint: str = ""
    prices: Path | None = None
    ledger: str | None = None
    overrides: tuple[str, ...] = field(default=())


def translator_config(options: Options) -> TranslatorConfig | None:
    """Return who translates for the arms that need it, None where nobody is named; RecipeError for settings that don't fit."""
    named, endpoint = options.translator, options.translator_endpoint
    if not named:
        return None
    if _is_recipe(options):
        recipe = load(Path(named), Recipe, options.overrides)
        if recipe.translate is None:
            raise RecipeError(named, ["it has no stage translate, whose settings would be used"])
        names = set(TranslatorConfig.model_fields)
        return TranslatorConfig.model_validate(recipe.translate.model_dump(include=names))
    model: BackendConfig
    if endpoint:
        values = {"backend": "endpoint", "url": endpoint, "model": named, "concurrency": options.model.concurrency}
        model = checked(EndpointConfig, values, COMMAND, "translator-endpoint")
    else:
        model = checked(LocalConfig, {"backend": "local", "model": named}, COMMAND, "translator")
    return TranslatorConfig(model=model)


def translator_folder(options: Options) -> Path:
    """Return the folder that paths in the translator's settings start from: a recipe's own, as when it is run."""
    return Path(options.translator).parent if _is_recipe(options) else Path.cwd()


def _is_recipe(options: Options) -> bool:
    named = options.translator
    return bool(named) and not options.translator_endpoint and not named.startswith(_REFERENCES)
