import bitsandbytes as bnb
import pytest
import torch
from bitsandbytes.nn.modules import Linear4bit
from peft import PeftModel
from safetensors.torch import load_file
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoModelForCausalLM
from transformers.models.mixtral.configuration_mixtral import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralExperts

from qantara.models import expert_rows, experts_forward
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.expert_rows import route
from qantara.models.experts_forward import Factors, LowRank, frozen_experts, run_experts
from qantara.models.layouts import EXPERTS, PROJECTIONS
from qantara.models.loading import load_model
from qantara.models.nf4_experts import expert_weights, quantize
from qantara.models.peft_layout import export_peft

NUM_EXPERTS, HIDDEN, INTERMEDIATE, RANK, SCALE = 4, 64, 128, 8, 2.0


@pytest.fixture
def pair():
    """Quantized experts and plain ones that hold the same (dequantized) weights."""
    torch.manual_seed(0)
    config = MixtralConfig(hidden_size=HIDDEN, intermediate_size=INTERMEDIATE, num_local_experts=NUM_EXPERTS)
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
    chosen = torch.stack([torch.randperm(NUM_EXPERTS - 1)[:2] for _ in range(20)])  # the last expert gets no token
    weights = torch.rand(20, 2).requires_grad_()
    shapes = [
        (NUM_EXPERTS, HIDDEN, RANK),
        (NUM_EXPERTS, RANK, 2 * INTERMEDIATE),
        (NUM_EXPERTS, INTERMEDIATE, RANK),
        (NUM_EXPERTS, RANK, HIDDEN),
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
    found = run_experts(packed, hidden, chosen, weights, LowRank(factors, SCALE))
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
        draw(NUM_EXPERTS, HIDDEN, 8),
        draw(NUM_EXPERTS, 8, 256),
        draw(NUM_EXPERTS, INTERMEDIATE, 8),
        draw(NUM_EXPERTS, 8, HIDDEN),
    ]
    chosen = torch.tensor([[0, 1], [1, 2]])

    def forward(hidden, weights, *low_rank):
        return run_experts(plain, hidden, chosen, weights, LowRank(Factors(*low_rank), SCALE))

    assert torch.autograd.gradcheck(forward, (draw(2, HIDDEN), draw(2, 2), *factors), fast_mode=True)


def results_of(experts, given, low_rank_dropout=0.0):
    hidden, chosen, weights, factors = given
    low = hidden.detach().to(torch.bfloat16).requires_grad_()
    torch.manual_seed(3)
    output = run_experts(experts, low, chosen, weights, LowRank(factors, SCALE, low_rank_dropout))
    return [output, *torch.autograd.grad(output.float().square().mean(), [low, weights, *factors])]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_grouped_products_equal_the_loop(pair, given, monkeypatch, dropout):
    packed, _ = pair
    results = []
    for way in ("loop", "grouped", "contiguous"):
        monkeypatch.setattr(experts_forward, "way_for", lambda device, dtype, way=way: way)
        results.append(results_of(packed, given, dropout))
    for one, *others in zip(*results, strict=True):
        assert all((one.float() - other.float()).norm() <= 0.02 * one.float().norm() for other in others)


