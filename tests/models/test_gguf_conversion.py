"""GGUF to safetensors: a real tiny file comes out whole, a broken one is an error of one line."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from qantara.errors import ModelError
from qantara.models.gguf_conversion import convert_gguf


def test_weights_tokenizer_and_chat_template_survive(tiny_gguf, tmp_path):
    convert_gguf(tiny_gguf, tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert model.dtype == torch.bfloat16
    assert model.config.num_hidden_layers == 2
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "قل 12.5 mg"}], return_tensors="pt", return_dict=True
    )
    assert tokenizer.decode(ids["input_ids"][0]) == "قل 12.5 mg"
    assert torch.isfinite(model(**ids).logits).all()


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"GGUF\x03\x00\x00\x00"], ids=["empty", "foreign", "header only"]
)
def test_a_file_that_is_no_model_is_one_line(tmp_path, content):
    (tmp_path / "bad.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.gguf can't be read as a GGUF model") as caught:
        convert_gguf(tmp_path / "bad.gguf", tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_file_cut_off_is_one_line(tiny_gguf, tmp_path):
    content = tiny_gguf.read_bytes()
    (tmp_path / "cut.gguf").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"cut\.gguf can't be read as a GGUF model"):
        convert_gguf(tmp_path / "cut.gguf", tmp_path / "out")
