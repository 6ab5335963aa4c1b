"""Which experts each language uses while a mixture trains: counted at every training step, told at every validation.

Load, entropy and specialization by layer; experts that (almost) no token goes to are warned of. Counts are of the tokens since the
last telling, so that a router's drift shows. On a dense model nothing is counted. Knows nothing of losses.
"""

import contextlib
import itertools
import logging
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from qantara.models.expert_use import ExpertUse, LayerUse, count_expert_use, dead_experts, specialization
from qantara.models.layouts import has_experts
from qantara.train.processes import Processes

_LOG = logging.getLogger(__name__)
_DIGITS = 5
_EXPERTS_SHOWN = 5


class Routing:
    """`rows` are the tellings so far, a step each, `layers` the last one in full; JSON-ready, and empty at first."""

    def __init__(self, model: nn.Module, languages: tuple[str, ...]) -> None:
        self._model, self._languages = (model if has_experts(model) else None), languages
        self._use: ExpertUse | None = None
        self.rows: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = []

    @contextlib.contextmanager
    def counting(self) -> Iterator[ExpertUse | None]:
        """Within this, forwards of the model are counted; tell the use that is given which position is of which language."""
        if self._model is None:
            yield None
            return
        with count_expert_use(self._model, self._languages) as use:
            yield use
        if self._use is not None:
            use.sums += self._use.sums
            use.tokens += self._use.tokens
        self._use = use

    def tell(self, step: int, processes: Processes) -> None:
        """End a stretch of counting at `step`: add a row, and warn of experts that no language uses."""
        if self._use is None:
            return
        use, self._use = self._use, None
        use.sums, use.tokens = processes.total(use.sums), processes.total(use.tokens)
        by_language = {
            language: use.layers(language)
            for language, tokens in zip(self._languages, use.tokens.tolist(), strict=True)
            if tokens
        }
        if not by_language:
            return
        dead = dead_experts(use.layers())
        self.rows.append(_row(step, by_language, dead))
        self.layers = _layers(by_language)
        if dead and processes.is_main:
            _warn(step, dead)

    def state(self, processes: Processes) -> dict[str, Any]:
        """Return what a checkpoint needs to go on counting; all processes must ask."""
        counts: list[Tensor] = []
        if self._use is not None:
            counts = [processes.total(self._use.sums), processes.total(self._use.tokens)]
        return {"rows": self.rows, "layers": self.layers, "counts": counts}

    def resume(self, state: dict[str, Any], processes: Processes) -> None:
        """Go on from a checkpoint's state."""
        self.rows, self.layers = state["rows"], state["layers"]
        if self._model is not None and state["counts"]:
            with count_expert_use(self._model, self._languages) as use:
                device, share = use.sums.device, float(processes.is_main)
            use.sums, use.tokens = (counts.to(device) * share for counts in state["counts"])
            self._use = use


def _row(step: int, by_language: dict[str, list[LayerUse]], dead: list[tuple[int, int]]) -> dict[str, Any]:
    entropy = {language: _mean([use.entropy for use in layers]) for language, layers in by_language.items()}
    pairs = {
        f"{one}-{other}": _mean(specialization(by_language[one], by_language[other]))
        for one, other in itertools.combinations(by_language, 2)
    }
    return {"step": step, "entropy": entropy, "specialization": pairs, "dead_experts": [list(place) for place in dead]}


def _layers(by_language: dict[str, list[LayerUse]]) -> list[dict[str, Any]]:
    return [
        {
            "layer": use.layer,
            "language": language,
            "share": [round(share, _DIGITS) for share in use.share],
            "entropy": round(use.entropy, _DIGITS),
        }
        for language, layers in by_language.items()
        for use in layers
    ]


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), _DIGITS)


def _warn(step: int, dead: list[tuple[int, int]]) -> None:
    listed = ", ".join(f"{layer}/{expert}" for layer, expert in dead[:_EXPERTS_SHOWN])
    more = len(dead) - _EXPERTS_SHOWN
    _LOG.warning(
        "step %d: %d experts get almost no token (layer/expert): %s%s; a higher train.router_aux_loss_coefficient spreads them",
        step,
        len(dead),
        listed,
        f" and {more} more" if more > 0 else "",
    )
