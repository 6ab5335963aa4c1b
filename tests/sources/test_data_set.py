import pytest

from qantara.sources import medquad, mmlu_pairs, sample
from qantara.sources.data_set import DataSet


@pytest.mark.parametrize("module", [medquad, mmlu_pairs, sample])
def test_every_data_set_says_what_it_is(module: object) -> None:
    facts = module.DATA_SET  # type: ignore[attr-defined]
    assert isinstance(facts, DataSet)
    assert facts.url.startswith("https://")
    assert facts.name
    assert facts.licence
    assert facts.citation
    assert facts.num_records > 0
