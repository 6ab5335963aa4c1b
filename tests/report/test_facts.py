import dataclasses

import pytest


def test_facts_are_frozen(facts):
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.name = "other"
