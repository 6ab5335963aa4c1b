"""Reads everything a run left behind (`RunFacts`); returns one HTML page that needs no network, no script and no other file.

The page is laid out by the templates beside this module; what is said and shown comes from one module a section. It computes no
result of its own: figures are those of the stages, only put into words, tables and pictures.
"""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from qantara.languages import language
from qantara.pages.environment import environment
from qantara.report.calls import call_section
from qantara.report.chain import chain_section, steps
from qantara.report.data_mix import mix_section
from qantara.report.evaluation import evaluation_section
from qantara.report.example_choice import choose
from qantara.report.examples import example_view
from qantara.report.expert_section import expert_section
from qantara.report.facts import RunFacts
from qantara.report.headline import headlines
from qantara.report.lookup import detail
from qantara.report.made_with import provenance_section
from qantara.report.notices import notice_lines, what_this_is
from qantara.report.training import training_section
from qantara.report.translation import translation_section


class ReportConfig(BaseModel):
    """Settings of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    examples_shown: int = Field(default=8, ge=0, le=100, description="example translations with faults, at most")
    headline_scoring: str = Field(
        default="letter",
        pattern="^(letter|text)$",
        description="the way of scoring whose language gap is told at the top: letter or text",
    )


def render_report(facts: RunFacts, config: ReportConfig) -> str:
    """Return the page as HTML; the same facts and config give the same text. A part that is missing is said to be.

    A stage whose summary is empty has not run.
    """
    facts = replace(facts, summaries={stage: summary for stage, summary in facts.summaries.items() if summary})
    examples = choose(facts.translation.candidates, facts.decisions, config.examples_shown)
    return (
        environment("qantara.report")
        .get_template("page.html")
        .render(
            name=facts.name,
            what=what_this_is(facts),
            notices=notice_lines(facts),
            headlines=headlines(facts, config.headline_scoring),
            steps=steps(facts),
            chain=chain_section(facts),
            translation=translation_section(facts),
            examples=[example_view(example, facts.decisions, facts.direction[1]) for example in examples],
            scores_decided=detail(facts, "translate", "threshold") is not None,
            sides=[language(code) for code in facts.direction],
            rest=[
                call_section(facts),
                mix_section(facts),
                training_section(facts),
                evaluation_section(facts),
                expert_section(facts),
                provenance_section(facts),
            ],
        )
    )
