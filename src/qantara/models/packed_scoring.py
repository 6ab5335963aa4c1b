"""Trees of tokens -> scores, with all that is shared run once: a group's beginning by its cache, a question's by a block mask.

A question and all its answers are one row. Each token sees its group's beginning, its stem and its own way through the tree, at the
position it would have alone, so the answers don't see each other. Sliding windows are in the mask; the cache keeps all keys.
Covers decoders with attention that takes a 4-D mask (SDPA, eager), not state-space or other models that a mask can't steer.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from qantara.models.language_head import LanguageHead, TokenScores
from qantara.models.token_trees import TokenTree

Observer = Callable[[Tensor], None]
_IMPLEMENTATIONS = ("sdpa", "eager")
_LAYER_TYPES = {"full_attention", "sliding_attention"}
_ARGUMENTS = {"attention_mask", "position_ids", "past_key_values"}


def why_not_packed(backbone: Any) -> str:  # noqa: ANN401 - a decoder of transformers
    """Return why a model can't be scored packed, for people; "" if it seems to be able to."""
    config = backbone.config
    others = set(getattr(config, "layer_types", None) or ()) - _LAYER_TYPES
    if getattr(backbone, "_is_stateful", False) or others:
        return f"it has layers other than attention over all or a window of tokens ({', '.join(sorted(others)) or 'states'})"
    if config._attn_implementation not in _IMPLEMENTATIONS:
        return f"its attention ({config._attn_implementation}) takes no mask of its own"
    if missing := _ARGUMENTS - set(inspect.signature(backbone.forward).parameters):
        return f"its forward takes no {', '.join(sorted(missing))}"
    return "its attention isn't causal" if getattr(config, "use_bidirectional_attention", False) else ""


def sliding_window(config: Any) -> int | None:  # noqa: ANN401 - a config of transformers
    """Return how many tokens, itself included, a token of a sliding layer sees; None where all layers see all."""
    window = getattr(config, "sliding_window", None)
    types = getattr(config, "layer_types", None)
    return int(window) if window and (types is None or "sliding_attention" in types) else None


class _SharedLayer(DynamicLayer):  # type: ignore[no-untyped-call]  # its __init_subclass__ is
    """Keys and values of one beginning, for any number of rows; what a forward adds isn't kept, so one cache serves all batches."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys, self.values, self.is_initialized = keys, values, True
        self._shared = keys, values

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        rows = key_states.shape[0]
        keys, values = (part.expand(rows, -1, -1, -1) for part in self._shared)
        return torch.cat([keys, key_states], dim=-2), torch.cat([values, value_states], dim=-2)


class _Rows(NamedTuple):
    input_ids: Tensor  # (batch, length)
    positions: Tensor  # (batch, length)
    allowed: Tensor  # (batch, length, prefix + length): what each position may see, windows aside
    real: Tensor  # (batch, length): what is not padding


class PackedScoring:
    """Scores batches of a model; holds the cache of one beginning at a time."""

    name = "packed"

    def __init__(self, backbone: Any, head: LanguageHead) -> None:  # noqa: ANN401 - a decoder of transformers
        self._backbone, self._head = backbone, head
        self._window = sliding_window(backbone.config)
        types = getattr(backbone.config, "layer_types", None)
        self._is_mixed = self._window is not None and types is not None and "full_attention" in types
        self._prefix: tuple[int, ...] = ()
        self._cache: DynamicCache | None = None

    def scores(self, prefix: tuple[int, ...], trees: Sequence[TokenTree], observe: Observer) -> TokenScores:
        """Return the scores of all trees' targets, one after another; each stem must begin with `prefix` and be longer."""
        device = self._backbone.device
        self.prepare(prefix, observe)
        rows = _collated(trees, len(prefix))
        observe(rows.real.to(device))
        hidden = self._backbone(
            input_ids=rows.input_ids.to(device),
            position_ids=rows.positions.to(device),
            attention_mask=self._masks(rows.positions, len(prefix), rows.allowed),
            past_key_values=self._cache,
            use_cache=self._cache is not None,
        ).last_hidden_state
        places, numbers, tokens = _places(trees, len(prefix))
        needed = hidden[places[:, 0].to(device), places[:, 1].to(device)]
        return self._head.scores(needed, numbers.to(device), tokens.to(device))

    def prepare(self, prefix: tuple[int, ...], observe: Observer) -> None:
        """Run a group's beginning, unless its cache is held already."""
        if prefix == self._prefix:
            return
        self._prefix, self._cache = (), None
        if prefix:
            self._cache = self._run(prefix, observe)
        self._prefix = prefix

    def _run(self, prefix: tuple[int, ...], observe: Observer) -> DynamicCache:
        input_ids = torch.tensor([prefix], device=self._backbone.device)
        observe(torch.ones_like(input_ids, dtype=torch.bool))
        masks = None
        if self._window is not None and len(prefix) > self._window:
            positions = torch.arange(len(prefix))[None]
            masks = self._masks(positions, 0, torch.ones(1, len(prefix), len(prefix), dtype=torch.bool).tril_())
        cache = DynamicCache()  # without the config: with it, sliding layers would let go of keys
        self._backbone(input_ids=input_ids, attention_mask=masks, past_key_values=cache, use_cache=True)
        layers: list[Any] = list(cache.layers)
        cache.layers = [_SharedLayer(layer.keys, layer.values) for layer in layers]
        return cache

    def _masks(self, positions: Tensor, num_before: int, allowed: Tensor) -> Tensor | dict[str, Tensor]:
        """Return what is added to attention, by type of layer where there are several."""
        if self._window is None:
            return self._added(allowed)
        before = torch.arange(num_before).expand(positions.shape[0], -1)
        of_keys = torch.cat([before, positions], dim=1)
        near = positions[:, :, None] - of_keys[:, None, :] < self._window
        sliding = self._added(allowed & near)
        return {"full_attention": self._added(allowed), "sliding_attention": sliding} if self._is_mixed else sliding

    def _added(self, allowed: Tensor) -> Tensor:
        dtype = self._backbone.dtype
        added = torch.zeros(allowed.shape, dtype=dtype).masked_fill_(~allowed, torch.finfo(dtype).min)
        return added[:, None].to(self._backbone.device)


