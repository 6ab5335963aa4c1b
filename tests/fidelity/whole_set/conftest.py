import random

import pytest

from qantara.fidelity.whole_set import ObservedPair

SYLLABLES = ("ba", "ko", "ri", "tu", "ne", "sa", "mi", "lo", "da", "fe", "gu", "pi", "vo", "ze", "hu", "ja")


class Writer:
    """Writes unrelated texts from a seeded vocabulary, in place of a corpus."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.words = ["".join(self.random.choices(SYLLABLES, k=self.random.randint(1, 4))) for _ in range(4_000)]

    def text(self, num_words: int) -> str:
        return " ".join(self.random.choices(self.words, k=num_words))


@pytest.fixture
def writer():
    return Writer()


@pytest.fixture
def text_pair():
    def make(number: int, source: str, target: str, id: str = "") -> ObservedPair:
        return ObservedPair(
            number=number,
            id=id,
            source={"text": source},
            target={"text": target},
            source_language="en",
            target_language="ar",
        )

    return make


@pytest.fixture
def choice_pair():
    def make(number: int, source: list[str], target: list[str], answer_index: int = 0) -> ObservedPair:
        """Each side is the question followed by the options."""
        sides = [
            {"question": side[0]} | {f"options/{i}": option for i, option in enumerate(side[1:])}
            for side in (source, target)
        ]
        return ObservedPair(
            number=number,
            source=sides[0],
            target=sides[1],
            source_language="en",
            target_language="ar",
            answer_index=answer_index,
            num_options=len(source) - 1,
        )

    return make
