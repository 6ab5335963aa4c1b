import json

from qantara.harness.lm_eval_tasks import export_tasks
from qantara.harness.read_documents import load

from .conftest import DOCUMENTS


def test_a_copy_reads_the_documents_beside_it(tmp_path, run_offline, monkeypatch):
    export_tasks(tmp_path / "tasks", "qantara_tiny", DOCUMENTS)
    code = "import read_documents as r, json; print(json.dumps(r.load('qantara_tiny.jsonl', pretrained='x')['test'].to_list()))"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "tasks"))
    rows = json.loads(run_offline("-c", code))
    assert rows == [document._asdict() | {"answers": list(document.answers)} for document in DOCUMENTS]


def test_it_is_the_file_that_is_exported(tmp_path):
    export_tasks(tmp_path, "qantara_tiny", DOCUMENTS)
    with open(load.__code__.co_filename, encoding="utf-8") as file:  # noqa: PTH123
        assert (tmp_path / "read_documents.py").read_text(encoding="utf-8") == file.read()
