import pytest
from pydantic import ValidationError

from qantara.translator.config import TranslatorConfig

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}


def test_defaults_are_two_rounds_and_the_documented_threshold():
    config = TranslatorConfig.model_validate({"model": MODEL})
    assert (config.max_rounds, config.threshold, config.judge, config.style) == (2, 85, None, "fields")


@pytest.mark.parametrize(
    "change",
    [{"threshold": 101}, {"max_rounds": -1}, {"style": "poetry"}, {"model": {"backend": "magic"}}, {"colour": 1}],
)
def test_what_is_out_of_range_is_refused(change):
    with pytest.raises(ValidationError):
        TranslatorConfig.model_validate({"model": MODEL} | change)
