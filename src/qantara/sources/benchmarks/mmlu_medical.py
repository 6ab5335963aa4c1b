"""Medical MMLU: the six medical subjects of MMLU; English, with BiMediX's Arabic translation as its pair.

https://github.com/hendrycks/test, MIT; 1,089 test items, five few-shot items a subject (split dev). Hub: cais/mmlu, a
configuration a subject (columns question, choices, answer from 0, subject). Pairs by place within the subject. Evaluation
only. Cite: Hendrycks et al., "Measuring massive multitask language understanding", ICLR 2021.
"""

from qantara.sources.benchmarks import bimedix
from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, Side
from qantara.sources.benchmarks.mmlu_subjects import SUBJECTS
from qantara.sources.benchmarks.shapes import GENERAL, named
from qantara.sources.data_set import DataSet

DATA_SET = DataSet(
    name="MMLU-medical",
    url="https://github.com/hendrycks/test",
    licence="MIT",
    num_records=1_089,
    citation="Hendrycks et al. (2021), ICLR",
)
_OPTIONAL = {"id": "id", "subject": "subject"}
SHAPES = (
    *GENERAL,
    named(question="question", options="choices", answer="answer", optional=_OPTIONAL),
    named(question="question", options=("A", "B", "C", "D"), answer="answer", optional=_OPTIONAL),
)
ENGLISH = Side(
    shapes=SHAPES,
    data_set=DATA_SET,
    hub=tuple(
        HubSplit(path="cais/mmlu", name=subject, split="test", shot_split="dev", subject=subject)
        for subject in SUBJECTS
    ),
)
BENCHMARK = Benchmark(
    name="mmlu-medical",
    data_set=DATA_SET,
    sides={"en": ENGLISH, "ar": bimedix.MMLU.sides["ar"]},
    shot_split="dev",
    subjects=SUBJECTS,
    note="Arabic by BiMediX (machine-translated); pairs by place in the subject",
)
