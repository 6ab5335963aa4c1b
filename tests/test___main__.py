import subprocess
import sys


def test_the_module_runs_the_command_line():
    done = subprocess.run([sys.executable, "-m", "qantara", "--help"], capture_output=True, text=True, check=True)
    assert "not a medical device" in " ".join(done.stdout.split())
