import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qantara.fidelity.whole_set.folding import fold_batch, ngrams, text_hashes
from qantara.languages import ARABIC_INDIC_DIGITS


def hashes(*texts: str) -> list[int]:
    return text_hashes(fold_batch(texts)).tolist()


def test_what_folding_forgives_hashes_alike():
    one, two, three, four = hashes(
        "Dose: 12 mg", f"dose {ARABIC_INDIC_DIGITS[1]}{ARABIC_INDIC_DIGITS[2]} mg.", "mg dose 12", ""
    )
    assert one == two
    assert one != three
    assert four == 0


def test_tashkeel_tatweel_and_hamza_forms_do_not_matter():
    one, two = hashes("أَدْوِيَة", "ادويـــه")
    assert one == two


def test_hashes_are_the_same_in_another_process():
    code = "from qantara.fidelity.whole_set.folding import *; print(text_hashes(fold_batch(['a fever']))[0])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(output) == hashes("a fever")[0]


def test_word_offsets_point_into_the_text_as_given():
    texts = ["", "  Take, 2.5\u200b mg ", "x"]
    batch = fold_batch(texts)
    spans = zip(batch.word_texts, batch.word_starts, batch.word_ends, strict=True)
    assert [texts[text][start:end] for text, start, end in spans] == ["Take", "2", "5", "mg", "x"]


def test_runs_do_not_reach_into_the_next_text():
    batch = fold_batch(["a b c", "d e", "f g h"])
    _, starts = ngrams(batch.word_hashes, batch.word_texts, 3)
    assert starts.tolist() == [0, 5]


def test_runs_of_the_same_letters_in_another_order_differ():
    values = np.array([[1, 3, 2, 2, 3, 1], [3, 1, 2, 2, 1, 3], [2, 2, 2, 2, 2, 2]], np.uint64)
    hashes, _ = ngrams(values.ravel(), np.repeat(np.arange(3), 6), 6)
    assert len(set(hashes.tolist())) == 3


def test_a_batch_hashes_as_its_texts_do_alone():
    texts = ["one two", "", "three", "four five six"]
    assert hashes(*texts) == [hashes(text)[0] for text in texts]


@given(st.lists(st.text(), max_size=5))
def test_any_text_is_folded_with_offsets_inside_it(texts):
    batch = fold_batch(texts)
    lengths = np.array([len(text) for text in texts], np.int64)
    assert (batch.word_starts < batch.word_ends).all()
    assert (batch.word_ends <= lengths[batch.word_texts]).all()
    assert len(text_hashes(batch)) == len(texts)


def test_lone_surrogates_are_folded_too():
    assert fold_batch(["a\ud800b"]).num_texts == 1
