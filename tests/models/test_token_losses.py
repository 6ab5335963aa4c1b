import pytest
import torch
import torch.nn.functional as F
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM

from qantara.models import token_losses as module
from qantara.models.token_losses import forward_with_losses, token_losses

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "vocab_size": 96,
}


@pytest.fixture
def asked():
    torch.manual_seed(0)
    ids = torch.randint(96, (1, 12))
    rows = torch.tensor([1, 4, 5, 10])
    return {"input_ids": ids, "logits_to_keep": rows, "use_cache": False}, ids[0, rows + 1]


def model_of(kind):
    torch.manual_seed(1)
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**SIZES))
    cap = 5.0 if kind == "gemma with capped logits" else None
    return Gemma3ForCausalLM(Gemma3TextConfig(**SIZES, final_logit_softcapping=cap))


def test_losses_and_gradients_are_those_of_cross_entropy_over_all_logits(monkeypatch):
    monkeypatch.setattr(module, "_chunk", lambda weight: 3)
    torch.manual_seed(0)
    hidden = torch.randn(10, 16, dtype=torch.float64, requires_grad=True)
    weight, targets = torch.randn(50, 16, dtype=torch.float64), torch.randint(50, (10,))
    found = token_losses(hidden, weight, targets)
    wanted = F.cross_entropy(hidden @ weight.t(), targets, reduction="none")
    assert torch.allclose(found.double(), wanted, rtol=1e-6)
    of_tokens = torch.randn(10)
    (of_found,) = torch.autograd.grad(found, hidden, of_tokens)
    (of_wanted,) = torch.autograd.grad(wanted, hidden, of_tokens.double())
    assert torch.allclose(of_found, of_wanted, atol=1e-6)


@pytest.mark.parametrize("kind", ["llama", "gemma", "gemma with capped logits"])
@pytest.mark.parametrize("head_trains", [False, True])
def test_a_models_losses_are_those_of_its_logits(asked, kind, head_trains):
    inputs, targets = asked
    model = model_of(kind)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone(), requires_grad=head_trains)
    trained = [model.model.layers[0].mlp.up_proj.weight] + [model.lm_head.weight] * head_trains
    losses, _ = forward_with_losses(model, targets, **inputs)
    found = torch.autograd.grad(losses.sum(), trained)
    wanted = F.cross_entropy(model(**inputs).logits[0], targets, reduction="none")
    of_wanted = torch.autograd.grad(wanted.sum(), trained)
    assert torch.allclose(losses, wanted, atol=1e-5)
    assert all(torch.allclose(one, other, atol=1e-4) for one, other in zip(found, of_wanted, strict=True))


def test_the_head_gives_logits_again_afterwards_also_after_a_failure(asked):
    inputs, targets = asked
    model = model_of("llama").requires_grad_(False)
    forward_with_losses(model, targets, **inputs)
    with pytest.raises(IndexError):
        forward_with_losses(model, targets, **inputs | {"input_ids": torch.tensor([[1000]])})
    assert model(**inputs).logits.shape == (1, 4, 96)


def test_validation_makes_no_gradient(asked):
    inputs, targets = asked
    model = model_of("llama").requires_grad_(False)
    with torch.inference_mode():
        losses, _ = forward_with_losses(model, targets, **inputs)
    assert losses.grad_fn is None
    assert losses.shape == targets.shape
