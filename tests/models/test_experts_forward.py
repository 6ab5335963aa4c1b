import pytest
import torch
from torch import nn
from transformers.models.mixtral.configuration_mixtral import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralExperts

from qantara.models import experts_forward
from qantara.models.experts_forward import Factors, frozen_experts, run_experts, sort_rows
from qantara.models.nf4_experts import PROJECTIONS, expert_weights, quantize

EXPERTS, HIDDEN, INTERMEDIATE, RANK, SCALE = 4, 64, 128, 8, 2.0


@pytest.fixture
def pair():
    """Quantized experts and plain ones that hold the same (dequantized) weights."""
    torch.manual_seed(0)
    config = MixtralConfig(hidden_size=HIDDEN, intermediate_size=INTERMEDIATE, num_local_experts=EXPERTS)
    config._experts_implementation = "eager"
    packed, plain = MixtralExperts(config), MixtralExperts(config)
    for projection in PROJECTIONS:
        shape = packed.get_parameter(projection).shape
        packed.register_parameter(projection, quantize(packed, projection, torch.randn(shape) * 0.1))
        plain.get_parameter(projection).data = expert_weights(packed, projection, torch.float32)
    return packed, plain


@pytest.fixture
def given():
    torch.manual_seed(1)
    hidden = torch.randn(20, HIDDEN, requires_grad=True)
    chosen = torch.stack([torch.randperm(EXPERTS - 1)[:2] for _ in range(20)])  # the last expert gets no token
    weights = torch.rand(20, 2).requires_grad_()
    shapes = [
        (EXPERTS, HIDDEN, RANK),
        (EXPERTS, RANK, 2 * INTERMEDIATE),
        (EXPERTS, INTERMEDIATE, RANK),
        (EXPERTS, RANK, HIDDEN),
    ]
    factors = Factors(*[(torch.randn(shape) * 0.1).requires_grad_() for shape in shapes])
    return hidden, chosen, weights, factors


def folded(plain, factors):
    """Plain experts with the low-rank products added to their weights: the definition of LoRA."""
    a_b = {"gate_up_proj": factors[:2], "down_proj": factors[2:]}
    weights = {
        projection: plain.get_parameter(projection) + SCALE * (a @ b).transpose(1, 2)
        for projection, (a, b) in a_b.items()
    }
    return lambda *arguments: torch.func.functional_call(plain, weights, arguments)


def test_frozen_experts_equal_the_stock_forward_on_dequantized_weights(pair, given):
    packed, plain = pair
    hidden, chosen, weights, _ = given
    found = frozen_experts(packed, hidden, chosen, weights)
    wanted = plain(hidden, chosen, weights)
    assert torch.allclose(found, wanted, atol=1e-5)
    of_found = torch.autograd.grad(found.square().mean(), [hidden, weights])
    of_wanted = torch.autograd.grad(wanted.square().mean(), [hidden, weights])
    for one, other in zip(of_found, of_wanted, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_low_rank_factors_equal_folding_them_into_the_weights(pair, given):
    packed, plain = pair
    hidden, chosen, weights, factors = given
    inputs = [hidden, weights, *factors]
    found = run_experts(packed, hidden, chosen, weights, (factors, SCALE))
    wanted = folded(plain, factors)(hidden, chosen, weights)
    assert torch.allclose(found, wanted, atol=1e-5)
    of_found = torch.autograd.grad(found.square().mean(), inputs)
    of_wanted = torch.autograd.grad(wanted.square().mean(), inputs)
    for one, other in zip(of_found, of_wanted, strict=True):
        assert torch.allclose(one, other, atol=1e-5 * max(1.0, other.abs().max().item()))
    assert of_found[2][-1].abs().max() == 0


def test_numerical_gradients_agree(pair):
    _, plain = pair
    plain.double()
    torch.manual_seed(2)
    draw = lambda *shape: (torch.randn(*shape, dtype=torch.float64) * 0.3).requires_grad_()  # noqa: E731
    factors = [
        draw(EXPERTS, HIDDEN, 8),
        draw(EXPERTS, 8, 256),
        draw(EXPERTS, INTERMEDIATE, 8),
        draw(EXPERTS, 8, HIDDEN),
    ]
    chosen = torch.tensor([[0, 1], [1, 2]])

    def forward(hidden, weights, *low_rank):
        return run_experts(plain, hidden, chosen, weights, (Factors(*low_rank), SCALE))

    assert torch.autograd.gradcheck(forward, (draw(2, HIDDEN), draw(2, 2), *factors), fast_mode=True)


def test_grouped_products_equal_the_loop(pair, given, monkeypatch):
    packed, _ = pair
    hidden, chosen, weights, factors = given
    results = []
    for grouped in (False, True):
        monkeypatch.setattr(
            experts_forward,
            "sort_rows",
            lambda experts, index, scale, grouped, forced=grouped: sort_rows(experts, index, scale, grouped=forced),
        )
        low = hidden.detach().to(torch.bfloat16).requires_grad_()
        output = run_experts(packed, low, chosen, weights, (factors, SCALE))
        results.append([output, *torch.autograd.grad(output.float().square().mean(), [low, weights, *factors])])
    for one, other in zip(*results, strict=True):
        assert (one.float() - other.float()).norm() <= 0.02 * one.float().norm()


def test_a_single_token_needs_only_its_experts(pair):
    packed, plain = pair
    hidden, chosen, weights = torch.randn(1, HIDDEN), torch.tensor([[2, 0]]), torch.tensor([[0.7, 0.3]])
    rows = sort_rows(packed, chosen, 0.0, grouped=False)
    assert rows.bounds == ((0, 0, 1), (2, 1, 2))
    with torch.inference_mode():
        assert torch.allclose(
            frozen_experts(packed, hidden, chosen, weights), plain(hidden, chosen, weights), atol=1e-5
        )


def test_weights_of_experts_get_no_gradient(pair, given):
    _, plain = pair
    hidden, chosen, weights, _ = given
    frozen_experts(plain, hidden, chosen, weights).sum().backward()
    assert all(isinstance(tensor, nn.Parameter) and tensor.grad is None for tensor in plain.parameters())
