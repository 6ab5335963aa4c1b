"""Options -> the room of an evaluation: a model that runs here or a server, tested before anything is scored, and a translator."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qantara.errors import CallError, ModelError, RecipeError
from qantara.evaluate.answers.answer_rows import AnswerRows, identity_hash
from qantara.evaluate.answers.local_answers import Advance, DirectAnswers, LocalAnswers
from qantara.evaluate.answers.self_test import check_answers
from qantara.evaluate.answers.server_answers import ServerAnswers, ServerScoring
from qantara.evaluate.answers.server_check import check_server
from qantara.evaluate.calling.costs import Meter, Metered
from qantara.evaluate.calling.replies import Generation, open_caller
from qantara.evaluate.calling.translation_route import Route, open_route
from qantara.evaluate.prompting.arms import chosen_arms
from qantara.evaluate.prompting.prompts import begin_mark
from qantara.evaluate.room import Replying, Room
from qantara.evaluation.options import COMMAND, Options, translator_config, translator_folder
from qantara.languages import language
from qantara.llm.caller import Desk
from qantara.llm.local import LocalConfig
from qantara.llm.opening import Callers, open_desk
from qantara.llm.prices import Prices, read_prices

if TYPE_CHECKING:
    from qantara.models.likelihood import Scorer

_LOG = logging.getLogger(__name__)
# A token's log-probability between batches: in bf16 0.17 was seen on a sound model, a wrong mask moves it by whole nats.
_FP32_NATS, _ROUNDED_NATS = 1e-3, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A room and what identifies the model in it, JSON-ready: all that its numbers follow from besides prompts.

    `desk` is the one that a server's likelihoods are asked at, to be closed at the end.
    """

    room: Room
    identity: dict[str, object]
    desk: Desk | None = None

    def close(self) -> None:
        """End what still runs beside the program."""
        if self.desk is not None:
            self.desk.close()


def open_evaluation(options: Options, engine: sa.Engine, advance: Advance) -> Opened:
    """Return the room of an evaluation; a server is tested here, a model that runs here when it is loaded."""
    opened = _server(options, engine, advance) if options.model.endpoint else _local(options, engine, advance)
    translator = translator_config(options)
    if translator is None:
        return replace(opened, room=replace(opened.room, advance=advance))
    folder = translator_folder(options)

    def route(languages: Sequence[str], meter: Meter) -> Route:
        return open_route(translator, languages, engine, folder, meter)

    return Opened(
        room=replace(opened.room, open_route=route, advance=advance),
        identity=opened.identity | {"translator": translator.model_dump(mode="json")["model"]},
    )


def local_tokenizer(options: Options) -> Any:  # noqa: ANN401 - a tokenizer of transformers
    """Return the tokenizer of a model that runs here; ModelError where a chat template is asked for and it has none."""
    from qantara.models.loading import load_tokenizer
    from qantara.models.references import resolve

    tokenizer = load_tokenizer(resolve(options.model.name))
    if options.config.chat and not tokenizer.chat_template:
        raise ModelError(f"model {options.model.name} has no chat template: leave --chat out")
    return tokenizer


def _prices(options: Options) -> Prices:
    return read_prices(options.prices) if options.prices else Prices()


def _local(options: Options, engine: sa.Engine, advance: Advance) -> Opened:
    from qantara.models.fingerprints import fingerprint
    from qantara.models.loading import context_tokens, default_device, fastest_dtype
    from qantara.models.references import resolve

    asked = options.model
    folder = resolve(asked.name)
    tokenizer = local_tokenizer(options)
    dtype = str(fastest_dtype(default_device())).removeprefix("torch.") if asked.dtype == "auto" else asked.dtype
    identity: dict[str, object] = {
        "weights": fingerprint(folder),
        "adapter": fingerprint(asked.adapter) if asked.adapter else "",
        "dtype": dtype,
        "quantization": asked.quantization,
        "device": default_device().type,
    }
    answers = LocalAnswers(
        tokenizer=tokenizer,
        load=lambda: _loaded(options, folder, tokenizer, dtype),
        rows=AnswerRows(engine),
        identity=identity,
        batch_size=options.config.batch_size,
        context_tokens=context_tokens(folder),
        advance=advance,
    )
    room = Room(
        model=_shown_name(options),
        engine=engine,
        prices=_prices(options),
        tokenizer=tokenizer,
        answers=answers,
        replying=_local_replying(options, engine, identity, has_template=bool(tokenizer.chat_template)),
    )
    return Opened(room=room, identity={"model": asked.shown_as or asked.name} | identity)