def _collated(trees: Sequence[TokenTree], num_before: int) -> _Rows:
    size, length = len(trees), max(tree.num_tokens for tree in trees) - num_before
    input_ids, positions = (np.zeros((size, length), dtype=np.int64) for _ in range(2))
    allowed = np.zeros((size, length, num_before + length), dtype=bool)
    real = np.zeros((size, length), dtype=bool)
    for i, tree in enumerate(trees):
        stem, end = len(tree.encoded.stem) - num_before, tree.num_tokens - num_before
        input_ids[i, :stem] = tree.encoded.stem[num_before:]
        input_ids[i, stem:end] = tree.tokens
        positions[i, :stem] = np.arange(num_before, num_before + stem)
        positions[i, stem:end] = np.array(tree.depths, dtype=np.int64) + (num_before + stem - 1)
        allowed[i, :end, :num_before] = True
        row = allowed[i, :, num_before:]
        row[:stem, :stem] = np.tri(stem, dtype=bool)
        row[stem:end, :stem] = True
        row[stem:end, stem:end] = _ancestors(tree)
        # a padded position must see something, or its softmax is not a number; itself is near enough for any window
        row[range(end, length), range(end, length)] = True
        real[i, :end] = True
    return _Rows(*(torch.from_numpy(part) for part in (input_ids, positions, allowed, real)))


def _ancestors(tree: TokenTree) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which nodes (columns) lie on the way to each node (rows), itself included."""
    seen = np.eye(len(tree.tokens), dtype=bool)
    for node, parent in enumerate(tree.parents):
        if parent >= 0:
            seen[node] |= seen[parent]
    return seen


def _places(trees: Sequence[TokenTree], num_before: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the distinct (row, position) that are read, and for each target the number of its place and its token."""
    places: dict[tuple[int, int], int] = {}
    numbers, tokens = [], []
    for i, tree in enumerate(trees):
        first = len(tree.encoded.stem) - num_before
        for node, token in tree.targets:
            numbers.append(places.setdefault((i, first + node), len(places)))  # node -1 is the stem's last
            tokens.append(token)
    return torch.tensor(list(places)), torch.tensor(numbers), torch.tensor(tokens)
