"""Rules on the user's glossary: where the source has a term of it, the target must have one of the accepted renderings."""

from collections.abc import Iterable

from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair


@rule("terms.glossary", severity="warn", why="A term of the user's glossary is rendered by none of its accepted terms.")
def glossary(pair: TextPair) -> Iterable[Match]:
    """Find terms whose accepted renderings are all missing."""
    if pair.glossary is None:
        return
    source, target = pair.source_reading, pair.target_reading
    for term, (start, end) in pair.glossary.terms_in(source):
        accepted = pair.glossary.accepted[term]
        if not pair.glossary.has_any(target, pair.target_language, accepted):
            wanted = " | ".join(accepted)
            yield Match(f'"{term}" is rendered by none of its accepted terms ({wanted})', (start, end), None, wanted)


RULES = (glossary,)
