import subprocess
import sys

from qantara.models.questions import Likelihood, Question


def test_questions_and_likelihoods_are_plain_values():
    assert Question("p", (("a", "b"),)) == ("p", (("a", "b"),))
    assert Likelihood(-1.5, 2, True).num_tokens == 2


def test_they_load_no_heavy_library():
    code = "import sys, qantara.models.questions; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
