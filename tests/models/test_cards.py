import os

import pytest

from qantara.errors import ModelError
from qantara.models.cards import CARDS, card_of


@pytest.mark.parametrize(
    ("written", "name"),
    [("H100 80", "H100 80"), ("h100", "H100 80"), ("A100-80GB", "A100 80"), ("rtx 4090", "RTX 4090"), ("l40s", "L40S")],
)
def test_a_card_is_found_however_its_name_is_written(written, name):
    assert card_of(written).name == name


def test_every_card_is_found_by_its_own_name():
    assert [card_of(card.name) for card in CARDS] == list(CARDS)


def test_an_unknown_card_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"no card 'TPU v5' is known: choose one of RTX 4090, .*B200 or cpu"):
        card_of("TPU v5")


def test_cpu_is_this_machine():
    card = card_of("CPU")
    assert card.memory_gibibytes * (1 << 30) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert card.fp32_teraflops == pytest.approx(0.083 * len(os.sched_getaffinity(0)))
