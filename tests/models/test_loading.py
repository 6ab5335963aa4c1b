import json

import bitsandbytes as bnb
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM, PreTrainedTokenizerFast

from qantara.errors import ModelError
from qantara.models.loading import fastest_dtype, load_model, load_tokenizer

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
def test_an_unquantized_mixture_has_the_logits_of_the_stock_model(mixture):
    stock = MixtralForCausalLM.from_pretrained(mixture, dtype=torch.float32).eval()
    ours = load_model(mixture, quantization="none", dtype="float32")
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


def test_routers_compute_in_fp32_whatever_the_model_does(mixture):
    model = load_model(mixture, quantization="nf4", dtype="bfloat16")
    with torch.inference_mode():
        logits = model(input_ids=TOKENS, output_router_logits=True).router_logits
    assert {of_layer.dtype for of_layer in logits} == {torch.float32}


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
