import json

import pytest
from rich.console import Console

from qantara.errors import BudgetError, StoreError
from qantara.records import Answer, Example, Origin, Rejection, with_id
from qantara.runner import Job, ProgressLog, RunFolder, run_job
from qantara.store import read_json

CONSOLE = Console(quiet=True)


def example(number):
    return with_id(
        Answer(
            id="", language="en", origin=Origin(source="t", native_id=str(number)), question=f"Q{number}", answer="A"
        )
    )


def rejection(number):
    return Rejection(record_id=str(number), native_id=str(number), stage="s", reason="odd")


def job(outcomes, *, num_in=None, settings="a", inputs=(), calls=None):
    def work():
        if calls is not None:
            calls.append(1)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome
        return {"seen": len(outcomes)}

    return Job(stage="s", settings={"x": settings}, inputs=inputs, record_type=Example, num_in=num_in, work=work)


def test_a_stage_leaves_what_it_kept_rejected_and_a_summary(tmp_path):
    folder = RunFolder(tmp_path / "run", "r")
    assert run_job(folder, job([example(1), rejection(2), example(3)], num_in=3), CONSOLE)
    assert list(folder.kept("s", Example)) == [example(1), example(3)]
    assert list(folder.rejected("s")) == [rejection(2)]
    summary = read_json(folder.folder("s") / "summary.json")
    assert (summary["in"], summary["kept"], summary["rejected"], summary["reasons"]) == (3, 2, 1, {"odd": 1})
    assert summary["details"] == {"seen": 3}


def test_a_record_that_does_not_come_out_is_a_bug_and_nothing_is_done(tmp_path):
    folder = RunFolder(tmp_path / "run", "r")
    with pytest.raises(RuntimeError, match="3 records in, 2 out"):
        run_job(folder, job([example(1), rejection(2)], num_in=3), CONSOLE)
    assert folder.summary("s") is None


def test_a_done_stage_is_not_repeated_until_settings_or_inputs_change(tmp_path):
    folder, calls = RunFolder(tmp_path / "run", "r"), []
    assert run_job(folder, job([example(1)], calls=calls), CONSOLE)
    assert not run_job(folder, job([example(1)], calls=calls), CONSOLE)
    assert run_job(folder, job([example(1)], calls=calls, settings="b"), CONSOLE)
    assert run_job(folder, job([example(1)], calls=calls, settings="b", inputs=("new",)), CONSOLE)
    assert run_job(folder, job([example(1)], calls=calls, settings="b", inputs=("new",)), CONSOLE, again=True)
    assert len(calls) == 4


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), ValueError("bug")])
def test_a_stage_that_stops_halfway_leaves_nothing_half_done(tmp_path, stop):
    folder = RunFolder(tmp_path / "run", "r")
    run_job(folder, job([example(1)]), CONSOLE)
    with pytest.raises(type(stop)):
        run_job(folder, job([example(2), stop], settings="b"), CONSOLE)
    assert folder.summary("s") is None
    assert not list(folder.folder("s").glob("*.part"))
    assert run_job(folder, job([example(2)], settings="b"), CONSOLE)


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(tmp_path):
    folder = RunFolder(tmp_path / "run", "r")
    folder.folder("s").mkdir()
    part = folder.folder("s") / "kept.parquet.part"
    part.symlink_to("/dev/full")
    with pytest.raises(StoreError, match="no disk space left; make room and run the same command again"):
        run_job(folder, job([example(i) for i in range(3)]), CONSOLE)
    part.unlink(missing_ok=True)
    assert run_job(folder, job([example(i) for i in range(3)]), CONSOLE)


def test_a_folder_of_another_recipe_is_refused_and_left_alone(tmp_path):
    RunFolder(tmp_path / "run", "one")
    with pytest.raises(StoreError, match="holds a run of recipe 'one', not 'two'"):
        RunFolder(tmp_path / "run", "two")
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8")) == {"recipe": "one"}


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match="not empty and not a run folder"):
        RunFolder(tmp_path, "one")


def test_a_stage_that_has_not_run_says_so(tmp_path):
    folder = RunFolder(tmp_path / "run", "r")
    with pytest.raises(StoreError, match="stage s has not run"):
        folder.kept("s", Example)


def test_two_runs_at_once_in_one_folder_are_refused(tmp_path):
    first, second = RunFolder(tmp_path / "run", "r"), RunFolder(tmp_path / "run", "r")
    with first.locked(), pytest.raises(StoreError, match="another run is at work"), second.locked():
        pass


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "run").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match=r"is a file; give a folder with --run"):
        RunFolder(tmp_path / "run", "r")


def test_without_a_terminal_a_long_stage_says_once_a_minute_how_far_it_is(capsys):
    now = [0.0]
    log = ProgressLog(Console(force_terminal=False), "translate", 1_000, clock=lambda: now[0])
    for _ in range(300):
        now[0] += 0.5
        log.advance()
    assert capsys.readouterr().out.splitlines() == [
        "translate 120 of 1,000, about 7 min left, 2.0 a second",
        "translate 240 of 1,000, about 6 min left, 2.0 a second",
    ]


@pytest.mark.parametrize(
    ("num_in", "told"),
    [(2000, "1,200 of 2,000 records are done, 800 are left: 5 of 5"), (None, "1,200 records are done: 5 of 5")],
)
def test_a_budget_s_end_says_how_many_records_are_done_and_left_and_ends_the_work(tmp_path, num_in, told):
    ended = []

    def work():
        try:
            yield from map(example, range(1200))
            raise BudgetError("5 of 5 tokens are spent; raise it")
        finally:
            ended.append(True)

    spent = Job(stage="s", settings={}, inputs=(), record_type=Example, num_in=num_in, work=work)
    with pytest.raises(BudgetError, match=f"^{told} tokens are spent"):
        run_job(RunFolder(tmp_path / "run", "r"), spent, CONSOLE)
    assert ended == [True]


def test_a_stage_that_fails_while_its_outcomes_are_written_ends_its_work_too(tmp_path):
    ended = []

    def work():
        try:
            yield from map(example, range(10))
        finally:
            ended.append(True)

    def interrupted(_):
        raise KeyboardInterrupt

    shown = Job(stage="s", settings={}, inputs=(), record_type=Example, num_in=10, work=work, show=interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_job(RunFolder(tmp_path / "run", "r"), shown, CONSOLE)
    assert ended == [True]
