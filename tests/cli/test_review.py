from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.review.exchange import COLUMNS
from qantara.review.tables import read_table, write_table


def test_doubted_records_go_out_and_decisions_come_back_and_take_effect(tiny_recipe, server, tmp_path):
    recipe, folder = tiny_recipe(server.url, mix=None, train=None, evaluate=None), tmp_path / "run"
    run = ["run", str(recipe), "--run", str(folder)]
    assert "awaits_review 1" in CliRunner().invoke(app, run).stderr
    out = CliRunner().invoke(app, ["review", "export", str(folder), "--format", "csv"])
    assert out.stdout.startswith("1 records in")
    table = folder / "review" / "queue.csv"
    rows = [row for _, row in read_table(table, COLUMNS)]
    rows[0] |= {"action": "edit", "reviewer": "dr"}
    rows[1] |= {"edited": "تناول 17 ملغ يوميًا."}
    write_table(table, COLUMNS, rows)
    back = CliRunner().invoke(app, ["review", "import", str(folder), str(table)])
    assert back.stdout.startswith("1 decisions read, 1 of them new")
    after = CliRunner().invoke(app, run)
    assert "awaits_review" not in after.stderr
    assert "ran review, report" in after.stderr
