import json

import pytest
import torch
from safetensors.torch import save_file

from qantara.errors import ModelError
from qantara.models.merged_weights import Adapter, ExpertPart, expert_part, module_name

LAYER = "base_model.model.model.layers.0"
STORED = {
    "q": "model.layers.0.self_attn.q_proj.weight",
    "w1": "model.layers.0.block_sparse_moe.experts.1.w1.weight",
    "w3": "model.layers.0.block_sparse_moe.experts.1.w3.weight",
    "up": "model.layers.0.mlp.experts.1.up_proj.weight",
    "router": "model.layers.0.block_sparse_moe.gate.weight",
}


@pytest.fixture
def folder(tmp_path):
    """Return an adapter with scale 2 of a projection, fused experts (3, hidden 4, intermediate 5), a router and embeddings."""
    torch.manual_seed(0)
    tensors = {
        f"{LAYER}.self_attn.q_proj.lora_A.weight": torch.randn(8, 4),
        f"{LAYER}.self_attn.q_proj.lora_B.weight": torch.randn(6, 8),
        f"{LAYER}.mlp.experts.lora_A.gate_up_proj": torch.randn(3, 4, 8),
        f"{LAYER}.mlp.experts.lora_B.gate_up_proj": torch.randn(3, 8, 10),
        f"{LAYER}.mlp.gate.lora_A.weight": torch.randn(8, 4),
        f"{LAYER}.mlp.gate.lora_B.weight": torch.randn(3, 8),
        "base_model.model.model.embed_tokens.weight": torch.randn(7, 4),
        "base_model.model.lm_head.weight": torch.randn(7, 4),
    }
    return write(tmp_path, tensors)


def write(folder, tensors):
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"r": 8, "lora_alpha": 16, "base_model_name_or_path": "some/base"}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_names_on_disk_lead_to_parts_of_fused_experts():
    experts = "model.layers.0.mlp.experts"
    assert expert_part(STORED["w1"]) == ExpertPart(experts, "gate_up_proj", 1, 0)
    assert expert_part(STORED["w3"]) == expert_part(STORED["up"]) == ExpertPart(experts, "gate_up_proj", 1, 1)
    assert expert_part(STORED["w1"].replace("w1", "w2")) == ExpertPart(experts, "down_proj", 1, None)
    assert expert_part(STORED["up"].replace(".1.up", ".12.down")) == ExpertPart(experts, "down_proj", 12, None)
    assert expert_part("model.layers.0.mlp.shared_expert.up_proj.weight") is None
    assert module_name(STORED["router"]) == "model.layers.0.mlp.gate.weight"


@pytest.mark.parametrize(("stored", "half"), [("w1", slice(0, 5)), ("w3", slice(5, 10)), ("up", slice(5, 10))])
def test_an_expert_gets_its_own_half_of_its_own_factors(folder, stored, half):
    adapter, base = Adapter(folder, tied=False), torch.randn(5, 4).to(torch.bfloat16)
    tensors = adapter._tensors
    a, b = (tensors[f"model.layers.0.mlp.experts.lora_{side}.gate_up_proj"][1] for side in "AB")
    merged = adapter.merged(STORED[stored], base)
    assert merged.dtype == torch.float32
    assert torch.allclose(merged, base.float() + 2 * (a @ b).t()[half], atol=1e-5)


def test_projections_and_routers_get_their_product_and_embeddings_are_replaced(folder):
    adapter = Adapter(folder, tied=False)
    for stored, module, width in (("q", "self_attn.q_proj", 6), ("router", "mlp.gate", 3)):
        a, b = (adapter._tensors[f"model.layers.0.{module}.lora_{side}.weight"] for side in "AB")
        base = torch.randn(width, 4)
        assert torch.allclose(adapter.merged(STORED[stored], base), base + 2 * b @ a, atol=1e-5)
    embeddings = adapter.merged("model.embed_tokens.weight", torch.randn(7, 4))
    assert torch.equal(embeddings, adapter._tensors["model.embed_tokens.weight"])


def test_what_is_not_adapted_stays_as_it_is(folder):
    base = torch.randn(4, 5)
    for name in ("model.norm.weight", STORED["w1"].replace("w1", "w2")):
        assert torch.equal(Adapter(folder, tied=False).merged(name, base), base)


def test_dora_gives_each_output_the_length_of_its_magnitude(tmp_path):
    names = {"lora_A.weight": (8, 4), "lora_B.weight": (6, 8), "lora_magnitude_vector": (6,)}
    tensors = {f"{LAYER}.self_attn.q_proj.{name}": torch.rand(shape) + 0.1 for name, shape in names.items()}
    adapter = Adapter(write(tmp_path, tensors), tied=False)
    merged = adapter.merged(STORED["q"], torch.randn(6, 4))
    assert torch.allclose(merged.norm(dim=1), tensors[f"{LAYER}.self_attn.q_proj.lora_magnitude_vector"])


def test_a_base_without_place_for_a_tensor_is_an_error_that_names_it(folder):
    names = [*STORED.values(), "model.embed_tokens.weight", "lm_head.weight"]
    Adapter(folder, tied=False).check_fits(names)
    Adapter(folder, tied=True).check_fits(names[:-1])
    with pytest.raises(
        ModelError, match=r"1 tensors of this adapter, such as lm_head.weight; .* trained on: some/base"
    ):
        Adapter(folder, tied=False).check_fits(names[:-1])
    with pytest.raises(ModelError, match="2 tensors of this adapter"):
        Adapter(folder, tied=False).check_fits(names[1:])
