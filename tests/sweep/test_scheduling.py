"""Arms as real processes; what they do is nothing, or waiting for a pipe that nobody writes to."""

import os
import signal
import subprocess
import sys
import time

import pytest

from qantara.errors import RecipeError
from qantara.store import read_json
from qantara.sweep.arm import LOG, SETTINGS, finished
from qantara.sweep.scheduling import end_process, last_line, local_slots, run_local, start_arm, visible_devices


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds=20):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_arms_run_in_their_slots_and_one_that_fails_does_not_stop_the_others(idle_arm):
    folders = [idle_arm("one"), idle_arm("two"), idle_arm("three")]
    (folders[1] / SETTINGS).write_text("{", encoding="utf-8")
    heard = []
    run_local(folders, [{}, {}], lambda folder, status: heard.append((folder.name, status)))
    assert sorted(name for name, status in heard if status is None) == ["one", "three", "two"]
    assert {name: status for name, status in heard if status is not None} == {"one": 0, "two": 1, "three": 0}
    assert [finished(folder) is not None for folder in (folders[0], folders[2])] == [True, True]
    assert "is not JSON" in last_line(folders[1])
    assert [status for _, status in heard[:2]] == [None, None]  # two at once


def test_no_process_is_left_when_the_scheduler_is_interrupted(waiting_arm):
    folder = waiting_arm("slow")

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_local([folder], [{}], interrupt)
    running = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False).stdout
    assert running == ""


def test_an_arm_ends_when_the_process_that_started_it_is_killed(waiting_arm):
    folder = waiting_arm("slow")
    code = (
        "import sys, time, pathlib\nfrom qantara.sweep.scheduling import start_arm\n"
        "print(start_arm(pathlib.Path(sys.argv[1]), {}).pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    wait_until((folder / "run.lock").exists)
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    wait_until(lambda: not alive(child))


def test_output_is_added_to_the_log_of_what_went_before(idle_arm):
    folder = idle_arm("one")
    (folder / LOG).write_text("before\n", encoding="utf-8")
    (folder / SETTINGS).unlink()
    process = start_arm(folder, {})
    assert process.wait() == 1
    end_process(process)
    assert (folder / LOG).read_text(encoding="utf-8").startswith("before\n")
    assert last_line(folder).startswith("ValueError: ")


def test_without_a_log_there_is_no_last_line(tmp_path):
    assert last_line(tmp_path) == ""


def test_each_slot_has_an_accelerator_of_its_own():
    slots = local_slots(2, ["0", "GPU-7", "2"], 8)
    assert slots == [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "GPU-7"}]
    with pytest.raises(RecipeError, match=r"sweep.parallel is 4, but there are 3 accelerators"):
        local_slots(4, ["0", "1", "2"], 8)


def test_without_accelerators_the_cores_are_shared_out_unless_somebody_did(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert local_slots(3, [], 8) == [{"OMP_NUM_THREADS": "2"}] * 3
    assert local_slots(4, [], 2) == [{"OMP_NUM_THREADS": "1"}] * 4
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert local_slots(2, [], 8) == [{}, {}]


@pytest.mark.parametrize(("named", "devices"), [("3,1", ["3", "1"]), ("", []), ("GPU-a", ["GPU-a"])])
def test_accelerators_are_those_that_the_environment_names(monkeypatch, named, devices):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_devices() == devices


def test_settings_are_what_the_arm_reads(idle_arm):
    assert read_json(idle_arm("one") / SETTINGS)["name"] == "one"
