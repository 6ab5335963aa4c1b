import json
import sys

import pytest
from typer.testing import CliRunner

from qantara.cli import main
from qantara.cli.main import app
from qantara.evaluation import run

ROWS = [
    {
        "id": f"q{number}",
        "subject": "doses",
        "answer_index": number % 4,
        "en": {"question": f"How much of drug {number}?", "options": [f"{number + k} mg" for k in range(4)]},
        "ar": {"question": f"كم من الدواء {number}؟", "options": [f"{number + k} ملغ" for k in range(4)]},
    }
    for number in range(1, 7)
]


@pytest.fixture
def evaluate(tmp_path, tiny_model, monkeypatch):
    """Return `evaluate(*options)`: the command on six pairs with the tiny model, in the folder `out`."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    path = tmp_path / "doses.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    (tmp_path / "doses_dev.jsonl").write_text(json.dumps(ROWS[0] | {"id": "d1"}, ensure_ascii=False), encoding="utf-8")
    usual = ["--tasks", str(path), "--dtype", "float32", "--out", str(tmp_path / "out")]
    return lambda *options: CliRunner().invoke(app, ["evaluate", f"path:{tiny_model}", *usual, *options])


@pytest.fixture
def failed(evaluate, monkeypatch, capsys, tiny_model, tmp_path):
    """Return `failed(*options)`: what the command says on stderr as a person sees it, ending with exit status 1."""
    evaluate("--show-prompt")  # the task is there

    def say(*options):
        usual = ["--tasks", str(tmp_path / "doses.jsonl"), "--out", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", ["qantara", "evaluate", f"path:{tiny_model}", *usual, *options])
        with pytest.raises(SystemExit) as stopped:
            main.main()
        assert stopped.value.code == 1
        return capsys.readouterr().err

    return say


def test_a_person_sees_accuracies_the_gap_and_where_the_page_is(evaluate, tmp_path):
    done = evaluate()
    assert done.exit_code == 0, done.exception
    lines = done.stdout.splitlines()
    assert lines[0] == "primary: letter/sum, chosen before the run"
    assert [line.partition(":")[0] for line in lines[1:4]] == ["doses, en", "doses, ar", "doses, en minus ar"]
    assert lines[-1] == str(tmp_path / "out" / "index.html")
    assert (tmp_path / "out" / "index.html").is_file()
    assert "الدواء" not in done.stdout + done.stderr


def test_a_script_gets_the_scores(evaluate, tmp_path):
    done = evaluate("--json", "--arms", "en,ar,ar-latin", "--scoring", "letter, text", "--shots", "1", "--limit", "4")
    scores = json.loads(done.stdout)
    assert scores == json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    assert {row["arm"] for row in scores["scores"]} == {"en", "ar", "ar-latin"}
    assert {row["num_items"] for row in scores["scores"]} == {4}
    assert (scores["settings"]["shots"], scores["settings"]["scoring"]) == (1, ["letter", "text"])


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        (["--scoring", "text", "--hide-options"], "options_shown", False),
        (["--permutations"], "permutations", True),
        (["--scoring", "letter,text", "--pmi"], "pmi", True),
        (["--chat"], "chat", True),
        (["--margin", "5"], "equivalence_margin", 0.05),
        (["--scoring", "letter,text", "--primary", "text:byte"], "primary", "text:byte"),
        (["--from", "ar", "--to", "en", "--arms", "ar,en"], "direction", ["ar", "en"]),
        (["--max-reply-tokens", "9"], "max_reply_tokens", 9),
    ],
)
def test_each_option_reaches_the_run(evaluate, options, name, value):
    done = evaluate("--json", "--limit", "1", *options)
    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout)["settings"][name] == value


def test_the_prompts_of_item_0_are_shown_and_nothing_is_written(evaluate, tmp_path):
    done = evaluate("--show-prompt", "--arms", "en,ar-en", "--shots", "1")
    assert done.exit_code == 0, done.exception
    assert "=== doses, ar-en, item q1: letter" in done.stdout
    assert "\u2502" in done.stdout
    assert not (tmp_path / "out").exists()


def test_the_known_tasks_are_listed_without_a_model():
    done = CliRunner().invoke(app, ["evaluate", "--list"])
    assert done.exit_code == 0
    for name in ("medqa", "medmcqa", "pubmedqa", "mmlu"):
        assert name in done.stdout


def test_columns_of_a_table_can_be_named(evaluate, tmp_path):
    rows = [
        {
            "key": f"k{n}",
            "q": f"Which {n}?",
            "a": "one",
            "b": "two",
            "ar": {"q": f"ما {n}؟", "all": ["واحد", "اثنان"]},
            "right": "B",
        }
        for n in range(3)
    ]
    path = tmp_path / "table.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    columns = (
        "id=key,source.question=q,source.options=a|b,target.question=ar.q,target.options=ar.all,answer_index=right"
    )
    done = evaluate("--tasks", str(path), "--columns", columns, "--json")
    assert done.exit_code == 0, done.exception
    rows = json.loads(done.stdout)["scores"]
    assert [(row["task"], row["arm"], row["num_items"], row["chance"]) for row in rows] == [
        *(("table", "en", 3, 0.5), ("table", "ar", 3, 0.5))
    ]


def test_another_run_and_a_clean_list_are_taken_by_folder(evaluate, tmp_path):
    assert evaluate("--out", str(tmp_path / "before"), "--shots", "1").exit_code == 0
    audit = tmp_path / "audit"
    audit.mkdir()
    (audit / "clean_ids.txt").write_text("q2\nq3\n", encoding="utf-8")
    done = evaluate("--clean", str(audit), "--compare", str(tmp_path / "before"), "--json")
    assert done.exit_code == 0, done.exception
    scores = json.loads(done.stdout)
    assert {row["num_items"] for row in scores["clean"]["scores"]} == {2}
    assert {row["num_items"] for row in scores["scores"]} == {6}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--arms", "en,klingon"], "no such arm: klingon; for en and ar there are: en, ar,"),
        (["--tasks", "nothing"], "task 'nothing' is no file and not known; known: "),
        (["--arms", "en,translated"], "the arm translated translates: give a translator"),
        (["--dtype", "float8"], "dtype: Input should be 'auto', 'bfloat16' or 'float32'"),
        (["--quantization", "gptq"], "quantization: Input should be 'none' or 'nf4'"),
        (["--primary", "text:sum"], "primary: 'text:sum' is not scored; there are: letter:sum"),
        (["--scoring", "letters"], "scoring.0: Input should be 'letter', 'text' or 'generate'"),
        (["--to", "xx", "--arms", "en,xx"], "language 'xx' is not known"),
        (["--shots", "3"], "3 worked examples are asked for, the task has 1 in 'en'"),
        (["--endpoint", "nowhere"], "endpoint.url"),
        (["--endpoint", "http://127.0.0.1:9/v1", "--chat"], "ask it with --interface chat"),
        (["--margin", "0"], "equivalence_margin: Input should be greater than 0"),
        (["--columns", "q=x"], "--columns: 'q' is not known"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(failed, options, said, tmp_path):
    told = failed(*options)
    assert said in told
    assert "Traceback" not in told
    assert not (tmp_path / "out" / "scores.json").exists()


def test_a_clean_list_of_other_data_is_refused(failed, tmp_path):
    (tmp_path / "ids.txt").write_text("a\nb\n", encoding="utf-8")
    assert "none of its 2 ids is in the tasks; is it of other data?" in failed("--clean", str(tmp_path / "ids.txt"))


@pytest.mark.parametrize("arguments", [[], ["path:x"], ["--tasks", "mmlu"]])
def test_a_model_and_tasks_have_to_be_named(arguments):
    done = CliRunner().invoke(app, ["evaluate", *arguments])
    assert done.exit_code == 2
    assert "give a MODEL and --tasks" in done.stderr


def test_a_person_who_interrupts_is_told_that_nothing_is_lost(evaluate, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_arm", stop)
    done = evaluate()
    assert done.exit_code == 130
    assert "the same command goes on from there" in done.stderr
