from qantara.records import Choice, Origin, Rejection, with_id
from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, LoadedTask, Side
from qantara.sources.benchmarks.shapes import GENERAL
from qantara.sources.data_set import DataSet

FACTS = DataSet(name="d", url="https://example.org", licence="MIT", num_records=1, citation="c")


def item(code: str, native_id: str = "1") -> Choice:
    made = with_id(
        Choice(
            id="",
            language=code,
            origin=Origin(source="d", native_id=native_id),
            question="Which?",
            options=("x", "y"),
            answer_index=0,
        )
    )
    assert isinstance(made, Choice)
    return made


def rejection(reason: str, native_id: str) -> Rejection:
    return Rejection(record_id="r", native_id=native_id, stage="evaluate", reason=reason)


def test_a_benchmark_tells_its_languages_and_hub_ids() -> None:
    english = Side(
        shapes=GENERAL, hub=(HubSplit(path="a/b", split="test"), HubSplit(path="a/b", name="c", split="test"))
    )
    benchmark = Benchmark(name="b", data_set=FACTS, sides={"en": english, "ar": Side(shapes=GENERAL)})
    assert benchmark.languages == ("en", "ar")
    assert benchmark.hub == {"en": ("a/b", "a/b (c)")}


def test_ids_that_are_set_apart_are_counted_once() -> None:
    reasons = [("no_partner", "1"), ("answers_differ", "2"), ("no_partner", "2"), ("empty_option", "3")]
    task = LoadedTask(
        name="t", data_set=None, items=(item("en"),), rejections=tuple(rejection(*reason) for reason in reasons)
    )
    assert task.num_unpaired == 2


def test_the_fingerprint_changes_with_items_and_with_shots() -> None:
    tasks = [
        LoadedTask(name="t", data_set=None, items=(item("en"),)),
        LoadedTask(name="t", data_set=None, items=(item("en"), item("ar"))),
        LoadedTask(name="t", data_set=None, items=(item("en"),), shots=(item("ar"),)),
    ]
    assert len({task.fingerprint for task in tasks}) == 3
