import subprocess
import sys

import pytest
from pydantic import ValidationError

from qantara.models.adapter_config import AdapterConfig


def test_ranks_are_multiples_of_8():
    assert AdapterConfig(rank=24).rank == 24
    with pytest.raises(ValidationError, match="multiple of 8"):
        AdapterConfig(rank=12)


def test_an_adapter_on_nothing_is_refused():
    with pytest.raises(ValidationError, match="nothing to train"):
        AdapterConfig(attention=False, experts=False, router=False)


def test_reading_a_training_config_imports_no_torch():
    code = "import sys, qantara.train.stage; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
