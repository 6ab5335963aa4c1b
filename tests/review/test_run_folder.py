import pytest

from qantara.errors import DataError, StoreError
from qantara.ledger import open_ledger
from qantara.records import Translation
from qantara.review.decisions import latest_decisions
from qantara.review.exchange import COLUMNS
from qantara.review.run_folder import export_run, import_run, open_run
from qantara.review.tables import read_table, write_table
from qantara.store import write_json, write_records


def test_a_run_is_exported_and_decisions_come_back_into_its_ledger(translations, tmp_path):
    write_records(tmp_path / "translate" / "kept.parquet", translations, Translation)
    write_json(tmp_path / "translate" / "summary.json", {"details": {"policy": "policy-1"}})
    write_json(tmp_path / "recipe.json", {"ledger": None, "target_language": "ar"})
    table = tmp_path / "queue.xlsx"
    assert export_run(tmp_path, table) == 2
    rows = [row for _, row in read_table(table, COLUMNS)]
    rows[2] |= {"action": "accept", "reviewer": "dr"}
    write_table(table, COLUMNS, rows)
    assert import_run(tmp_path, table) == (1, 1)
    assert import_run(tmp_path, table) == (0, 1)
    assert [d.action for d in latest_decisions(open_ledger(tmp_path / "ledger.sqlite")).values()] == ["accept"]


def test_an_opened_run_gives_its_translations_decisions_and_policy(translations, tmp_path):
    write_records(tmp_path / "translate" / "kept.parquet", translations, Translation)
    write_json(tmp_path / "translate" / "summary.json", {"details": {"policy": "policy-1"}})
    write_json(tmp_path / "recipe.json", {"ledger": f"sqlite:///{tmp_path}/other.sqlite", "target_language": "ar"})
    opened = open_run(tmp_path)
    assert (list(opened.translations()), opened.decisions(), opened.policy()) == (translations, {}, "policy-1")
    assert (tmp_path / "other.sqlite").is_file()
    write_json(tmp_path / "translate" / "summary.json", {"details": {}})
    with pytest.raises(DataError, match="does not say which policy"):
        opened.policy()


def test_a_folder_without_translations_is_one_line(tmp_path):
    with pytest.raises(StoreError, match="no finished translate stage"):
        export_run(tmp_path, tmp_path / "queue.csv")
