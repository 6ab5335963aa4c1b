"""MMMLU: MMLU translated by people, by OpenAI; the six medical subjects in Arabic, with English MMLU as their pair.

https://huggingface.co/datasets/openai/MMMLU, MIT; hub configuration AR_XY, split test (columns Question, A, B, C, D, Answer,
Subject). 1,089 medical items, the count of the English subjects [the hub's rows were not counted]. There are no few-shot
items: the English ones of MMLU serve English alone. Pairs by place within the subject; a pair whose key differs is set apart.
Evaluation only. Cite: OpenAI, "Multilingual Massive Multitask Language Understanding", 2024; Hendrycks et al., ICLR 2021.
"""

from dataclasses import replace

from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, Side
from qantara.sources.benchmarks.mmlu_medical import ENGLISH
from qantara.sources.benchmarks.mmlu_subjects import SUBJECTS
from qantara.sources.benchmarks.shapes import GENERAL, named
from qantara.sources.data_set import DataSet

DATA_SET = DataSet(
    name="MMMLU-AR-medical",
    url="https://huggingface.co/datasets/openai/MMMLU",
    licence="MIT",
    num_records=1_089,
    citation="OpenAI (2024), MMMLU; Hendrycks et al. (2021), ICLR",
)
SHAPES = (
    named(
        question="Question", options=("A", "B", "C", "D"), answer="Answer", optional={"id": "id", "subject": "Subject"}
    ),
    *GENERAL,
)
BENCHMARK = Benchmark(
    name="mmmlu-ar",
    data_set=DATA_SET,
    sides={
        "ar": Side(shapes=SHAPES, hub=(HubSplit(path="openai/MMMLU", name="AR_XY", split="test"),)),
        "en": replace(ENGLISH, also=("mmlu-medical_en", "mmlu-medical")),
    },
    shot_split="dev",
    subjects=SUBJECTS,
    note="translated by people; English is MMLU's own; pairs by place in the subject",
)