def _shown_name(options: Options) -> str:
    asked = options.model
    return asked.shown_as or asked.name + (f" + {asked.adapter.resolve().name}" if asked.adapter else "")


def _loaded(options: Options, folder: Path, tokenizer: Any, dtype: str) -> "Scorer":  # noqa: ANN401
    from qantara.models.adapters import load_adapter
    from qantara.models.likelihood import Scorer
    from qantara.models.loading import load_model

    asked = options.model
    model: Any = load_model(
        folder, quantization=asked.quantization, dtype="bfloat16" if dtype == "bfloat16" else "float32"
    )
    if asked.adapter is not None:
        model = load_adapter(model, asked.adapter)
    tested = DirectAnswers(tokenizer, Scorer(model), options.config.batch_size)
    mark = begin_mark(tokenizer)
    is_exact = dtype == "float32" and asked.quantization == "none"
    for warning in check_answers(tested, lambda text: mark + text, _FP32_NATS if is_exact else _ROUNDED_NATS):
        _LOG.warning("%s", warning)
    return Scorer(model)


def _local_replying(
    options: Options, engine: sa.Engine, identity: dict[str, object], *, has_template: bool
) -> Replying | None:
    if "generate" not in options.config.scoring:
        return None
    asked = options.model
    config = LocalConfig(
        backend="local",
        model=asked.name,
        adapter=asked.adapter,
        quantization=asked.quantization,
        dtype=asked.dtype,
        batch_size=options.config.batch_size,
        max_input_tokens=32768,
        template="chat" if has_template else "none",
    )
    generation = Generation(
        model=f"{asked.name}@{identity_hash(identity)[:12]}",
        max_tokens=options.config.max_reply_tokens,
        form="chat" if has_template else "message",
        stop=() if has_template else _stops(options),
    )

    def opened(meter: Meter) -> Metered:
        return open_caller(config, engine, Path.cwd(), meter)

    return Replying(open_caller=opened, generation=generation)


def _stops(options: Options) -> tuple[str, ...]:
    """Return where a model without turns would go on with a question of its own."""
    arms = chosen_arms(options.config.arms, options.config.direction)
    codes = dict.fromkeys(arm.prompt_language for arm in arms)
    return tuple(f"\n{language(code).question_label}:" for code in codes)


def _server(options: Options, engine: sa.Engine, advance: Advance) -> Opened:
    asked, folder = options.model, Path.cwd()
    if options.config.chat and asked.interface != "chat":
        raise RecipeError(COMMAND, ["chat: a server has its own template: ask it with --interface chat"])
    backend = asked.server()
    arms = options.config.chosen()
    labels = tuple(dict.fromkeys(options.config.spec(arm).labels(4) for arm in arms))
    letters, texts = ("letter" in options.config.scoring), ("text" in options.config.scoring)
    answers, desk = None, None
    if letters or texts:
        scoring = ServerScoring(model=asked.name, label_sets=labels, interface=asked.interface)
        desk = open_desk(engine, folder, None)
        caller = Callers(desk, folder, engine).of(backend)
        try:
            warnings = check_server(caller, scoring, letters=letters, texts=texts)
        except CallError:
            desk.close()
            raise
        for warning in warnings:
            _LOG.warning("%s", warning)
        all_labels = tuple(dict.fromkeys(options.config.spec(arm).labels(8) for arm in arms))
        scoring = ServerScoring(model=asked.name, label_sets=all_labels, interface=asked.interface)
        answers = ServerAnswers(caller, scoring, advance)
    replying = None
    if "generate" in options.config.scoring:
        generation = Generation(model=asked.name, max_tokens=options.config.max_reply_tokens)
        replying = Replying(
            open_caller=lambda meter: open_caller(backend, engine, folder, meter), generation=generation
        )
    room = Room(model=asked.name, engine=engine, prices=_prices(options), answers=answers, replying=replying)
    identity: dict[str, object] = {"model": asked.name, "server": asked.endpoint, "interface": asked.interface}
    return Opened(room=room, identity=identity, desk=desk)
