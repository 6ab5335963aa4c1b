"""Medical MMLU items in English and machine-translated Arabic, as JSONL with question_en, choices_en, question_ar, choices_ar.

English: https://github.com/hendrycks/test (MIT); Arabic: https://github.com/FreedomIntelligence/AceGPT (Apache-2.0).
817 test items of five subjects. The Arabic is unreviewed, and some rows are not translations of their English row at all.
Evaluation only, never for training. Cite: Hendrycks et al., "Measuring massive multitask language understanding", ICLR 2021;
Huang et al., "AceGPT, localizing large language models in Arabic", NAACL 2024.
"""

from qantara.sources.data_set import DataSet
from qantara.sources.pairs import PairColumns

DATA_SET = DataSet(
    name="MMLU-medical-en-ar",
    url="https://github.com/FreedomIntelligence/AceGPT",
    licence="MIT AND Apache-2.0",
    num_records=817,
    citation="Hendrycks et al. (2021), ICLR; Huang et al. (2024), NAACL",
)
COLUMNS = PairColumns(
    question={"en": "question_en", "ar": "question_ar"},
    options={"en": "choices_en", "ar": "choices_ar"},
    answer_index="answer_index",
    native_id="id",
    subject="subject",
)
