"""MedMCQA: four-option questions of Indian medical entrance exams; English, with BiMediX's Arabic as its pair.

https://medmcqa.github.io, https://arxiv.org/abs/2203.14371; the 4,183 validation items are what is scored (test keys are not
public). Hub: openlifescienceai/medmcqa (columns question, opa, opb, opc, opd, cop from 0, subject_name, id). Licence:
Apache-2.0 as the hub page states it, MIT as the repository does. Keys are skewed to A. The authors' own JSON may count cop
from 1 [unverified]: a file with a 4 and no 0 in it is read so. Evaluation only. Cite: Pal, Umapathi and Sankarasubbu,
"MedMCQA", CHIL 2022, PMLR 174:248-260.
"""

from collections.abc import Sequence
from dataclasses import replace

from qantara.sources.benchmarks import bimedix
from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, Side
from qantara.sources.benchmarks.shapes import GENERAL, named
from qantara.sources.data_set import DataSet
from qantara.sources.mapping import Row, text_of

DATA_SET = DataSet(
    name="MedMCQA",
    url="https://medmcqa.github.io",
    licence="Apache-2.0",
    num_records=4_183,
    citation="Pal et al. (2022), CHIL, PMLR 174",
)
_OPTIONS = ("opa", "opb", "opc", "opd")
_OPTIONAL = {"id": "id", "subject": "subject_name"}


def counts_from_one(rows: Sequence[Row]) -> bool:
    """Tell whether the keys of rows are 1 to 4: there is a 4 and no 0."""
    keys = {text_of(row.get("cop")) for row in rows}
    return "4" in keys and "0" not in keys


_FROM_ONE = named(question="question", options=_OPTIONS, answer="cop", answer_base=1, optional=_OPTIONAL)
SHAPES = (
    replace(_FROM_ONE, holds=counts_from_one),
    named(question="question", options=_OPTIONS, answer="cop", optional=_OPTIONAL),
)
BENCHMARK = Benchmark(
    name="medmcqa",
    data_set=DATA_SET,
    sides={
        "en": Side(
            shapes=(*GENERAL, *SHAPES),
            hub=(HubSplit(path="openlifescienceai/medmcqa", split="validation", shot_split="train"),),
        ),
        "ar": bimedix.MEDMCQA.sides["ar"],
    },
    split="validation",
    note="Arabic by BiMediX (machine-translated); pairs by place",
)
