"""One text pair run through a rule file's rules: what the tests of the rules share."""

import pytest

from qantara.fidelity.text_pair import TextPair


@pytest.fixture(scope="session")
def find():
    """Return a function that gives what rules find in two texts: `find(rules, source, target)`, English to Arabic by default."""

    def run(rules, source, target, codes=("en", "ar"), **details):
        named = {"field": "text", "source_language": codes[0], "target_language": codes[1]} | details
        pair = TextPair(source=source, target=target, **named)
        return [finding for rule in rules for finding in rule(pair)]

    return run
