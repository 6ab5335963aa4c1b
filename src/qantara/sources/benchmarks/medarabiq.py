"""MedArabiQ: multiple-choice questions of Arabic medical exams, and fill-in-the-blank items with choices in English and Arabic.

https://github.com/nyuad-cai/MedArabiQ, the files multiple-choice-questions.csv (Question, Answer, Category) and
fill-in-the-blank-choices.csv (Question - Arabic, Answer - Arabic, Question - English, Answer - English, Category), 100 rows
each; the options stand in the question, one a line after their letter. Licence: New York University, internal non-commercial
research only, no redistribution, no modification: the user brings a copy. Hub: none known. Its other five files have no
options or planted bias. Evaluation only. Cite: Abu Daoud et al., "MedArabiQ", arXiv 2505.03427, 2025.
"""

from qantara.sources.benchmarks.benchmark import Benchmark, Shape, Side
from qantara.sources.benchmarks.lettered_text import question_and_options
from qantara.sources.benchmarks.shapes import GENERAL, value_at
from qantara.sources.data_set import DataSet
from qantara.sources.mapping import Row, text_of

_URL = "https://github.com/nyuad-cai/MedArabiQ"
_LICENCE = "LicenseRef-NYU-internal-non-commercial-research"
_CITATION = "Abu Daoud et al. (2025), arXiv 2505.03427"
_NOTE = "the user's copy: internal non-commercial research only, may not be redistributed or modified"


def _shape(question: str, answer: str) -> Shape:
    def plain(row: Row, code: str) -> Row:
        text, key = text_of(value_at(row, question)), text_of(value_at(row, answer))
        stem, options, answer_index = question_and_options(text, key, code)
        return {
            "id": value_at(row, "id"),
            "subject": value_at(row, "Category"),
            "question": stem,
            "options": options,
            "answer_index": answer_index,
            "context": "",
        }

    return Shape(needs=(question, answer), plain=plain)


EXAM = Benchmark(
    name="medarabiq",
    data_set=DataSet(name="MedArabiQ", url=_URL, licence=_LICENCE, num_records=100, citation=_CITATION),
    sides={"ar": Side(shapes=(*GENERAL, _shape("Question", "Answer")), also=("multiple-choice-questions",))},
    note=_NOTE,
)
BLANKS = Benchmark(
    name="medarabiq-blanks",
    data_set=DataSet(name="MedArabiQ-blanks", url=_URL, licence=_LICENCE, num_records=100, citation=_CITATION),
    sides={
        "ar": Side(shapes=(_shape("Question - Arabic", "Answer - Arabic"),), also=("fill-in-the-blank-choices",)),
        "en": Side(shapes=(_shape("Question - English", "Answer - English"),), also=("fill-in-the-blank-choices",)),
    },
    one_file=True,
    note=_NOTE,
)
BENCHMARKS = (EXAM, BLANKS)
