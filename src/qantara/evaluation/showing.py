"""What `qantara evaluate` prints: the tasks there are, the prompt of an item with its tokens, the table at the end."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qantara.evaluate.prompting.arms import Arm
from qantara.evaluate.prompting.asking import item_asks
from qantara.evaluate.prompting.prompt_views import marked
from qantara.evaluate.prompting.prompts import check_begin_mark, reply_turns, shots_for
from qantara.evaluate.settings import EvaluationConfig
from qantara.sources.benchmarks.benchmark import Benchmark, LoadedTask

_SHOWN = 8  # characters before an answer that are shown with it: the join


def task_lines(benchmarks: Sequence[Benchmark]) -> Iterator[str]:
    """Yield a few lines a benchmark: name, languages, size, licence, where the hub has it, citation."""
    for benchmark in benchmarks:
        facts = benchmark.data_set
        yield f"{benchmark.name}  ({', '.join(benchmark.languages)}; {facts.num_records:,} items; {facts.licence})"
        for code, ids in benchmark.hub.items():
            yield f"    hub, {code}: {', '.join(ids)}"
        yield f"    {facts.citation}. {facts.url}"
        if benchmark.note:
            yield f"    {benchmark.note}"


def prompt_lines(task: LoadedTask, arm: Arm, config: EvaluationConfig, tokenizer: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the prompts of a task's first item in an arm, with bars between tokens, and the answers as they are scored."""
    item = next((item for item in task.items if item.language == arm.language), None)
    if item is None or arm.is_translated:
        yield f"=== {task.name}, {arm.name}: items come from a translator, none is shown"
        return
    spec = config.spec(arm)
    shots = shots_for(item, task.shots, spec)
    for ask in item_asks(item, shots, spec, config, tokenizer).asks:
        yield f"=== {task.name}, {arm.name}, item {item.origin.native_id}: {', '.join(ask.sets)}"
        text = ask.question.prompt
        if tokenizer is not None:
            check_begin_mark(text, tokenizer)
            yield f"({len(tokenizer(text, add_special_tokens=False)['input_ids'])} tokens, a bar before each)"
        yield marked(text, tokenizer)
        for name, answers in zip(ask.sets, ask.question.answer_sets, strict=True):
            yield from (
                f"  {name}: ...{marked(text + answer, tokenizer, max(0, len(text) - _SHOWN))}" for answer in answers
            )
    if "generate" in config.scoring:
        yield f"=== {task.name}, {arm.name}, item {item.origin.native_id}: generate"
        for turn in reply_turns(item, shots, spec):
            yield f"[{turn.role}] {turn.text}"


def score_lines(scores: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of accuracies and gaps by the primary way of scoring."""
    way = (scores["primary"]["scoring"], scores["primary"]["normalization"])
    rows = [row for row in scores["scores"] if (row["scoring"], row["normalization"]) == way]
    yield f"primary: {'/'.join(filter(None, way))}, chosen before the run"
    for row in rows:
        chance = "" if row["chance"] is None else f", chance {row['chance']:.1%}"
        yield (
            f"{row['task']}, {row['arm']}: {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%}) "
            f"of {row['num_items']:,}{chance}, majority {row['majority']:.1%}"
        )
    for row in scores["gaps"]:
        if (row["scoring"], row["normalization"]) == way:
            yield (
                f"{row['task']}, {row['source_arm']} minus {row['arm']}: {100 * row['gap']:+.1f} points "
                f"({100 * row['low']:+.1f} to {100 * row['high']:+.1f}), McNemar p {row['p_value']:.3g}, "
                f"smallest gap it could show {100 * row['smallest_detectable_gap']:.1f}"
            )
