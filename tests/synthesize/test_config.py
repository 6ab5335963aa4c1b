import pytest
from pydantic import ValidationError

from qantara.synthesize.config import SynthesizeConfig


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"forms": {"xx": 1}}, "'xx' is not known"),
        ({"forms": {}}, "at least one is more than 0"),
        ({"forms": {"en": 0}}, "at least one is more than 0"),
        ({"forms": {"en": 2, "ar": -1}}, "shares are 0 or more"),
        ({"forms": {"en": 1, "ar": 0}, "forms_per_item": 2}, "only 1 forms"),
        ({"min_turns": 8, "max_turns": 6}, "min_turns is more"),
        ({"min_turns": 5, "max_turns": 5}, "no even number"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_settings_that_do_not_fit_are_told(config, settings, told):
    with pytest.raises(ValidationError, match=told):
        config(**settings)


def test_every_setting_says_what_it_is():
    assert all(field.description for field in SynthesizeConfig.model_fields.values())
