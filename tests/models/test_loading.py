import json

import bitsandbytes as bnb
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedTokenizerFast,
)

from qantara.errors import ModelError
from qantara.models.layouts import MIXTURES, experts_of
from qantara.models.loading import context_tokens, default_device, fastest_dtype, load_model, load_tokenizer

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}
TOKENS = torch.arange(30)[None]


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("mixture")
    MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("dense")
    LlamaForCausalLM(LlamaConfig(**SIZES)).save_pretrained(folder)
    return folder


@torch.inference_mode()
@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_an_unquantized_mixture_has_the_logits_of_the_stock_model(mixture_folders, model_type):
    stock = AutoModelForCausalLM.from_pretrained(mixture_folders[model_type], dtype=torch.float32).eval()
    ours = load_model(mixture_folders[model_type], quantization="none", dtype="float32")
    assert torch.allclose(ours(input_ids=TOKENS).logits, stock(input_ids=TOKENS).logits, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_nf4_moves_logits_a_little(mixture, dense, dtype):
    for folder in (mixture, dense):
        plain = load_model(folder, quantization="none", dtype="float32")(input_ids=TOKENS).logits
        packed = load_model(folder, quantization="nf4", dtype=dtype)
        assert packed.dtype == getattr(torch, dtype)
        assert (packed(input_ids=TOKENS).logits.float() - plain).norm() < 0.3 * plain.norm()


@torch.inference_mode()
def test_generation_with_a_cache_equals_the_whole_forward(mixture):
    model = load_model(mixture, quantization="nf4", dtype="float32")
    cache = model(input_ids=TOKENS[:, :-1], use_cache=True).past_key_values
    last = model(input_ids=TOKENS[:, -1:], past_key_values=cache).logits[:, -1]
    assert torch.allclose(last, model(input_ids=TOKENS).logits[:, -1], atol=1e-4)


def test_linear_layers_are_in_4_bits_and_stay_trainable_after_evaluation(dense):
    model = load_model(dense, quantization="nf4", dtype="bfloat16")
    linear = [module for module in model.modules() if isinstance(module, bnb.nn.Linear4bit)]
    assert len(linear) == 2 * 7
    assert not any(module.support_avx512bf16_for_cpu for module in linear)
    with torch.inference_mode():
        model(input_ids=TOKENS)
    inputs = model.get_input_embeddings()(TOKENS).detach().requires_grad_()
    model.train()(inputs_embeds=inputs).logits.float().logsumexp(-1).sum().backward()
    assert inputs.grad.abs().sum() > 0


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_routers_compute_in_fp32_whatever_the_model_does(mixture_folders, model_type, quantization):
    model = load_model(mixture_folders[model_type], quantization=quantization, dtype="bfloat16")
    with torch.inference_mode():
        logits = model(input_ids=TOKENS, output_router_logits=True).router_logits
    assert [of_layer.dtype for of_layer in logits] == [torch.float32] * 2


def test_experts_are_told_how_much_may_be_dequantized_at_a_time(mixture):
    for settings, expected in (({}, 2 << 30), ({"transient_mebibytes": 3}, 3 << 20)):
        model = load_model(mixture, quantization="nf4", dtype="float32", **settings)
        assert [experts.transient_bytes for _, experts in experts_of(model)] == [expected] * 2


def test_a_model_is_loaded_onto_the_device_that_is_asked_for(dense, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")  # where there is no accelerator, all processes of a machine share its CPU
    device = torch.device("cpu") if torch.accelerator.current_accelerator() is None else torch.device("cuda", 1)
    assert default_device() == device
    assert load_model(dense, quantization="none", device=torch.device("cpu")).device == torch.device("cpu")


@torch.inference_mode()
def test_a_dense_model_saved_in_4_bits_is_loaded_as_it_is(dense, tmp_path):
    model = load_model(dense, quantization="nf4", dtype="float32")
    model.save_pretrained(tmp_path)
    again = load_model(tmp_path, quantization="nf4", dtype="float32")
    assert torch.equal(again(input_ids=TOKENS).logits, model(input_ids=TOKENS).logits)


@torch.inference_mode()
@pytest.mark.parametrize(("saved", "loaded"), [("bfloat16", "float32"), ("float32", "bfloat16")])
def test_a_model_saved_in_4_bits_computes_in_what_is_asked_for_whatever_it_was_saved_with(
    mixture, dense, tmp_path, saved, loaded
):
    for folder in (mixture, dense):
        before = load_model(folder, quantization="nf4", dtype=saved)
        before.save_pretrained(tmp_path / folder.name)
        after = load_model(tmp_path / folder.name, quantization="nf4", dtype=loaded)
        logits = after(input_ids=TOKENS).logits
        assert logits.dtype == after.dtype == getattr(torch, loaded)
        assert {m.compute_dtype for m in after.modules() if isinstance(m, bnb.nn.Linear4bit)} == {logits.dtype}
        expected = before(input_ids=TOKENS).logits.float()
        assert (logits.float() - expected).norm() < 0.05 * expected.norm()


def test_a_model_stored_in_4_bits_is_not_loaded_as_an_unquantized_one(mixture, tmp_path):
    load_model(mixture, quantization="nf4", dtype="float32").save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="stored in NF4: set quantization to nf4"):
        load_model(tmp_path, quantization="none")


@pytest.mark.parametrize("stored", [{"quant_method": "gptq", "bits": 4}, {"quant_method": "bitsandbytes"}])
def test_a_mixture_quantized_in_another_way_is_refused(mixture, tmp_path, stored):
    config = json.loads((mixture / "config.json").read_text(encoding="utf-8")) | {"quantization_config": stored}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match=f"quantized with {stored['quant_method']}: give the unquantized model"):
        load_model(tmp_path, quantization="nf4")


