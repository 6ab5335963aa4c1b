from random import Random

from qantara.fidelity.mutations.passages import other_sentence, sentence_dropped, untranslated_span
from qantara.fidelity.mutations.scene import Scene
from qantara.fidelity.reading import read


def scene(source, target, others=()):
    return Scene(field="text", kind="text", source=read(source, "en"), target=read(target, "ar"), others=others)


def test_each_long_sentence_is_a_place():
    text = "هذه جملة أولى طويلة. نعم. وهذه جملة أخرى طويلة؟"
    made = [edit.applied(text) for edit in sentence_dropped(scene("x", text), Random(1))]
    assert made == ["نعم. وهذه جملة أخرى طويلة؟", "هذه جملة أولى طويلة. نعم."]


def test_a_decimal_point_ends_no_sentence():
    assert list(sentence_dropped(scene("x", "أعطِ 2.5 ملغ من الدواء"), Random(1))) == []


def test_the_other_text_is_never_the_same():
    assert list(other_sentence(scene("x", "نص", others=("نص",)), Random(1))) == []
    assert [edit.after for edit in other_sentence(scene("x", "نص", others=("نص", "آخر")), Random(1))] == ["آخر"]


def test_left_words_hold_no_number():
    source = "one two three four five 6 seven eight nine ten eleven twelve"
    target = "واحد اثنان ثلاثة أربعة خمسة 6 سبعة ثمانية تسعة عشرة أحد اثنا"
    edits = list(untranslated_span(scene(source, target), Random(1)))
    assert edits
    assert not any(character.isdigit() for edit in edits for character in edit.after)
