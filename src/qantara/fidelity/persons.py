"""Rules on who it is about: the patient's sex; a changed age is a changed number.

Only words that surely name a person's sex are in the lexicon; the Arabic masculine "patient" is generic and is not.
"""

from collections.abc import Iterable

from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair


@rule("person.sex", severity="fail", why="A woman became a man: the case is another one.")
def sex(pair: TextPair) -> Iterable[Match]:
    """Find texts that speak of one sex only, and of the other only in the target."""
    ours, theirs = set(pair.source_reading.values("sex")), set(pair.target_reading.values("sex"))
    if len(ours) != 1 or len(theirs) != 1 or ours == theirs:
        return
    a, b = pair.source_reading.cues("sex")[0], pair.target_reading.cues("sex")[0]
    before, after = pair.source_reading.quote(a.start, a.end), pair.target_reading.quote(b.start, b.end)
    message = f'"{before}" ({a.value}) became "{after}" ({b.value})'
    yield Match(message, (a.start, a.end), (b.start, b.end), a.value, b.value)


RULES = (sex,)
