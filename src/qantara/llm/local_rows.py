"""The rows a local model writes at once: their cache and mask, padded on the left; rows leave when they end, others join.

Holds tensors and token counts; knows nothing of requests, texts or sampling.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache


class Rows:
    """The cache of the rows that are being written. The newest token of each row is not in it yet: `step` takes it."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401  (a transformers model has no useful type)
        self._model = model
        self._cache: DynamicCache | None = None
        self._mask: torch.Tensor | None = None  # rows by columns of the cache; 0 where a row is padded

    def __len__(self) -> int:
        return 0 if self._mask is None else len(self._mask)

    @property
    def can_be_joined(self) -> bool:
        """Tell whether rows may join those that are there: layers that keep more than keys and values are not taken apart."""
        from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

        return self._cache is None or all(
            type(x) in (DynamicLayer, DynamicSlidingWindowLayer) for x in self._cache.layers
        )

    def join(self, prompts: list[list[int]]) -> "torch.Tensor":
        """Read prompts (token ids), add them as the last rows and return the logits of their first tokens, rows by vocabulary."""
        import torch
        from transformers import DynamicCache

        width = max(len(ids) for ids in prompts)
        padding = self._model.generation_config.pad_token_id or 0
        padded = [[padding] * (width - len(ids)) + ids for ids in prompts]
        rows = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        mask = torch.tensor(rows, device=self._model.device)
        cache = DynamicCache(config=self._model.config)
        logits = self._forward(torch.tensor(padded, device=self._model.device), mask, cache)
        if self._cache is None or self._mask is None:
            self._cache, self._mask = cache, mask
            return logits
        columns = max(width, self._mask.shape[1])
        self._mask = torch.cat([_widened(self._mask, 1, columns), _widened(mask, 1, columns)])
        for layer, other in zip(self._cache.layers, cache.layers, strict=True):
            _stack(layer, other, columns)
        return logits

    def step(self, tokens: list[int]) -> "torch.Tensor":
        """Append each row's newest token and return the logits of the next ones, rows by vocabulary, in fp32."""
        import torch

        if self._mask is None:
            raise RuntimeError("there are no rows to go on with")
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=-1)
        return self._forward(torch.tensor(tokens, device=self._mask.device).view(-1, 1), self._mask, self._cache)

    def keep(self, rows: list[int]) -> None:
        """Go on with some of the rows; columns that only the others needed go too."""
        import torch

        if self._mask is None or self._cache is None or len(rows) == len(self._mask):
            return
        if not rows:
            self._cache = self._mask = None
            return
        selected = torch.tensor(rows, dtype=torch.long, device=self._mask.device)
        self._cache.batch_select_indices(selected)
        self._mask = self._mask[selected]
        if self.can_be_joined and (unused := int(self._mask.any(0).int().argmax())):
            self._mask = self._mask[:, unused:]
            for layer in self._cache.layers:
                _cut(layer, self._mask.shape[1])

    def _forward(self, inputs: "torch.Tensor", mask: "torch.Tensor", cache: "DynamicCache | None") -> "torch.Tensor":
        import torch

        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
        with torch.inference_mode():
            out = self._model(
                input_ids=inputs,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        logits: torch.Tensor = out.logits[:, -1].float()
        return logits


def _kept(layer: Any, columns: int) -> int:  # noqa: ANN401  (a layer of a cache)
    """Return how many of so many columns a layer holds: a sliding window drops the oldest."""
    return min(columns, layer.sliding_window - 1) if layer.is_sliding else columns


def _stack(layer: Any, other: Any, columns: int) -> None:  # noqa: ANN401  (layers of a cache)
    """Add the rows of `other` to `layer`, both widened on the left to `columns` columns."""
    import torch

    if not layer.is_initialized:  # the layer uses another one's keys and values
        return
    width = _kept(layer, columns)
    layer.keys = torch.cat([_widened(layer.keys, 2, width), _widened(other.keys, 2, width)])
    layer.values = torch.cat([_widened(layer.values, 2, width), _widened(other.values, 2, width)])
    if layer.is_sliding:
        layer.cumulative_length = columns


def _cut(layer: Any, columns: int) -> None:  # noqa: ANN401  (a layer of a cache)
    """Leave the newest `columns` columns of a layer."""
    if not layer.is_initialized:
        return
    width = _kept(layer, columns)
    layer.keys, layer.values = layer.keys[:, :, -width:], layer.values[:, :, -width:]
    if layer.is_sliding:
        layer.cumulative_length = columns


def _widened(tensor: "torch.Tensor", dimension: int, width: int) -> "torch.Tensor":
    """Return a tensor with zeros before it in one dimension, so that it is `width` wide there."""
    import torch

    missing = width - tensor.shape[dimension]
    if missing == 0:
        return tensor
    shape = list(tensor.shape)
    shape[dimension] = missing
    return torch.cat([tensor.new_zeros(shape), tensor], dim=dimension)
