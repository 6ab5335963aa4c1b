"""Renders the report of an evaluation: one HTML file that needs no network and no script; the items have pages of their own.

What is said comes from `sentences`, the tables from `report_sections` and `run_sections`; templates only set them.
"""

from qantara.evaluate.pages.report_facts import ReportFacts
from qantara.evaluate.pages.report_sections import measured_sections
from qantara.evaluate.pages.run_sections import run_sections
from qantara.evaluate.pages.sentences import headlines
from qantara.evaluate.pages.words import arm_title
from qantara.pages.environment import environment
from qantara.pages.formatting import listing, plural

RESEARCH = (
    "Research software, no medical device. An accuracy on exam questions says nothing about how safe a model is with "
    "patients."
)
_TEMPLATE = "report.html"


def render_report(facts: ReportFacts) -> str:
    """Return the page as HTML; the same facts give the same text."""
    return _render(
        title="Qantara evaluation",
        name=facts.model,
        what=what_this_is(facts),
        notices=[RESEARCH, *facts.notices],
        sentences=headlines(facts),
        viewers=facts.viewers,
        sections=[*measured_sections(facts), *run_sections(facts)],
    )


def what_this_is(facts: ReportFacts) -> str:
    """Return one sentence on what was asked."""
    items = sum(row["num_items"] for row in facts.tasks)
    names = listing([row["name"] for row in facts.tasks])
    arms = listing([arm_title(arm.name) for arm in facts.arms])
    return f"{plural(items, 'item')} of {names} asked in {plural(len(facts.arms), 'arm')}: {arms}."


def _render(**values: object) -> str:
    return environment("qantara.evaluate.pages").get_template(_TEMPLATE).render(**values)
