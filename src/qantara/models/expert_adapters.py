"""A PEFT layer that holds low-rank factors for the fused experts of one Mixture-of-Experts layer.

The factors are fp32 and shaped (experts, in, rank) and (experts, rank, out), one pair a projection; `peft_layout` turns them into
PEFT's own shapes and back. PEFT's custom-layer hook is experimental and leaves no trace in adapter_config.json: whoever loads an
adapter registers this class again, as `adapters` does. Not covered: merging (see `merge`), DoRA, several adapters active at once.
"""

import math
from typing import Any

import torch
from peft.tuners.lora.layer import LoraLayer
from torch import Tensor, nn

from qantara.models.experts_forward import Factors, LowRank, run_experts
from qantara.models.layouts import PROJECTIONS, projection_shape


class ExpertsLora(nn.Module, LoraLayer):
    """Fused experts with low-rank factors; B starts at zero, so an untrained adapter changes nothing."""

    adapter_layer_names = ("lora_A", "lora_B")

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__()
        LoraLayer.__init__(self, base_layer)
        self.dropout: dict[str, float] = {}
        self._active_adapter = adapter_name
        self.update_layer(adapter_name, settings["r"], settings["lora_alpha"], config)

    def _get_in_out_features(self, module: Any) -> tuple[int, int]:  # noqa: ANN401
        return module.hidden_dim, module.hidden_dim

    def update_layer(self, adapter_name: str, r: int, lora_alpha: float, config: Any, **_: Any) -> None:  # noqa: ANN401
        """Add an adapter; names and arguments are PEFT's."""
        self.r[adapter_name], self.lora_alpha[adapter_name] = r, lora_alpha
        self.scaling[adapter_name] = lora_alpha / r
        self.use_rslora[adapter_name] = False
        self.dropout[adapter_name] = config.lora_dropout
        base = self.get_base_layer()
        self.lora_A[adapter_name], self.lora_B[adapter_name] = _new_factors(base, r)
        self.set_adapter([adapter_name], inference_mode=config.inference_mode)

    def forward(self, hidden: Tensor, top_index: Tensor, top_weights: Tensor) -> Tensor:
        """Return the experts' output (tokens, hidden), with the active adapter unless adapters are disabled."""
        base = self.get_base_layer()
        active = [name for name in self.active_adapters if name in self.lora_A]
        if self.disable_adapters or not active:
            return run_experts(base, hidden, top_index, top_weights, None)
        name = active[0]
        a, b = self.lora_A[name].get_parameter, self.lora_B[name].get_parameter
        factors = Factors(*(side(projection) for projection in PROJECTIONS for side in (a, b)))
        dropout = self.dropout[name] if self.training else 0.0
        return run_experts(base, hidden, top_index, top_weights, LowRank(factors, self.scaling[name], dropout))


def _new_factors(experts: Any, rank: int) -> tuple[nn.Module, nn.Module]:  # noqa: ANN401 - one of EXPERTS, untyped
    a, b = nn.Module(), nn.Module()
    device = next(experts.parameters()).device
    for projection in PROJECTIONS:
        width_out, width_in = projection_shape(experts, projection)
        bound = 1 / math.sqrt(width_in)  # what PEFT's own layers get from kaiming_uniform_(a=sqrt(5))
        initial = torch.empty(experts.num_experts, width_in, rank).uniform_(-bound, bound)
        a.register_parameter(projection, nn.Parameter(initial.to(device)))
        b.register_parameter(projection, nn.Parameter(torch.zeros(experts.num_experts, rank, width_out, device=device)))
    return a, b
