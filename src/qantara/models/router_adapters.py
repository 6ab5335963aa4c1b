"""A PEFT layer that holds low-rank factors for the router of one Mixture-of-Experts layer.

PEFT's own layer for parameters refuses a configuration with dropout or DoRA, which attention may have beside it. This one has
neither, keeps its factors in fp32 as the router's weight is, and stores them as PEFT does: `lora_A` (rank, hidden), `lora_B`
(experts, rank). Not covered: merging, several adapters active at once.
"""

from typing import Any

import torch
from peft.tuners.lora.layer import LoraLayer
from torch import Tensor, nn


class RouterLora(nn.Module, LoraLayer):
    """A router whose weight has a low-rank addition; B starts at zero, so an untrained adapter changes nothing."""

    adapter_layer_names = ("lora_A", "lora_B")

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__()
        LoraLayer.__init__(self, base_layer)
        self._active_adapter = adapter_name
        self.update_layer(adapter_name, settings["r"], settings["lora_alpha"], config)

    def _get_in_out_features(self, module: Any) -> tuple[int, int]:  # noqa: ANN401
        return module.hidden_dim, module.num_experts

    def update_layer(self, adapter_name: str, r: int, lora_alpha: float, config: Any, **_: Any) -> None:  # noqa: ANN401
        """Add an adapter; names and arguments are PEFT's."""
        self.r[adapter_name], self.lora_alpha[adapter_name] = r, lora_alpha
        self.scaling[adapter_name] = lora_alpha / r
        self.use_rslora[adapter_name] = False
        experts, hidden = self.get_base_layer().get_parameter("weight").shape
        self.lora_A[adapter_name] = nn.Linear(hidden, r, bias=False, dtype=torch.float32)
        self.lora_B[adapter_name] = nn.Linear(r, experts, bias=False, dtype=torch.float32)
        nn.init.zeros_(self.lora_B[adapter_name].get_parameter("weight"))
        self._move_adapter_to_device_of_base_layer(adapter_name)
        self.set_adapter([adapter_name], inference_mode=config.inference_mode)

    def forward(self, hidden: Tensor) -> Any:  # noqa: ANN401 - (logits, weights, indices), as the router has them
        """Return what the router returns, from its own weight plus the active adapter's."""
        base = self.get_base_layer()
        active = [name for name in self.active_adapters if name in self.lora_A]
        if self.disable_adapters or not active:
            return base(hidden)
        name = active[0]
        added = self.lora_B[name].get_parameter("weight") @ self.lora_A[name].get_parameter("weight")
        # A call with another weight, not a product beside it: top-k and softmax stay the router's own, and so do the hooks on it
        # (fp32 inputs, recorded logits, counted experts).
        return torch.func.functional_call(base, {"weight": base.weight + self.scaling[name] * added}, (hidden,))
