"""Export and import are checked against PEFT itself: what it loads and computes, and what it saves."""

import json

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from qantara.errors import ModelError
from qantara.models.adapters import load_adapter
from qantara.models.layouts import MIXTURES
from qantara.models.loading import load_model
from qantara.models.peft_layout import export_peft, import_peft, packed_a, packed_b, unpacked_a, unpacked_b

# peft 0.21 asks transformers 5.23 for a property by its old name
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
TOKENS = torch.arange(30)[None]


def logits(model):
    with torch.inference_mode():
        return model.eval()(input_ids=TOKENS).logits


def plain(folder):
    """Return a model as transformers alone loads it."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def ours(folder):
    return load_model(folder, quantization="none", dtype="float32")


def test_packing_is_undone_by_unpacking_and_experts_are_fastest_in_b_only():
    a, b = torch.arange(3 * 5 * 2).view(3, 5, 2), torch.arange(3 * 2 * 4).view(3, 2, 4)  # 3 experts, rank 2
    assert packed_a(a).shape == (6, 5)
    assert torch.equal(packed_a(a)[2:4], a[1].t())
    assert packed_b(b).shape == (4, 6)
    assert torch.equal(packed_b(b)[:, 1::3], b[1].t())
    assert torch.equal(unpacked_a(packed_a(a), 2), a)
    assert torch.equal(unpacked_b(packed_b(b), 2), b)


@pytest.mark.parametrize("kind", [*sorted(MIXTURES), "llama", "gemma3_text"])
def test_peft_computes_the_same_from_an_exported_adapter(
    kind, mixture_folders, dense_folders, tmp_path, save_moved_adapter
):
    base = (mixture_folders | dense_folders)[kind]
    model = save_moved_adapter(base, tmp_path / "adapter", embeddings=True, dropout=0.1)
    export_peft(tmp_path / "adapter", tmp_path / "exported")
    loaded = PeftModel.from_pretrained(plain(base), tmp_path / "exported")
    assert (logits(loaded) - logits(model)).abs().max() < 3e-6
    assert (logits(model) - logits(plain(base))).abs().max() > 0.1


@pytest.mark.parametrize("kind", sorted(MIXTURES))
def test_what_was_exported_and_imported_again_is_the_same_bits(kind, mixture_folders, tmp_path, save_moved_adapter):
    model = save_moved_adapter(mixture_folders[kind], tmp_path / "adapter")
    import_peft(export_peft(tmp_path / "adapter", tmp_path / "exported"), tmp_path / "imported")
    loaded = dict(load_adapter(ours(mixture_folders[kind]), tmp_path / "imported").named_parameters())
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in model.named_parameters())


@pytest.mark.parametrize("kind", sorted(MIXTURES))
def test_an_adapter_that_peft_made_computes_the_same_when_imported(kind, mixture_folders, tmp_path):
    targets = ["experts.down_proj", "experts.gate_up_proj", "mlp.gate.weight"]
    lora = LoraConfig(
        r=8, lora_alpha=12, target_modules=["q_proj", "o_proj"], target_parameters=targets, task_type="CAUSAL_LM"
    )
    model = get_peft_model(plain(mixture_folders[kind]), lora)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "lora_" in name:
                tensor += torch.randn_like(tensor) * 0.1
    model.save_pretrained(tmp_path / "adapter")
    import_peft(tmp_path / "adapter", tmp_path / "imported")
    loaded = load_adapter(ours(mixture_folders[kind]), tmp_path / "imported")
    assert (logits(loaded) - logits(model)).abs().max() < 3e-6
    assert (logits(model) - logits(plain(mixture_folders[kind]))).abs().max() > 0.1


def test_an_exported_configuration_says_where_peft_puts_the_factors(mixture_folders, tmp_path, save_moved_adapter):
    save_moved_adapter(mixture_folders["mixtral"], tmp_path / "adapter", dropout=0.1)
    export_peft(tmp_path / "adapter", tmp_path / "exported")
    config = json.loads((tmp_path / "exported" / "adapter_config.json").read_text(encoding="utf-8"))
    assert "experts" not in config["target_modules"]
    assert {"mlp.experts.down_proj", "mlp.experts.gate_up_proj", "mlp.gate.weight"} <= {*config["target_parameters"]}
    assert config["lora_dropout"] == 0  # PEFT refuses parameters with dropout


def test_dora_beside_a_router_can_not_be_exported(mixture_folders, tmp_path, save_moved_adapter):
    save_moved_adapter(mixture_folders["mixtral"], tmp_path / "adapter", dora=True, experts=False)
    with pytest.raises(ModelError, match="no DoRA beside adapted routers"):
        export_peft(tmp_path / "adapter", tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rank_pattern": {"q_proj": 4}}, "ranks or scales that differ"),
        ({"use_rslora": True}, "ranks or scales that differ"),
        ({"target_parameters": ["mlp.experts.down_proj"]}, "both projections are needed"),
        ({"target_parameters": ["self_attn.sinks"]}, "parameter self_attn.sinks"),
    ],
)
def test_what_has_no_place_here_is_refused(changes, message, dense_folders, tmp_path, save_moved_adapter):
    save_moved_adapter(dense_folders["llama"], tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        import_peft(tmp_path / "adapter", tmp_path / "imported")
    assert not (tmp_path / "imported").exists()


def test_no_folder_is_overwritten_and_none_is_made_of_nothing(dense_folders, tmp_path, save_moved_adapter):
    save_moved_adapter(dense_folders["llama"], tmp_path / "adapter")
    with pytest.raises(ModelError, match="is there already"):
        export_peft(tmp_path / "adapter", tmp_path)
    with pytest.raises(ModelError, match="no adapter here"):
        import_peft(tmp_path / "none", tmp_path / "imported")