def test_linear_layers_that_are_not_in_4_bits_are_an_error(dense, tmp_path):
    skipping = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", llm_int8_skip_modules=["q_proj", "lm_head"]
    )
    AutoModelForCausalLM.from_pretrained(dense, quantization_config=skipping).save_pretrained(tmp_path)
    with pytest.raises(
        ModelError, match=r"2 linear layers are not in NF4, such as model\.layers\.0\.self_attn\.q_proj"
    ):
        load_model(tmp_path, quantization="nf4")


def test_linear_layers_that_would_be_read_wrongly_on_a_cpu_are_refused(tmp_path):
    LlamaForCausalLM(LlamaConfig(**SIZES | {"intermediate_size": 96})).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"mlp\.down_proj has rows that are no multiple of 64"):
        load_model(tmp_path, quantization="nf4", device=torch.device("cpu"))


def test_a_cpu_without_bf16_products_computes_in_fp32():
    capabilities = torch.cpu.get_capabilities()
    has_bf16 = bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    assert fastest_dtype(torch.device("cpu")) == (torch.bfloat16 if has_bf16 else torch.float32)
    assert fastest_dtype(torch.device("cuda")) == torch.bfloat16


@pytest.mark.parametrize(
    "content", [None, "", "[1]", "{}", '{"model_type": "no-such-model"}', '{"model_type": "llama"}']
)
def test_a_folder_that_is_no_model_is_one_clear_line(tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path, quantization="none")
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_truncated_weights_are_one_clear_line(dense, tmp_path):
    for path in dense.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 5000 if path.suffix == ".safetensors" else None])
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path, quantization="none")
    assert "\n" not in str(caught.value)


MISSING = [
    ("self_attn.k_proj", "2 weights are missing"),
    ("layers.1.block_sparse_moe.experts", "2 weights are missing"),
    (".experts.3.", "4 weights are missing|experts don't fit together"),
    (".experts.2.w3", "experts don't fit together"),
]


@pytest.mark.parametrize(("name", "message"), MISSING)
@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_weights_that_are_missing_are_an_error_and_not_made_up(mixture, tmp_path, quantization, name, message):
    weights = {key: value for key, value in load_file(mixture / "model.safetensors").items() if name not in key}
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    (tmp_path / "config.json").write_text((mixture / "config.json").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path, quantization=quantization)


def test_experts_with_another_activation_are_refused(mixture, tmp_path):
    config = json.loads((mixture / "config.json").read_text(encoding="utf-8")) | {"hidden_act": "gelu"}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match="only silu"):
        load_model(tmp_path, quantization="none")


def test_a_tokenizer_is_read_and_a_missing_one_is_a_clear_error(dense, tmp_path):
    with pytest.raises(ModelError, match="no readable tokenizer"):
        load_tokenizer(dense)
    words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0, "b": 1}, unk_token="a")))
    words.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((dense / "config.json").read_text(encoding="utf-8"), encoding="utf-8")
    assert load_tokenizer(tmp_path)("b")["input_ids"] == [1]


def test_a_model_says_how_many_tokens_it_was_made_for(tmp_path, tiny_model):
    assert context_tokens(tiny_model) == 1024
    nested = {"model_type": "gemma3", "text_config": {"max_position_embeddings": 4096}}
    (tmp_path / "config.json").write_text(json.dumps(nested), encoding="utf-8")
    assert context_tokens(tmp_path) == 4096
    (tmp_path / "config.json").write_text('{"model_type": "mamba"}', encoding="utf-8")
    assert context_tokens(tmp_path) is None
