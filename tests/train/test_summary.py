import json

from qantara.train.loop import train_step
from qantara.train.summary import peak_resident_bytes, summarize


def test_the_summary_is_json_and_counts_what_was_trained(started, mixture_folder, samples):
    state = started(mixture_folder)
    for _ in range(state.data.num_steps):
        train_step(state)
    state.routing.tell(state.step, state.processes)
    summary = summarize(state)
    assert json.loads(json.dumps(summary)) == summary
    pieces = list(state.data.order)
    assert summary["tokens"] == sum(piece.num_tokens for piece in pieces)
    arabic = [samples[piece.sample] for piece in pieces if samples[piece.sample].language == "ar"]
    assert summary["learnt_tokens_by_language"]["ar"] == sum(sum(sample.loss_mask) for sample in arabic)
    assert summary["ratio"][-1]["samples"]["ar"] == len(arabic)
    assert set(summary["trainable_parameters_by_group"]) == set(summary["audit"]) == {"attention", "experts", "router"}
    # 2 layers of 4 experts of 3 x 64 x 128; attention 12288 a layer; routers 256; norms 128; embeddings 8192; last norm 64
    assert summary["parameters"] - summary["trainable_parameters"] == 2 * (4 * 24576 + 12288 + 256 + 128) + 8192 + 64
    assert (summary["seed"], summary["optimizer"], summary["processes"]) == (1, "adamw", {"number": 1, "kind": "one"})
    assert len(summary["routing"]["layers"]) == 4


def test_the_peak_is_in_bytes():
    assert 50e6 < peak_resident_bytes() < 100e9
