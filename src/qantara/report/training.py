"""How the training went: losses as a picture, what was trained and whether it moved, memory and speed."""

import math

from qantara.pages.formatting import NOT_KNOWN, count, percent, plural, seconds, size
from qantara.pages.sections import Cell, Picture, Section, Table
from qantara.report.facts import RunFacts
from qantara.report.lookup import detail, inside
from qantara.report.losses import language_name, loss_drawings


def training_section(facts: RunFacts) -> Section:
    """Return the section; without a train stage it says so."""
    title = "Training"
    if "train" not in facts.summaries:
        return Section(anchor="training", title=title, paragraphs=["No model was trained in this run."])
    drawings = loss_drawings(facts.losses, facts.direction)
    lost = sum(not math.isfinite(point.loss) for point in facts.losses)
    notes = [] if drawings else ["No losses were kept."]
    notes += [f"{plural(lost, 'loss', 'losses')} could not be drawn: training diverged."] if lost else []
    picture = Picture(caption=_loss_caption(facts), drawings=drawings)
    return Section(
        anchor="training",
        title=title,
        paragraphs=[_memory_sentence(facts), *notes],
        pictures=[picture] if drawings else [],
        tables=[_group_table(facts), _figure_table(facts)],
    )


def _loss_caption(facts: RunFacts) -> str:
    told = []
    for code in (*facts.direction, "all"):
        line = sorted(
            (p.step, p.loss)
            for p in facts.losses
            if p.language == code and p.fold == "validation" and p.source == "all"
        )
        if len(line) > 1:
            change = "falls" if line[-1][1] < line[0][1] else "does not fall"
            told.append(f"{language_name(code, facts.direction)}: {line[0][1]:.2f} to {line[-1][1]:.2f} ({change})")
    start = "Mean loss of the learnt tokens (the answers) by optimizer step."
    return f"{start} Validation loss from first to last: {'; '.join(told)}." if told else start


def _memory_sentence(facts: RunFacts) -> str:
    actual = detail(facts, "train", "expert_bytes")
    plain = detail(facts, "train", "expert_bytes_in_bf16")
    if not actual or not plain:
        return "The model has no experts, or their memory was not measured."
    return (
        f"The expert weights take {size(actual)}, {percent(actual / plain)} of the {size(plain)} that they would take in bf16 "
        "(16-bit floats)."
    )


def _group_table(facts: RunFacts) -> Table:
    trainable = detail(facts, "train", "trainable_parameters_by_group") or {}
    total = detail(facts, "train", "parameters")
    audit = detail(facts, "train", "audit") or {}
    rows: list[list[Cell]] = [
        [
            group,
            count(trainable.get(group)),
            _share(trainable.get(group), total),
            count(inside(audit, group, "tensors")),
            count(inside(audit, group, "moved")),
            _moved(inside(audit, group, "tensors"), inside(audit, group, "moved")),
        ]
        for group in dict.fromkeys((*trainable, *audit))
    ]
    headers = ("Group", "Parameters trained", "Share of all", "Tensors", "Moved", "")
    return Table(
        caption="What was trained, and whether it moved",
        headers=headers,
        rows=rows,
        numeric=frozenset({1, 2, 3, 4}),
    )


def _share(part: int | None, total: int | None) -> str:
    if part is None or not total:
        return NOT_KNOWN
    return "< 0.1%" if 0 < part / total < 0.0005 else percent(part / total)


def _moved(tensors: int | None, moved: int | None) -> str:
    if not tensors or moved is None:
        return "not checked"
    return "all moved" if moved == tensors else "none moved" if not moved else "some did not move"


def _figure_table(facts: RunFacts) -> Table:
    learnt = detail(facts, "train", "learnt_tokens_by_language") or {}
    speed = detail(facts, "train", "tokens_per_second")
    figures = [
        ("Optimizer steps", count(detail(facts, "train", "steps"))),
        ("Tokens seen", count(detail(facts, "train", "tokens"))),
        *((f"Tokens learnt, {language_name(code, facts.direction)}", count(number)) for code, number in learnt.items()),
        ("Speed", f"{count(speed)} tokens a second" if speed is not None else NOT_KNOWN),
        ("Time", seconds(facts.summaries["train"].get("seconds"))),
        ("Most memory resident", size(detail(facts, "train", "peak_resident_bytes"))),
        ("Parameters in all", count(detail(facts, "train", "parameters"))),
    ]
    return Table(caption="Figures", headers=("Figure", "Value"), rows=figures, numeric=frozenset({1}))
