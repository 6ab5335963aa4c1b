"""MedAraBench: multiple-choice questions of Arabic medical schools, 19 specialties, four to six options.

https://github.com/nyuad-cai/MedAraBench, file medarabench-test_split.csv (Question Number, Question, Option A to Option F,
Correct Answer, Level, Medical Specialty, ...): it ends with number 4,962, while the paper speaks of 4,989 test items. No
licence file was seen there; the paper is CC BY-NC-ND 4.0: the licence of the data is unknown and the user brings a copy. Hub:
none known. Evaluation only. Cite: Abu-Daoud et al., "MedAraBench", arXiv 2602.01714, 2026.
"""

from qantara.sources.benchmarks.benchmark import Benchmark, Shape, Side
from qantara.sources.benchmarks.shapes import GENERAL, answer_of, value_at
from qantara.sources.data_set import DataSet
from qantara.sources.mapping import Row, text_of

DATA_SET = DataSet(
    name="MedAraBench",
    url="https://github.com/nyuad-cai/MedAraBench",
    licence="unknown",
    num_records=4_989,
    citation="Abu-Daoud et al. (2026), arXiv 2602.01714",
)
_OPTIONS = tuple(f"Option {letter}" for letter in "ABCDEF")


def _plain(row: Row, code: str) -> Row:
    options = [text_of(value_at(row, name)).strip() for name in _OPTIONS]
    while options and not options[-1]:
        options.pop()
    return {
        "id": value_at(row, "Question Number"),
        "subject": value_at(row, "Medical Specialty"),
        "question": value_at(row, "Question"),
        "options": options,
        "answer_index": answer_of(value_at(row, "Correct Answer"), 1, code),
        "context": "",
    }


BENCHMARK = Benchmark(
    name="medarabench",
    data_set=DATA_SET,
    sides={
        "ar": Side(
            shapes=(*GENERAL, Shape(needs=("Question", *_OPTIONS[:4], "Correct Answer"), plain=_plain)),
            also=("medarabench-test_split",),
        )
    },
    note="the user's copy: no licence seen, the paper is CC BY-NC-ND 4.0",
)
