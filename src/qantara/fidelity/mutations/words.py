"""Faults of single words: a word that became its opposite, a side of the body, a drug."""

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

from rapidfuzz import process
from rapidfuzz.fuzz import ratio

from qantara.fidelity.mutations.scene import Edit, Scene, replaced
from qantara.fidelity.mutations.spellings import Form, alike, find_form, forms, glued, same_script, with_article
from qantara.fidelity.reading import read

_LATERALITY = frozenset({"left_right", "bilateral_unilateral"})
_NUM_LOOK_ALIKES = 5


def antonym(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield the opposite of each word that has one and that the source has too, sides of the body aside."""
    return _turned(scene, laterality=False)


def laterality(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield the other side for each side of the body."""
    return _turned(scene, laterality=True)


def _turned(scene: Scene, *, laterality: bool) -> Iterator[Edit]:
    spelled = forms("antonyms", "value", scene.target.language)
    said = set(scene.source.values("antonym"))
    for cue in scene.target.cues("antonym"):
        name, _, side = cue.value.partition(":")
        if (name in _LATERALITY) is not laterality or cue.value not in said:  # in another sense it has no opposite
            continue
        ours = spelled.get(cue.value, ())
        theirs = [form for value, found in spelled.items() for form in found if _is_opposite(value, name, side)]
        found = find_form(scene.target, cue, ours)
        if found is None:
            continue
        after = alike(scene.target.quote(found.start, found.end), theirs, ours)
        if after is not None:
            prefix = scene.target.quote(cue.start, found.start) if found.start > cue.start else ""
            written = with_article(scene.target.language, scene.target.quote(found.start, found.end), after)
            word = glued(prefix, written)
            read_as = read(word, scene.target.language).values("antonym")
            if any(_is_opposite(value, name, side) for value in read_as):
                yield replaced(scene.target, cue.start, found.end, word)


def _is_opposite(value: str, name: str, side: str) -> bool:
    other_name, _, other_side = value.partition(":")
    return other_name == name and other_side != side


def drug_swapped(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield another drug's name in place of each drug, preferably one that looks like it."""
    spelled = forms("drugs", "drug", scene.target.language)
    present = {
        drug for side in (scene.source, scene.target) for value in side.values("drug") for drug in value.split("/")
    }
    for cue in scene.target.cues("drug"):
        found = find_form(scene.target, cue, spelled.get(cue.value, ()))
        if found is None or "/" in cue.value:
            continue
        written = scene.target.quote(found.start, found.end)
        names = _look_alikes(found.form, scene.target.language, tuple(sorted(present)))
        if names:
            after = random.choice(names)
            yield replaced(scene.target, found.start, found.end, after.capitalize() if written.istitle() else after)


@cache
def _look_alikes(form: Form, code: str, present: Sequence[str]) -> tuple[str, ...]:
    spelled = forms("drugs", "drug", code)
    names = [
        other.written
        for drug, found in spelled.items()
        if drug not in present and "/" not in drug
        for other in found[:1]
        if same_script(found[0].written, form.written)
    ] or [
        other.written
        for drug, found in spelled.items()
        if drug not in present and "/" not in drug
        for other in found
        if same_script(other.written, form.written)
    ]
    best = process.extract(form.written, names, scorer=ratio, limit=_NUM_LOOK_ALIKES)
    return tuple(name for name, _, _ in best)
