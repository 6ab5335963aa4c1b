from qantara.sources import sample
from qantara.sources.benchmarks.loading import load_task
from qantara.sources.benchmarks.sample_pairs import BENCHMARK
from qantara.sources.config import SamplePairs
from qantara.sources.reading import read_pairs


def test_the_sample_gives_the_items_that_a_pipeline_reads() -> None:
    expected = list(read_pairs(SamplePairs(reader="sample"), sample.FOLDER, "en", "ar"))
    task = load_task("sample")
    assert [item.id for item in task.items] == [item.id for item in expected]
    assert BENCHMARK.data_set.num_records == len(task.items) // 2
