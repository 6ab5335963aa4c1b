import json
from importlib import resources

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from qantara.errors import ModelError
from qantara.harness.lm_eval_model import QantaraLM
from qantara.harness.lm_eval_tasks import export_tasks
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model

from .conftest import DOCUMENTS


@pytest.fixture(scope="module")
def ours(tiny_folder):
    return QantaraLM(str(tiny_folder), dtype="float32", device="cpu", batch_size=4)


@pytest.fixture(scope="module")
def theirs(tiny_folder):
    return HFLM(pretrained=str(tiny_folder), dtype="float32", device="cpu", batch_size=4)


def requests(documents=DOCUMENTS):
    pairs = [
        (doc_id, (document.prompt, answer)) for doc_id, document in enumerate(documents) for answer in document.answers
    ]
    return [Instance("loglikelihood", {}, pair, 0, metadata=("task", doc_id, 1)) for doc_id, pair in pairs]


def keeps_the_join(model, request):
    context, continuation = model._encode_pair(*request.args)
    return bool(continuation) and context + continuation == model.tok_encode("".join(request.args))


def by_hand(model, ids, first):
    with torch.no_grad():
        logits = model.model(torch.tensor([ids])).logits[0].log_softmax(-1)
    return float(sum(logits[place - 1, ids[place]] for place in range(first, len(ids))))


def test_where_joins_are_kept_every_number_is_lm_evals_own(ours, theirs):
    asked = [request for request in requests() if keeps_the_join(theirs, request)]
    assert len(asked) > 15
    for (mine, mine_greedy), (its, its_greedy) in zip(
        ours.loglikelihood(asked, disable_tqdm=True), theirs.loglikelihood(asked, disable_tqdm=True), strict=True
    ):
        assert mine == pytest.approx(its, abs=1e-4)
        assert mine_greedy == its_greedy


def test_where_one_join_merges_both_options_are_scored_from_the_token_before_it(ours, theirs):
    asked = requests([document for document in DOCUMENTS if document.id == "merged join"])
    assert [keeps_the_join(theirs, request) for request in asked] == [False, True]
    context = ours.tok_encode(asked[0].args[0])
    for request, (value, _) in zip(asked, ours.loglikelihood(asked, disable_tqdm=True), strict=True):
        whole = ours.tok_encode("".join(request.args))
        assert whole[: len(context) - 1] == context[:-1]
        assert value == pytest.approx(by_hand(ours, whole, len(context) - 1), abs=1e-4)


def test_the_greedy_continuation_is_told(ours, theirs):
    context = DOCUMENTS[0].prompt
    ids = ours.tok_encode(context)
    with torch.no_grad():
        likeliest = ours.tokenizer.decode([int(ours.model(torch.tensor([ids])).logits[0, -1].argmax())])
    asked = [Instance("loglikelihood", {}, (context, answer), 0) for answer in (likeliest, " A")]
    expected = [greedy for _, greedy in theirs.loglikelihood(asked, disable_tqdm=True)]
    assert expected == [True, False]
    assert [greedy for _, greedy in ours.loglikelihood(asked, disable_tqdm=True)] == expected


def test_answers_come_in_the_order_of_the_requests_equal_ones_twice(ours):
    asked = requests()
    mixed = asked[::-1] + asked[:3]
    values = {
        id(request): value for request, value in zip(asked, ours.loglikelihood(asked, disable_tqdm=True), strict=True)
    }
    for request, (value, _) in zip(mixed, ours.loglikelihood(mixed, disable_tqdm=True), strict=True):
        assert value == pytest.approx(values[id(request)][0], abs=1e-5)


def test_without_a_context_the_begin_mark_is_conditioned_on(ours, theirs):
    asked = [Instance("loglikelihood", {}, ("", answer), 0) for answer in (" liver", " kidney", "\nA")]
    mine, its = (model.loglikelihood(asked, disable_tqdm=True) for model in (ours, theirs))
    assert [value for value, _ in mine] == pytest.approx([value for value, _ in its], abs=1e-4)


