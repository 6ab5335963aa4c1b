from qantara.sources import sample
from qantara.sources.jsonl import rows
from qantara.sources.mapping import Constants
from qantara.sources.native import native_examples
from qantara.sources.pairs import native_pairs

CONSTANTS = Constants(language="en", source=sample.DATA_SET.name)


def test_the_shipped_items_load_and_are_as_many_as_the_header_says() -> None:
    items = list(native_examples(rows(sample.ITEMS), CONSTANTS, "items"))
    assert len(items) == sample.DATA_SET.num_records
    assert len({item.id for item in items}) == len(items)


def test_the_shipped_benchmark_has_sound_pairs_of_other_families() -> None:
    pairs = list(native_pairs(rows(sample.BENCHMARK), CONSTANTS, ("en", "ar"), "benchmark"))
    assert len(pairs) >= 120
    assert all(0 <= item.answer_index < len(item.options) for item in pairs)
    families = {item.origin.family for item in pairs}
    assert len(families) == len(pairs) // 2
    assert families.isdisjoint(item.id for item in native_examples(rows(sample.ITEMS), CONSTANTS, "items"))
