"""The Arabic test sets of BiMediX: MedQA, MedMCQA, PubMedQA and medical MMLU, translated by ChatGPT and refined by people.

Hub, all under https://huggingface.co/BiMediX, split train: medqa-test_arabic, medmcqa-arabic (4.18k rows),
pubmedqa-test_arabic, and mmlu-SUBJECT-arabic (anatomy, clinical_knowledge, college_medicine, medical_genetics seen; the two
others by their naming). The pages name no licence, so it is unknown; their columns are unverified: those of the English sets
and ours are understood. Sizes are those of the English sets that the paper evaluates on. Evaluation only. Cite: Pieri et al.,
"BiMediX", Findings of EMNLP 2024, pages 16984-17002.
"""

from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, Shape, Side
from qantara.sources.benchmarks.decisions import SHAPES as DECISION_SHAPES
from qantara.sources.benchmarks.mmlu_subjects import SUBJECTS
from qantara.sources.benchmarks.shapes import GENERAL, named
from qantara.sources.data_set import DataSet

_NOTE = "machine translation refined by people; the hub names no licence"
_LETTERS = ("A", "B", "C", "D")
_CHOICE_SHAPES = (
    *GENERAL,
    named(question="question", options="options", answer="answer_idx", optional={"id": "id"}),
    named(question="question", options=("opa", "opb", "opc", "opd"), answer="cop", optional={"id": "id"}),
    named(question="question", options="choices", answer="answer", optional={"id": "id", "subject": "subject"}),
    named(question="question", options=_LETTERS, answer="answer", optional={"id": "id", "subject": "subject"}),
    named(question="question", options="options", answer="answer", optional={"id": "id", "subject": "subject"}),
)


def _benchmark(
    name: str, hub: tuple[HubSplit, ...], num_records: int, shapes: tuple[Shape, ...] = _CHOICE_SHAPES
) -> Benchmark:
    data_set = DataSet(
        name=f"BiMediX-{name}-arabic",
        url="https://huggingface.co/BiMediX",
        licence="unknown",
        num_records=num_records,
        citation="Pieri et al. (2024), Findings of EMNLP, 16984-17002",
    )
    own = f"bimedix-{name}-ar"
    side = Side(shapes=shapes, hub=hub, also=(own,), data_set=data_set)
    subjects = SUBJECTS if name == "mmlu" else ()
    return Benchmark(name=own, data_set=data_set, sides={"ar": side}, shot_split="dev", subjects=subjects, note=_NOTE)


def _split(path: str, subject: str = "") -> HubSplit:
    return HubSplit(path=f"BiMediX/{path}", split="train", subject=subject)


MEDQA = _benchmark("medqa", (_split("medqa-test_arabic"),), 1_273)
MEDMCQA = _benchmark("medmcqa", (_split("medmcqa-arabic"),), 4_183)
PUBMEDQA = _benchmark("pubmedqa", (_split("pubmedqa-test_arabic"),), 500, (*GENERAL, *DECISION_SHAPES))
MMLU = _benchmark("mmlu", tuple(_split(f"mmlu-{subject}-arabic", subject) for subject in SUBJECTS), 1_089)
BENCHMARKS = (MEDQA, MEDMCQA, PUBMEDQA, MMLU)
