"""Results -> the files of a run: scores, predictions, costs, pages, and the same as lm-eval has them; each whole or not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from qantara.evaluate.arm_run import ArmResult
from qantara.evaluate.comparing.comparison import Comparing
from qantara.evaluate.comparing.gaps import gap_change_rows, model_rows
from qantara.evaluate.pages.page import render_report
from qantara.evaluate.pages.report_facts import CleanFacts, ReportFacts
from qantara.evaluate.pages.viewer import items_file_name, render_items
from qantara.evaluate.results import arm_notes, tables
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluation.viewing import Findings, items_facts
from qantara.harness.lm_eval_samples import Sample, write_samples
from qantara.harness.lm_eval_tasks import Document, export_tasks, task_name
from qantara.records import Prediction
from qantara.sources.benchmarks.benchmark import LoadedTask
from qantara.sources.benchmarks.clean_list import CleanList
from qantara.store import read_records, write_json, write_jsonl, write_records, write_text

SCORES, PREDICTIONS, TRANSLATIONS, COSTS, PAGE, HARNESS = (
    "scores.json",
    "predictions.parquet",
    "translations.jsonl",
    "costs.json",
    "index.html",
    "lm-eval",
)
FORMAT = 1
_FILES = (
    (SCORES, "every number of this page"),
    (PREDICTIONS, "each answer, with log-probabilities and replies"),
    (TRANSLATIONS, "every text of the arms that translate, with what was found in it"),
    (COSTS, "what each arm took"),
    (HARNESS, "the same questions as tasks for lm-eval, and the answers as its samples"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished run: what was asked, of what, and what came. `clean` is a clean list, `compared` another run's folder.

    `started` is when the run first began, which a repetition doesn't change.
    """

    config: EvaluationConfig
    model: str
    identity: Mapping[str, Any]
    tasks: Sequence[LoadedTask]
    results: Sequence[ArmResult]
    tokenizer: Any = None
    findings: Findings
    started: datetime
    clean: CleanList | None = None
    compared: Path | None = None

    def predictions(self) -> list[Prediction]:
        """Return every prediction, task by task and arm by arm."""
        return [p for result in self.results for p in result.predictions]


def write_run(run: Run, out: Path) -> dict[str, Any]:
    """Write every file of a run into `out` and return what `scores.json` holds."""
    others = list(read_records(run.compared / PREDICTIONS, Prediction)) if run.compared else []
    scores = scores_of(run, others)
    write_records(out / PREDICTIONS, run.predictions(), Prediction)
    write_json(out / SCORES, scores)
    rows = [{"task": r.task, "arm": r.arm.name} | dict(row) for r in run.results for row in r.translations]
    if rows:
        write_jsonl(out / TRANSLATIONS, rows)
    costs = [{"task": r.task, "arm": r.arm.name} | r.cost.as_json() for r in run.results]
    write_json(out / COSTS, costs)
    _write_harness(run, out / HARNESS)
    viewers = {}
    for task in run.tasks:
        results = [result for result in run.results if result.task == task.name]
        if results:
            of_task = [p for p in others if p.task == task.name]
            facts = items_facts(results, run.config, run.tokenizer, run.findings, of_task)
            viewers[task.name] = items_file_name(task.name)
            write_text(out / viewers[task.name], render_items(facts))
    write_text(out / PAGE, render_report(_report(run, scores, costs, viewers)))
    return scores


def scores_of(run: Run, others: Sequence[Prediction] = ()) -> dict[str, Any]:
    """Return every number of a run, JSON-ready; nothing in it depends on when or how fast it ran.

    `others` are the predictions of a run that it is compared with, item by item.
    """
    scoring, normalization = run.config.primary_way
    found: dict[str, Any] = {
        "format": FORMAT,
        "model": run.model,
        "identity": dict(run.identity),
        "settings": run.config.meaning(),
        "primary": {"scoring": scoring, "normalization": normalization},
        "tasks": [_task_facts(task) for task in run.tasks],
    }
    found |= tables(run.results, run.config)
    found["arms"] = arm_notes(run.results)
    if run.clean is not None:
        told = {"source": run.clean.name, "num_ids": run.clean.num_ids, "num_unknown": run.clean.num_unknown}
        found["clean"] = told | tables(run.results, run.config, run.clean.families)
    if others:
        found["comparison"] = _comparison(run, others)
    return found


