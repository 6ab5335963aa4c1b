import json

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.train.batches import prepare
from qantara.train.state import TrainingState
from qantara.train.summary import peak_resident_bytes, summarize


def test_the_summary_is_json_and_counts_what_was_trained(mixture_folder, samples, config):
    one_epoch = config.model_copy(update={"max_steps": None, "epochs": 1.0})
    state = TrainingState.start(
        attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig()), one_epoch
    )
    summary = summarize(state, prepare(samples, one_epoch, seed=1), {"experts": {"tensors": 8, "moved": 8}})
    trained = [sample for sample in samples if sample.fold == "train"]
    assert json.loads(json.dumps(summary)) == summary
    assert summary["tokens"] == sum(len(sample.input_ids) for sample in trained)
    assert summary["learnt_tokens_by_language"]["ar"] == sum(sum(s.loss_mask) for s in trained if s.language == "ar")
    assert set(summary["trainable_parameters_by_group"]) == {"attention", "experts", "router"}
    # 2 layers of 4 experts of 3 x 64 x 128; attention 12288 a layer; routers 256; norms 128; embeddings 8192; last norm 64
    assert summary["parameters"] - summary["trainable_parameters"] == 2 * (4 * 24576 + 12288 + 256 + 128) + 8192 + 64


def test_the_peak_is_in_bytes():
    assert 50e6 < peak_resident_bytes() < 100e9
