"""MedQA (US): four-option questions of the US medical licensing exam; English, with BiMediX's Arabic as its pair.

https://github.com/jind11/MedQA; 1,273 test items. Hub: GBaker/MedQA-USMLE-4-options (columns question, options {A: ...},
answer_idx; splits train, test). Licence: MIT as the repository states it, CC BY 4.0 as that hub page does. That BiMediX's
rows stand in the same order is unverified: pairs whose key differs are set apart. Evaluation only. Cite: Jin et al., "What
disease does this patient have?", arXiv 2009.13081, 2020.
"""

from qantara.sources.benchmarks import bimedix
from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, Side
from qantara.sources.benchmarks.shapes import GENERAL, named
from qantara.sources.data_set import DataSet

DATA_SET = DataSet(
    name="MedQA-USMLE-4-options",
    url="https://github.com/jind11/MedQA",
    licence="MIT",
    num_records=1_273,
    citation="Jin et al. (2020), arXiv 2009.13081",
)
SHAPES = (*GENERAL, named(question="question", options="options", answer="answer_idx", optional={"id": "id"}))
BENCHMARK = Benchmark(
    name="medqa",
    data_set=DATA_SET,
    sides={
        "en": Side(
            shapes=(*SHAPES, named(question="sent1", options=tuple(f"ending{i}" for i in range(4)), answer="label")),
            hub=(HubSplit(path="GBaker/MedQA-USMLE-4-options", split="test", shot_split="train"),),
        ),
        "ar": bimedix.MEDQA.sides["ar"],
    },
    note="Arabic by BiMediX (machine-translated); pairs by place",
)