def _comparison(run: Run, others: Sequence[Prediction]) -> dict[str, Any]:
    """Return both runs item by item, and by how much their gaps differ."""
    mine, how = run.predictions(), Comparing(margin=run.config.equivalence_margin)
    source = run.config.direction[0]
    return {
        "accuracies": model_rows(mine, others, how),
        "gaps": gap_change_rows(mine, others, source, run.config.arms, how) if source in run.config.arms else [],
    }


def _task_facts(task: LoadedTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "licence": task.data_set.licence if task.data_set else "unknown",
        "citation": task.data_set.citation if task.data_set else "",
        "fingerprint": task.fingerprint,
        "num_items": len({item.origin.family for item in task.items}),
        "num_rejected": len(task.rejections),
        "num_unpaired": task.num_unpaired,
    }


def _report(
    run: Run,
    scores: Mapping[str, Any],
    costs: Sequence[Mapping[str, Any]],
    viewers: Mapping[str, str],
) -> ReportFacts:
    clean = scores.get("clean")
    return ReportFacts(
        model=run.model,
        direction=run.config.direction,
        arms=run.config.chosen(),
        primary=run.config.primary_way,
        tasks=scores["tasks"],
        scores=scores["scores"],
        identity={**run.identity, "settings": run.config.meaning()},
        gaps=scores["gaps"],
        gaps_by_subject=scores["gaps_by_subject"],
        split=scores["split"],
        translate_first=scores["translate_first"],
        extraction=scores["extraction"],
        costs=costs,
        doubts=[_doubts(result) for result in run.results if result.translation is not None],
        clean=clean
        and CleanFacts(source=clean["source"], num_ids=clean["num_ids"], scores=clean["scores"], gaps=clean["gaps"]),
        comparison=scores.get("comparison", {}).get("accuracies", ()),
        notices=_notices(run),
        files=_FILES,
        viewers=viewers,
    )


def _doubts(result: ArmResult) -> dict[str, Any]:
    found: dict[str, Any] = dict(result.translation or {})
    return {
        "task": result.task,
        "arm": result.arm.name,
        "num_items": found["num_items"],
        "num_doubted": found["num_doubted"],
        "num_fallback": found["num_fallback"],
        "reasons": {**dict(found["fallback_by_reason"]), **dict(found["found_by_rule"])},
    }


def _notices(run: Run) -> list[str]:
    notes = [note for task in run.tasks for note in task.notes]
    if run.clean is not None and run.clean.num_unknown:
        notes.append(f"{run.clean.num_unknown} of the {run.clean.num_ids} ids of {run.clean.name} are not in the data")
    for task in run.tasks:
        if task.rejections:
            notes.append(f"{task.name}: {len(task.rejections)} rows were not scored (see scores.json)")
    for result in run.results:
        if result.num_unanswered:
            notes.append(
                f"{result.task}, {result.arm.name}: {result.num_unanswered} items got no answer and have no score; "
                "the same command asks again where a call failed"
            )
    return notes


def _write_harness(run: Run, folder: Path) -> None:
    samples: dict[str, list[Sample]] = {}
    for result in run.results:
        for name in ("letter", "text"):
            pairs = list(_samples(result, name))
            if pairs:
                task = task_name(result.task, result.arm.name, name)
                export_tasks(folder / "tasks", task, [sample.document for sample in pairs])
                samples[task] = pairs
    if samples:
        write_samples(folder / "samples", run.model, samples, run.started, {"identity": dict(run.identity)})


def _samples(result: ArmResult, name: str) -> list[Sample]:
    found = []
    for entry, answers in zip(result.asked, result.found, strict=False):
        for number, ask in enumerate(entry.asks if answers is not None else ()):
            if name in ask.sets:
                place = ask.sets.index(name)
                item = entry.item
                document = Document(
                    item.origin.native_id, ask.question.prompt, ask.question.answer_sets[place], item.answer_index
                )
                given = answers[number][place] if answers else ()
                found.append(Sample(document, tuple((a.log_probability, a.is_greedy) for a in given)))
    return found
