"""Checks the course of a dialogue: who speaks when, how many turns, whether the doctor asks before advising, and in which language.

Languages of one script are told apart by function words; whether a short turn such as "Yes, 5." is in the right one
nobody can tell.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from qantara.fidelity import script
from qantara.fidelity.text_pair import TextPair
from qantara.records import Turn
from qantara.synthesize.facts import QUESTION_MARKS
from qantara.synthesize.forms import Form
from qantara.synthesize.tags import Fault

_OF_ANOTHER_LANGUAGE = (script.wrong, script.left_in_source)
_OF_NO_LANGUAGE = (script.other, script.foreign_letters, script.presentation_forms)


def course_faults(turns: Sequence[Turn], min_turns: int, max_turns: int) -> Iterator[Fault]:
    """Yield what is wrong with roles, with the number of turns, and with a doctor who advises without having asked."""
    wanted = ("user", "assistant")
    wrong = next((i for i, turn in enumerate(turns, start=1) if turn.role != wanted[(i - 1) % 2]), 0)
    if wrong:
        yield Fault("roles.order", f"turn {wrong}")
    elif turns[-1].role != "assistant":
        yield Fault("roles.end", "the patient has the last word")
    if not min_turns <= len(turns) <= max_turns:
        yield Fault("turns.number", f"{len(turns)} turns")
    asked = (turn for turn in turns[:-1] if turn.role == "assistant")
    if not any(mark in turn.text for turn in asked for mark in QUESTION_MARKS):
        yield Fault("doctor.asks_nothing", "no question in a doctor's turn before the last")


def language_faults(turns: Sequence[Turn], form: Form, known: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with the languages of the turns; `known` are all codes that a turn may have slipped into."""
    spoken = [_fitting(turn.text, form, known) for turn in turns]
    for number, (turn, fitting) in enumerate(zip(turns, spoken, strict=True), start=1):
        if not fitting:
            yield Fault("language.wrong", f"turn {number} is not in {' or '.join(form.languages)} alone")
        elif _has_odd_letters(turn.text, fitting[0], known):
            yield Fault("language.letters", f"turn {number} has letters of no language that was asked for")
    if len(form.languages) > 1 and all(spoken):
        yield from _switch_faults(turns, [fitting[0] if len(fitting) == 1 else "" for fitting in spoken], form)


def languages_of(turns: Sequence[Turn], form: Form, known: Sequence[str]) -> list[str] | None:
    """Return the language of each turn, that of the turn before where it could be either; None if a turn is in no asked one."""
    found: list[str] = []
    for turn in turns:
        fitting = _fitting(turn.text, form, known)
        if not fitting:
            return None
        before = found[-1] if found else form.first
        found.append(before if before in fitting else fitting[0])
    return found


def _switch_faults(turns: Sequence[Turn], spoken: Sequence[str], form: Form) -> Iterator[Fault]:
    """Yield what is wrong with the change of language; `spoken` is "" for a turn that could be in either."""
    told = [(number, code) for number, code in enumerate(spoken) if code]
    changes = [after[0] for before, after in pairwise(told) if before[1] != after[1]]
    if told and told[0][1] != form.first:
        yield Fault("language.begins_wrong", f"it begins in {told[0][1]}, not in {form.first}")
    elif not changes:
        yield Fault("language.no_switch", "the language never changes")
    elif turns[changes[0]].role != "user":
        yield Fault("language.switch_by_doctor", f"turn {changes[0] + 1}")
    elif len(changes) > 1:
        yield Fault("language.not_followed", f"turn {changes[1] + 1} goes back to {form.first}")


def _fitting(text: str, form: Form, known: Sequence[str]) -> list[str]:
    """Return the languages of a form that a turn can be in."""
    return [
        code
        for code in form.languages
        if not any(
            any(rule.find(_pair(text, code, other)))
            for other in known
            if other != code
            for rule in _OF_ANOTHER_LANGUAGE
        )
    ]


def _has_odd_letters(text: str, code: str, known: Sequence[str]) -> bool:
    other = next((other for other in known if other != code), code)
    return any(any(rule.find(_pair(text, code, other))) for rule in _OF_NO_LANGUAGE)


def _pair(text: str, code: str, other: str) -> TextPair:
    """Return a text as if it were a translation from another language, which is what the rules of `fidelity` take."""
    return TextPair(field="", source="", target=text, source_language=other, target_language=code)
