"""How well base and tuned model answer in each language, with intervals, and whether any difference is larger than noise."""

from collections import Counter
from collections.abc import Sequence

from qantara.languages import language
from qantara.pages.formatting import count, interval, p_value, percent, plural, points
from qantara.pages.sections import Cell, Section, Table
from qantara.report.facts import Json, RunFacts
from qantara.report.lookup import inside

_SCORINGS = {"letter": "option letter", "text": "full option text"}


def evaluation_section(facts: RunFacts) -> Section:
    """Return the section; without scores it says so."""
    title = "Evaluation"
    if not facts.scores.get("scores"):
        return Section(anchor="evaluation", title=title, paragraphs=["No model was evaluated in this run."])
    paragraphs = [noise_sentence(facts.scores), baseline_sentence(facts.scores)]
    tables = [_accuracy_table(facts), _gap_table(facts), _change_table(facts), _choice_table(facts)]
    shown = [table for table in tables if table.rows]
    return Section(anchor="evaluation", title=title, paragraphs=paragraphs, tables=shown)


def noise_sentence(scores: Json) -> str:
    """Return in plain words whether any measured difference is larger than chance alone would often make it."""
    compared = [*scores.get("gaps", []), *scores.get("changes", [])]
    if not compared:
        return "Nothing was compared, so nothing can be said about differences."
    beyond = [row for row in compared if row["low"] > 0 or row["high"] < 0]
    by_chance = 0.05 * len(compared)
    if not beyond:
        return (
            f"None of the {plural(len(compared), 'difference')} below (gaps between languages, changes by training) is larger "
            "than noise: every 95% interval holds zero. With so few items this does not show that there is no difference."
        )
    verb = "is" if len(beyond) == 1 else "are"
    return (
        f"{count(len(beyond))} of the {plural(len(compared), 'difference')} below (gaps between languages, changes by training) "
        f"{verb} larger than noise by its own 95% interval. Among so many, about {by_chance:.1f} would be so by chance alone."
    )


def baseline_sentence(scores: Json) -> str:
    """Return what guessing and always choosing the commonest answer would get, and how many accuracies lie above both."""
    chance = inside(scores, "baselines", "chance")
    majority = inside(scores, "baselines", "majority") or {}
    rows = scores["scores"]
    above = [row for row in rows if row["low"] > max(chance or 0.0, majority.get(row["arm"], 0.0))]
    told = ", ".join(f"{percent(value)} in {language(code).name}" for code, value in majority.items())
    return (
        f"Guessing gets {percent(chance)}; always choosing the commonest answer gets {told or 'a share that is not known'}. "
        f"{count(len(above)) if above else 'None'} of the {plural(len(rows), 'accuracy', 'accuracies')} "
        f"{'lies above both with its whole interval' if len(above) < 2 else 'lie above both with their whole intervals'}."
    )


def _way(row: Json) -> str:
    scoring = str(row["scoring"])
    name = _SCORINGS.get(scoring, scoring)
    return f"{name}, per token" if row.get("normalization") == "token" else name


def _accuracy_table(facts: RunFacts) -> Table:
    cells: dict[tuple[str, str], dict[str, Json]] = {}
    for row in facts.scores["scores"]:
        cells.setdefault((row["model"], _way(row)), {})[row["arm"]] = row
    rows: list[list[Cell]] = []
    for (model, way), by_arm in cells.items():
        line: list[Cell] = [model, way]
        for code in facts.direction:
            line += _accuracy(by_arm.get(code))
        rows.append(line)
    names = [language(code).name for code in facts.direction]
    headers = ("Model", "Scored by", *(head for name in names for head in (name, "95% interval", "Right / items")))
    return Table(caption=f"Accuracy{_task(facts)}", headers=headers, rows=rows, numeric=frozenset(range(2, 8)))


def _task(facts: RunFacts) -> str:
    task = facts.scores.get("task")
    return f" on the paired benchmark “{task}”" if task else " on the paired benchmark"


def _accuracy(row: Json | None) -> Sequence[str]:
    if row is None:
        return ("", "", "")
    right = f"{count(row['num_correct'])} / {count(row['num_items'])}"
    return (percent(row["accuracy"]), interval(row["low"], row["high"]), right)


def _gap_table(facts: RunFacts) -> Table:
    source, target = (language(code).name for code in facts.direction)
    rows = [
        [
            row["model"],
            _way(row),
            *_difference(row, "gap"),
            count(row.get("only_source_right")),
            count(row.get("only_target_right")),
            percent(row.get("smallest_detectable_gap")).replace("%", ""),
        ]
        for row in facts.scores.get("gaps", [])
    ]
    headers = ("Model", "Scored by", "Gap", "95% interval", "p", f"Only {source} right", f"Only {target} right")
    return Table(
        caption=f"Language gap: {source} less {target} on the same items, in percentage points (paired)",
        headers=(*headers, "Smallest gap to be seen"),
        rows=rows,
        numeric=frozenset(range(2, 8)),
    )


def _change_table(facts: RunFacts) -> Table:
    rows = [
        [language(row["arm"]).name, _way(row), *_difference(row, "change")] for row in facts.scores.get("changes", [])
    ]
    return Table(
        caption="Change by training: tuned less base on the same items, in percentage points (paired)",
        headers=("Language", "Scored by", "Change", "95% interval", "p"),
        rows=rows,
        numeric=frozenset(range(2, 5)),
    )


def _difference(row: Json, name: str) -> list[str]:
    return [points(row[name]), f"{points(row['low'])} to {points(row['high'])}", p_value(row.get("p_value"))]


def _choice_table(facts: RunFacts) -> Table:
    chosen: dict[tuple[str, str], dict[str, Counter[int]]] = {}
    for p in facts.predictions:
        way = _way({"scoring": p.scoring, "normalization": p.normalization})
        chosen.setdefault((p.model, way), {}).setdefault(p.language, Counter())[p.chosen_index] += 1
    names = [language(code).name for code in facts.direction]
    return Table(
        caption="The option chosen most often, and for which share of the items (always the same one would be no knowledge)",
        headers=("Model", "Scored by", *names),
        rows=[[*key, *(_commonest(found.get(code)) for code in facts.direction)] for key, found in chosen.items()],
    )


def _commonest(counts: Counter[int] | None) -> str:
    if not counts:
        return ""
    index, number = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return f"option {index + 1}: {percent(number / counts.total())}"
