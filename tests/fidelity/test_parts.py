from qantara.fidelity.parts import aligned_parts
from qantara.fidelity.reading import read


def negations(source, target):
    parts = aligned_parts(read(source, "en"), read(target, "ar"))
    return [(len(a.cues("negation")), len(b.cues("negation"))) for a, b, _ in parts]


def test_as_many_sentences_stand_side_by_side():
    assert negations("No fever. He coughs. No pain.", "لا حمى. يسعل. لا ألم.") == [(1, 1), (0, 0), (1, 1)]


def test_another_number_of_sentences_leaves_the_texts_whole():
    assert negations("No fever. No pain.", "لا حمى ولا ألم.") == [(2, 2)]


def test_one_sentence_is_the_whole_text():
    source, target = read("No fever.", "en"), read("لا حمى.", "ar")
    assert list(aligned_parts(source, target)) == [(source, target, 2)]


def test_a_part_knows_how_many_words_its_source_has():
    parts = aligned_parts(read("No fever at all. He coughs.", "en"), read("لا حمى إطلاقًا. يسعل.", "ar"))
    assert [part.num_words for part in parts] == [4, 2]


def test_an_arabic_question_mark_ends_a_sentence():
    assert len(aligned_parts(read("Is it so? Yes it is.", "en"), read("أهو كذلك؟ نعم هو.", "ar"))) == 2


def test_places_stay_those_of_the_whole_text():
    source = read("He coughs. No pain.", "en")
    _, second = aligned_parts(source, read("يسعل. لا ألم.", "ar"))
    (cue,) = second[0].cues("negation")
    assert source.quote(cue.start, cue.end) == "No"


def test_a_decimal_point_ends_no_sentence():
    assert len(aligned_parts(read("Give 2.5 mL now", "en"), read("أعط 2.5 مل الآن", "ar"))) == 1