def test_a_text_too_long_for_the_model_loses_its_beginning_as_in_lm_eval(tiny_folder):
    asked = [Instance("loglikelihood", {}, (DOCUMENTS[-1].prompt, " 10"), 0)]
    settings = {"dtype": "float32", "device": "cpu", "max_length": 40}
    mine = QantaraLM(str(tiny_folder), **settings).loglikelihood(asked, disable_tqdm=True)
    its = HFLM(pretrained=str(tiny_folder), **settings).loglikelihood(asked, disable_tqdm=True)
    assert mine[0][0] == pytest.approx(its[0][0], abs=1e-4)


@pytest.mark.parametrize("pair", [(DOCUMENTS[0].prompt, " liver" * 300), (DOCUMENTS[0].prompt, "")])
def test_a_continuation_that_cannot_be_scored_is_refused(ours, pair):
    with pytest.raises(ModelError, match="continuation"):
        ours.loglikelihood([Instance("loglikelihood", {}, pair, 0)], disable_tqdm=True)


def test_an_adapter_is_scored_with(ours, tiny_folder, tmp_path):
    model = attach(load_model(tiny_folder, quantization="none", dtype="float32"), AdapterConfig(rank=8, alpha=8))
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor += 0.1
    save_adapter(model, tmp_path / "adapter")
    asked = requests()[:3]
    tuned = QantaraLM(str(tiny_folder), adapter=str(tmp_path / "adapter"), dtype="float32", device="cpu")
    found = [value for value, _ in tuned.loglikelihood(asked, disable_tqdm=True)]
    its = HFLM(pretrained=model.eval(), tokenizer=tuned.tokenizer).loglikelihood(asked, disable_tqdm=True)
    assert found == pytest.approx([value for value, _ in its], abs=1e-4)
    assert found != pytest.approx([value for value, _ in ours.loglikelihood(asked, disable_tqdm=True)], abs=1e-2)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"dtype": "float16"}, "dtype is one of auto"),
        ({"quantization": "int8"}, "quantization is one of"),
        ({"peft": "x", "tp_plan": "auto"}, "peft is not supported; tp_plan is not supported"),
    ],
)
def test_arguments_that_would_be_ignored_are_refused(tiny_folder, options, fault):
    with pytest.raises(ModelError, match=fault):
        QantaraLM(str(tiny_folder), **options)


@pytest.mark.parametrize("prefix", ["", "path:"])
def test_a_results_file_says_which_model_it_was(tiny_folder, prefix):
    model = QantaraLM(prefix + str(tiny_folder), dtype="float32", device="cpu")
    assert (model.pretrained, model.revision) == (f"path:{tiny_folder}", "main")


def test_lm_evals_own_command_knows_the_model_by_a_task_file_of_ours(tiny_folder, run_offline, theirs, tmp_path):
    export_tasks(tmp_path / "tasks", "qantara_tiny", DOCUMENTS)
    plug = str(resources.files("qantara.harness") / "lm_eval.yaml")
    arguments = [
        "--model_args",
        f"pretrained={tiny_folder},dtype=float32",
        "--device",
        "cpu",
        "--output_path",
        str(tmp_path),
    ]
    tasks = ["--include_path", str(tmp_path / "tasks"), "--tasks", f"qantara_tiny,{plug}", "--log_samples"]
    run_offline("-m", "lm_eval", "--model", "qantara", *arguments, *tasks)
    lines = next(tmp_path.rglob("samples_qantara_tiny_*.jsonl")).read_text(encoding="utf-8").splitlines()
    asked = requests(DOCUMENTS[:1])
    expected = [value for value, _ in theirs.loglikelihood(asked, disable_tqdm=True)]
    found = [float(response[0][0]) for response in json.loads(lines[0])["resps"]]
    assert found == pytest.approx(expected, abs=1e-4)
