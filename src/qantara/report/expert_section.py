"""The section on expert use: the sentence and the drawings, or that there are none."""

from qantara.pages.sections import Picture, Section
from qantara.report.expert_use import expert_drawings, expert_sentence
from qantara.report.facts import RunFacts


def expert_section(facts: RunFacts) -> Section:
    """Return the section; a dense model or a run without evaluation has no experts to show."""
    title = "Expert use by language"
    drawings = expert_drawings(facts.expert_use, facts.direction)
    if not drawings:
        return Section(anchor="experts", title=title, paragraphs=["No expert use was counted in this run."])
    caption = (
        "Rows are layers, columns experts. The fourth drawing shows how even each layer's load is in either language."
    )
    return Section(
        anchor="experts",
        title=title,
        paragraphs=[expert_sentence(facts.expert_use, facts.direction)],
        pictures=[Picture(caption=caption, drawings=drawings)],
    )
