from collections import Counter

import numpy as np

from qantara.fidelity.whole_set import passages
from qantara.fidelity.whole_set.folding import fold_batch
from qantara.fidelity.whole_set.passages import Passages, Suspect, runs_among

NONE = np.zeros(0, np.int64)


def observed(texts: list[str]) -> Passages:
    found = Passages()
    found.observe(fold_batch(texts), np.arange(len(texts)))
    return found


def test_a_run_of_six_words_in_three_texts_is_found(writer):
    leak = "zero one two three four five six"
    texts = [writer.text(20) for _ in range(50)]
    for row in (3, 14, 40):
        texts[row] = f"{texts[row]} {leak} {writer.text(5)}"
    [suspect] = observed(texts).suspects(NONE, NONE)
    assert suspect.to_read == {3, 14, 40}
    [(place, text, passage)] = runs_among(["", texts[3].upper()], np.array([suspect.run], np.uint64))
    assert (place, text) == (0, 1)
    assert passage.lower() in leak


def test_repeated_pairs_do_not_count_and_reported_pairs_need_company():
    found = observed(["zero one two three four five"] * 4)
    assert found.suspects(np.array([2, 3]), NONE) == []
    assert found.suspects(NONE, np.arange(4)) == []
    assert len(found.suspects(NONE, np.arange(3))) == 1


def test_memory_is_bounded_and_a_frequent_passage_of_six_words_still_found(writer, monkeypatch):
    monkeypatch.setattr(passages, "_BUDGET", 4_000)
    leak, found = "zero one two three four five", Passages()
    for first in range(0, 2_000, 100):
        texts = [f"{writer.text(20)} {leak if row % 10 == 0 else ''} {writer.text(20)}" for row in range(100)]
        found.observe(fold_batch(texts), np.arange(first, first + 100))
    assert found.num_halvings > 1
    assert found.num_kept <= 4_000
    [suspect] = found.suspects(NONE, NONE)
    assert all(number % 10 == 0 for number in suspect.to_read)


def test_shards_sample_alike(writer, monkeypatch):
    monkeypatch.setattr(passages, "_BUDGET", 1_000)
    texts = [writer.text(40) for _ in range(100)]
    whole, first, second = observed(texts), observed(texts[:50]), Passages()
    second.observe(fold_batch(texts[50:]), np.arange(50, 100))
    first.merge(second)
    assert first.num_halvings == whole.num_halvings
    assert sorted(np.concatenate(first.hashes).tolist()) == sorted(np.concatenate(whole.hashes).tolist())


def test_an_uncommon_word_of_the_sources_explains_a_passage():
    suspect = Suspect(run=0, to_read=frozenset(), sources=["copd in men", "copd rises", "mild copd", "copd, again"])
    assert suspect.is_explained(Counter(), 100)
    everywhere = Counter(dict.fromkeys(passages.source_units("copd"), 90))
    assert not suspect.is_explained(everywhere, 100)
