"""Medical MMLU in English and AceGPT's Arabic, a pair a row: a file that the user has (columns as `sources.mmlu_pairs` says).

Hub: none. Licence MIT (English) and Apache-2.0 (Arabic); 817 test items of five subjects, five few-shot items a subject in
`mmlu-medical-pairs_dev.jsonl`. The Arabic is unreviewed, some rows are no translation of their English at all: audit it, and
evaluate with the clean list too. Evaluation only. Cite: Hendrycks et al., ICLR 2021; Huang et al., "AceGPT", NAACL 2024.
"""

from qantara.sources import mmlu_pairs
from qantara.sources.benchmarks.benchmark import Benchmark, Side
from qantara.sources.benchmarks.mmlu_subjects import SUBJECTS
from qantara.sources.benchmarks.shapes import nested_columns, of_pair

_ALSO = ("mmlu_medical_en_ar",)
_NESTED = nested_columns(("en", "ar"))
BENCHMARK = Benchmark(
    name="mmlu-medical-pairs",
    data_set=mmlu_pairs.DATA_SET,
    sides={
        code: Side(shapes=(of_pair(mmlu_pairs.COLUMNS, code), of_pair(_NESTED, code)), also=_ALSO)
        for code in ("en", "ar")
    },
    shot_split="dev",
    subjects=SUBJECTS,
    one_file=True,
    note="the user's copy; unreviewed machine translation: audit it first",
)