@pytest.mark.parametrize("experts_at_once", [1, 2, 3])
def test_a_small_budget_of_dequantized_bytes_changes_no_bit(pair, given, monkeypatch, experts_at_once):
    packed, _ = pair
    asked = []
    monkeypatch.setattr(
        experts_forward,
        "expert_weights",
        lambda *arguments: asked.append(expert_weights(*arguments)) or asked[-1],
    )
    monkeypatch.setattr(experts_forward, "way_for", lambda device, dtype: "grouped")
    wanted = results_of(packed, given, 0.3)
    assert max(len(weights) for weights in asked) == NUM_EXPERTS
    asked.clear()
    packed.transient_bytes = experts_at_once * 2 * INTERMEDIATE * HIDDEN * 2
    found = results_of(packed, given, 0.3)
    assert max(len(weights) for weights in asked) == experts_at_once
    assert all(torch.equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_a_single_token_needs_only_its_experts(pair):
    packed, plain = pair
    hidden, chosen, weights = torch.randn(1, HIDDEN), torch.tensor([[2, 0]]), torch.tensor([[0.7, 0.3]])
    segments = route(packed, chosen, torch.float32, "loop").segments
    assert [(part.first, part.start, part.end) for part in segments] == [(0, 0, 1), (2, 1, 2)]
    with torch.inference_mode():
        assert torch.allclose(
            frozen_experts(packed, hidden, chosen, weights), plain(hidden, chosen, weights), atol=1e-5
        )


def test_weights_of_experts_get_no_gradient(pair, given):
    _, plain = pair
    hidden, chosen, weights, _ = given
    frozen_experts(plain, hidden, chosen, weights).sum().backward()
    assert all(isinstance(tensor, nn.Parameter) and tensor.grad is None for tensor in plain.parameters())


def test_no_token_at_all_is_no_output(pair):
    packed, _ = pair
    hidden = torch.zeros(0, HIDDEN, requires_grad=True)
    output = frozen_experts(packed, hidden, torch.zeros(0, 2, dtype=torch.long), torch.zeros(0, 2))
    output.sum().backward()
    assert output.shape == hidden.grad.shape == (0, HIDDEN)


def test_dropout_is_of_the_factors_inputs_alone_and_keeps_their_mean(pair, given):
    packed, _ = pair
    hidden, chosen, weights, factors = given
    with torch.no_grad():
        undropped = run_experts(packed, hidden, chosen, weights, LowRank(factors, 0.01))
        frozen = frozen_experts(packed, hidden, chosen, weights)
        draws = torch.stack(
            [run_experts(packed, hidden, chosen, weights, LowRank(factors, 0.01, 0.5)) for _ in range(300)]
        )
        assert torch.equal(frozen, run_experts(packed, hidden, chosen, weights, LowRank(factors, 0.0, 0.5)))
    assert not torch.equal(draws[0], draws[1])
    assert (draws.mean(0) - undropped).norm() < 0.2 * (undropped - frozen).norm()


def test_gradients_under_dropout_are_those_of_what_was_kept(pair):
    _, plain = pair
    plain.double()
    torch.manual_seed(2)
    draw = lambda *shape: (torch.randn(*shape, dtype=torch.float64) * 0.3).requires_grad_()  # noqa: E731
    shapes = [(NUM_EXPERTS, HIDDEN, 8), (NUM_EXPERTS, 8, 256), (NUM_EXPERTS, INTERMEDIATE, 8), (NUM_EXPERTS, 8, HIDDEN)]
    chosen = torch.tensor([[0, 1], [1, 2]])

    def forward(hidden, weights, *factors):
        torch.manual_seed(5)
        return run_experts(plain, hidden, chosen, weights, LowRank(Factors(*factors), SCALE, 0.4))

    given = (draw(2, HIDDEN), draw(2, 2), *(draw(*shape) for shape in shapes))
    assert torch.autograd.gradcheck(forward, given, fast_mode=True)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_checkpointing_changes_no_bit(pair, given, dropout):
    packed, _ = pair
    hidden, chosen, weights, factors = given
    results = []
    for is_checkpointed in (False, True):
        torch.manual_seed(4)
        run = lambda *inputs: run_experts(packed, *inputs, LowRank(factors, SCALE, dropout))  # noqa: E731
        output = (
            checkpoint(run, hidden, chosen, weights, use_reentrant=False)
            if is_checkpointed
            else run(hidden, chosen, weights)
        )
        results.append([output, *torch.autograd.grad(output.square().mean(), [hidden, weights, *factors])])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_padded_rows_change_neither_outputs_nor_gradients(pair, monkeypatch, dropout):
    packed, _ = pair
    torch.manual_seed(1)
    hidden, chosen = torch.randn(200, HIDDEN), torch.rand(200, NUM_EXPERTS).topk(2).indices
    shapes = [
        (NUM_EXPERTS, HIDDEN, RANK),
        (NUM_EXPERTS, RANK, 2 * INTERMEDIATE),
        (NUM_EXPERTS, INTERMEDIATE, RANK),
        (NUM_EXPERTS, RANK, HIDDEN),
    ]
    factors = Factors(*[(torch.randn(shape) * 0.1).requires_grad_() for shape in shapes])
    given = hidden, chosen, torch.rand(200, 2).requires_grad_(), factors
    padded = results_of(packed, given, dropout)
    monkeypatch.setattr(expert_rows, "_ROW_MULTIPLE", 1)
    for one, other in zip(padded, results_of(packed, given, dropout), strict=True):
        assert (one.float() - other.float()).norm() <= 0.005 * other.float().norm()


IDS = torch.arange(48).view(2, 24) * 7 % 61


def moved_adapter(folder, dropout=0.0):
    """Our model on NF4 experts in fp32, with adapters on attention, experts and router that are no longer as new."""
    model = attach(
        load_model(folder, quantization="nf4", dtype="float32"), AdapterConfig(rank=8, alpha=16, dropout=dropout)
    )
    torch.manual_seed(3)
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor += torch.randn_like(tensor) * 0.05
    return model.train()


def dequantized(ours, folder):
    """The plain model whose weights are the numbers that NF4 stands for."""
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    for full_name, module in ours.named_modules():
        name = full_name.replace(".base_layer", "")
        if isinstance(module, Linear4bit):
            weight = bnb.functional.dequantize_4bit(module.weight.data, module.weight.quant_state)
            plain.get_submodule(name).weight.data = weight.float()
        elif isinstance(module, EXPERTS):
            for projection in PROJECTIONS:
                plain.get_submodule(name).get_parameter(projection).data = expert_weights(
                    module, projection, torch.float32
                )
    return plain


def loss_and_gradients(model):
    """The loss with the routers' share of it, and the gradients by name, of the embedded inputs under "inputs"."""
    embedded = model.get_input_embeddings()(IDS).detach().requires_grad_()
    loss = model(inputs_embeds=embedded, labels=IDS, output_router_logits=True, use_cache=False).loss
    loss.backward()
    gradients = {name: tensor.grad for name, tensor in model.named_parameters() if tensor.requires_grad}
    return loss.item(), gradients | {"inputs": embedded.grad}


def in_peft_layout(model, gradients, folder):
    """Gradients of our factors as PEFT lays out its own: an adapter is saved that holds them, and exported."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.requires_grad:
                tensor.copy_(gradients[name])
    save_adapter(model, folder / "ours")
    return load_file(export_peft(folder / "ours", folder / "peft") / "adapter_model.safetensors")


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")
@pytest.mark.parametrize("kind", ["mixtral", "qwen3_moe"])
def test_loss_and_gradients_are_those_of_peft_on_the_dequantized_weights(kind, mixture_folders, tmp_path):
    ours = moved_adapter(mixture_folders[kind])
    save_adapter(ours, tmp_path / "adapter")
    exported = export_peft(tmp_path / "adapter", tmp_path / "exported")
    plain = dequantized(ours.get_base_model(), mixture_folders[kind])
    peft = PeftModel.from_pretrained(plain, exported, is_trainable=True).train()
    wanted_loss, of_peft = loss_and_gradients(peft)
    wanted = {name.replace(".default", ""): gradient for name, gradient in of_peft.items()}
    loss, found = loss_and_gradients(ours)
    assert loss == pytest.approx(wanted_loss, rel=1e-6)
    of_inputs = found.pop("inputs")
    found = in_peft_layout(ours, found, tmp_path) | {"inputs": of_inputs}
    assert found.keys() == wanted.keys()
    assert {part: sum(part in name for name in found) for part in ("self_attn", "experts", "gate.lora")} == {
        "self_attn": 16,
        "experts": 8,
        "gate.lora": 4,
    }
    for name, gradient in wanted.items():
        assert gradient.norm() > 0, name
        assert (found[name] - gradient).norm() <= 1e-5 * gradient.norm(), name


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("kind", ["mixtral", "qwen3_moe"])
def test_checkpointing_a_whole_model_changes_no_bit(kind, mixture_folders, dropout):
    results = []
    for is_checkpointed in (False, True):
        model = moved_adapter(mixture_folders[kind], dropout)
        if is_checkpointed:
            model.get_base_model().activation_checkpointing_enable({"use_reentrant": False})
        torch.manual_seed(4)
        results.append(loss_and_gradients(model))
    (loss, gradients), (loss_again, gradients_again) = results
    assert loss == loss_again
    assert all(torch.equal(gradient, gradients_again[name]) for name, gradient in gradients.items())
