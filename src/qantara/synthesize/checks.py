"""All checks of a dialogue in one call: pure functions of an item, the form that was asked for and the turns that came.

Faults come in the order in which a reader would stop: course, language, frame, facts, advice.
"""

from collections.abc import Sequence

from qantara.fidelity.encoders import Encoder
from qantara.records import Choice, Turn
from qantara.synthesize.advice import Advice, advice_faults
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.conversation import course_faults, language_faults, languages_of
from qantara.synthesize.forms import Form
from qantara.synthesize.frame import frame_faults
from qantara.synthesize.grounding import grounding_faults
from qantara.synthesize.tags import Fault


def faults_of(
    item: Choice, form: Form, turns: Sequence[Turn], config: SynthesizeConfig, encoder: Encoder
) -> tuple[Fault, ...]:
    """Return everything that is wrong with a dialogue; nothing: it may be kept.

    Facts and advice are read in the languages that were asked for, so they are not looked at where a turn is in another one.
    """
    known = tuple(dict.fromkeys((*form.languages, item.language)))
    found = [
        *course_faults(turns, config.min_turns, config.max_turns),
        *language_faults(turns, form, known),
        *frame_faults(turns, known),
    ]
    languages = languages_of(turns, form, known)
    if languages is None:
        return tuple(found)
    found += grounding_faults(item, turns, languages)
    if turns[-1].role == "assistant":
        found += advice_faults(Advice(item, turns[-1].text, languages[-1]), encoder)
    return tuple(found)
