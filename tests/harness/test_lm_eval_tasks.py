import json

import pytest
import yaml

from qantara.errors import DataError
from qantara.harness.lm_eval_tasks import Document, export_tasks, task_name

from .conftest import DOCUMENTS


def samples(folder):
    lines = next(folder.glob("samples_qantara_tiny_*.jsonl")).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_stock_lm_eval_asks_exactly_the_texts_that_were_exported(stock_run):
    found = [[(pair["arg_0"], pair["arg_1"]) for pair in sample["arguments"].values()] for sample in samples(stock_run)]
    assert found == [[(document.prompt, answer) for answer in document.answers] for document in DOCUMENTS]


def test_stock_lm_eval_counts_the_right_answers_that_were_exported(stock_run):
    for sample, document in zip(samples(stock_run), DOCUMENTS, strict=True):
        values = [float(response[0][0]) for response in sample["resps"]]
        assert sample["doc"]["id"] == document.id
        assert sample["acc"] == float(values.index(max(values)) == document.answer_index)


def test_tasks_share_a_folder_and_a_task_is_replaced(tmp_path):
    export_tasks(tmp_path, "qantara_a", DOCUMENTS)
    export_tasks(tmp_path, "qantara_b", DOCUMENTS[:1])
    export_tasks(tmp_path, "qantara_a", DOCUMENTS[:2])
    names = {"read_documents.py", *(f"qantara_{letter}.{kind}" for letter in "ab" for kind in ("yaml", "jsonl"))}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert len((tmp_path / "qantara_a.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_the_yaml_holds_nothing_that_is_of_one_machine(tmp_path):
    text = export_tasks(tmp_path, "qantara_a", DOCUMENTS).read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    task = yaml.safe_load(text.replace("!function ", ""))
    assert task["task"] == "qantara_a"
    assert task["dataset_kwargs"] == {"documents_file": "qantara_a.jsonl"}
    assert [metric["metric"] for metric in task["metric_list"]] == ["acc", "acc_norm", "acc_bytes"]


def test_an_empty_prompt_is_refused_by_id_alone(tmp_path):
    with pytest.raises(DataError, match="item x7: its prompt is empty"):
        export_tasks(tmp_path, "qantara_a", [Document("x7", "", (" fever", " cough"), 0)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("medqa", "en", "letter"), "qantara_medqa_en_letter"),
        (("my file.jsonl", "ar-latin", ""), "qantara_my_file_jsonl_ar_latin"),
        (("a,b=c", "\u0623"), "qantara_a_b_c_"),
    ],
)
def test_a_name_has_no_sign_that_the_command_line_splits_at(parts, name):
    assert task_name(*parts) == name
