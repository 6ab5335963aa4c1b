"""Without Ray, which is not among the packages of the tests; what a trial does is tried by itself."""

import sys

import pytest

from qantara.errors import RecipeError
from qantara.sweep.arm import SETTINGS, finished
from qantara.sweep.ray_scheduling import run_ray, trial


def test_without_ray_it_says_what_to_install(idle_arm, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RecipeError, match=r"pip install 'qantara\[scale\]'"):
        run_ray([idle_arm("one")], 1, 1)


def test_a_trial_reports_its_arms_exit_status(idle_arm):
    good, bad = idle_arm("good"), idle_arm("bad")
    (bad / SETTINGS).write_text("{", encoding="utf-8")
    assert trial({"folder": str(good)}) == {"status": 0}
    assert trial({"folder": str(bad)}) == {"status": 1}
    assert finished(good) is not None
