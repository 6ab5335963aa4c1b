"""What let a translation through without a person, and what its score is worth: findings alone, or a calibrated threshold.

A score decides nothing that was not calibrated against people's decisions; a run without a calibration is said to have none.
"""

from markupsafe import Markup

from qantara.pages.formatting import NOT_KNOWN, count, interval, listing, percent, plural
from qantara.pages.sections import Cell, Table, code, two_lines
from qantara.report.facts import Json, RunFacts
from qantara.report.lookup import detail, inside

_BY_FINDINGS = (
    "What was accepted was decided by findings alone: a translation had to be readable, with no fault and no doubt found by any "
    "check or judge. One with a fault or a doubt went to people. "
)
_UNCALIBRATED = "Scores decided nothing, because they are uncalibrated: what a score is worth is not known."
_HOW_TO_CALIBRATE = Markup(
    "To calibrate them, let people decide on translations (<code>qantara review export</code>, then <code>qantara review "
    "import</code>), run <code>qantara calibrate RUN</code>, and name the file that it writes in the recipe as "
    "<code>translate.calibration</code>."
)
_USE_IT = Markup(
    " To let them decide, name that calibration in the recipe as <code>translate.calibration</code> and run it again."
)
_OTHER_POLICY = "The calibration of {} was made with another judge, prompt, penalty or language: it says nothing here."


def acceptance_lines(facts: RunFacts) -> list[Cell]:
    """Return sentences on who translated and judged, what decided, and how far scores are calibrated."""
    threshold = detail(facts, "translate", "threshold")
    decided = _by_findings(facts) if threshold is None else _by_score(facts, threshold)
    return [*_who(facts), *decided]


def calibration_table(facts: RunFacts) -> Table | None:
    """Return what people's decisions say of the scores; None without a calibration that fits this run."""
    found = facts.calibration
    if found is None or not _fits(facts):
        return None
    decided = plural(found["num_audited"] + found["num_doubted_decided"], "decided record")
    drawn = f"{plural(found['num_audited'], 'accepted record')} drawn at random"
    threshold = "none was found" if found["threshold"] is None else str(found["threshold"])
    aim = f"Threshold for at most {percent(found['error_rate'])} major errors"
    rows: list[list[Cell]] = [
        [two_lines("AUC: how often a major error has the lower score (0.5 is a coin)", decided), *_auc(found)],
        [two_lines("Accepted records with a major error", drawn), *_accepted_error(found)],
        [two_lines(aim, _share(found)), threshold, _bound(found)],
    ]
    return Table(
        caption=f"Calibration of {found['date']}: scores held against people's decisions",
        headers=("What", "Value", f"{100 * found['confidence']:g}% interval or bound"),
        rows=rows,
        numeric=frozenset({1, 2}),
    )


def same_model_warnings(facts: RunFacts) -> list[Cell]:
    """Return a warning when a model judges its own translations, or votes on its own judgement."""
    roles = ("model", "judge", "second_judge")
    model, judge, second = (inside(facts.recipe, "translate", role, "model") for role in roles)
    own = [name for name, judging in (("judge", judge), ("second judge", second)) if model and judging == model]
    told: list[Cell] = []
    if own:
        told.append(
            f"{model} translated and was {listing([f'the {name}' for name in own])} as well. Models tend to favor what they wrote "
            "themselves: let another model judge before its verdicts are relied on."
        )
    if judge and judge == second:
        told.append(f"The second vote is by the same model as the first, {judge}, so it adds little.")
    return [Markup("<strong>Warning:</strong> {}").format(line) for line in told]


def _who(facts: RunFacts) -> list[Cell]:
    model, judge = (inside(facts.recipe, "translate", role, "model") for role in ("model", "judge"))
    if not model:
        return []
    if judge == model:
        return [Markup("{} translated and judged its own translations.").format(code(model))]
    if judge:
        return [Markup("{} translated; {} judged.").format(code(model), code(judge))]
    checks = "rules and sentence vectors" if inside(facts.recipe, "translate", "meaning") else "rules"
    return [Markup("{} translated; no language model judged, {} alone looked for faults.").format(code(model), checks)]


def _by_findings(facts: RunFacts) -> list[Cell]:
    found = facts.calibration
    if found is None:
        return [_BY_FINDINGS + _UNCALIBRATED, _HOW_TO_CALIBRATE]
    if not _fits(facts):
        return [f"{_BY_FINDINGS}{_UNCALIBRATED} {_OTHER_POLICY.format(found['date'])}", _HOW_TO_CALIBRATE]
    told = f"{_BY_FINDINGS}Scores decided nothing in this run; they were calibrated on {found['date']} (table below)."
    if found["threshold"] is None:
        return [f"{told} No threshold could be shown to keep errors low enough, so they should still decide nothing."]
    return [Markup("{}{}").format(told, _USE_IT)]


def _by_score(facts: RunFacts, threshold: int) -> list[Cell]:
    found, floor = facts.calibration, inside(facts.recipe, "translate", "floor")
    rest = "Every other readable one went to people."
    if floor is not None:
        rest = f"Of the other readable ones, those with a score below {floor} were rejected unseen; the rest went to people."
    told: list[Cell] = [
        "What was accepted was decided by a calibrated score: a translation had to be readable, with no fault found, and its "
        f"score at least {threshold} of 100. {rest}"
    ]
    if found is None:
        told.append(
            "The calibration's own figures are not at hand, so how many errors that lets through is not told here."
        )
    elif not _fits(facts):
        told.append(_OTHER_POLICY.format(found["date"]))
    elif found["threshold"] != threshold:
        own = (
            "found no threshold"
            if found["threshold"] is None
            else f"found {found['threshold']}, and its bound holds for that"
        )
        told.append(f"The recipe sets this threshold itself: the calibration {own}.")
    return told


def _fits(facts: RunFacts) -> bool:
    return facts.calibration is not None and facts.calibration["policy"] == detail(facts, "translate", "policy")


def _auc(found: Json) -> tuple[str, str]:
    if found["auc"] is None:
        return NOT_KNOWN, ""
    return f"{found['auc']:.3f}", f"{found['auc_low']:.3f} to {found['auc_high']:.3f}"


def _accepted_error(found: Json) -> tuple[str, str]:
    rate, low, high = (found[f"accepted_error_{name}"] for name in ("rate", "low", "high"))
    return percent(rate), "" if rate is None else interval(low, high)


def _bound(found: Json) -> str:
    return "" if found["upper_error_rate"] is None else f"at most {percent(found['upper_error_rate'])}"


def _share(found: Json) -> str:
    if found["review_share"] is None:
        return f"{count(found['num_doubted_decided'])} of {plural(found['num_doubted'], 'doubted record')} decided"
    return f"{percent(found['review_share'])} of the records go to people then"
