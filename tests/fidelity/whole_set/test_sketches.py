import numpy as np

from qantara.fidelity.whole_set.folding import fold_batch
from qantara.fidelity.whole_set.sketches import SKETCH_SIZE, alike_rows, estimate, sketch


def sketches_of(texts: list[str]):
    return sketch(fold_batch(texts), np.arange(len(texts)), len(texts))


def jaccard(one: str, two: str) -> float:
    left, right = ({f"{text} "[i : i + 5] for i in range(len(text) - 3)} for text in (one, two))
    return len(left & right) / len(left | right)


def test_the_estimate_is_close_to_the_true_jaccard_similarity(writer):
    ones = [writer.text(60) for _ in range(40)]
    others = [f"{text[: 8 * i]} {writer.text(30)}" for i, text in enumerate(ones)]
    estimates = estimate(sketches_of(ones + others), np.arange(40), np.arange(40, 80))
    errors = [value - jaccard(one, two) for value, one, two in zip(estimates, ones, others, strict=True)]
    assert abs(np.mean(errors)) < 0.03
    assert np.max(np.abs(errors)) < 4 * 0.5 / SKETCH_SIZE**0.5


def test_empty_texts_are_like_nothing():
    assert estimate(sketches_of(["", ""]), np.array([0]), np.array([1])).tolist() == [0.0]


def test_similar_rows_are_found_among_many_others(writer):
    texts = [writer.text(40) for _ in range(300)]
    texts[200] = texts[100] + " again"
    left, right = alike_rows(sketches_of(texts), np.arange(300), 0.5)
    assert (left.tolist(), right.tolist()) == ([100], [200])
