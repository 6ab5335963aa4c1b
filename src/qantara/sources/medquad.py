"""MedQuAD: consumer health questions and answers from pages of the US National Institutes of Health.

Source: https://github.com/abachaa/MedQuAD, CC BY 4.0, 47,457 pairs of which 16,407 have an answer (MedlinePlus drug, herb and
encyclopedia answers were withdrawn for copyright). Its questions are template-like. Reads JSONL with id, instruction, output and
focus. Cite: Ben Abacha and Demner-Fushman, "A question-entailment approach to question answering", BMC Bioinformatics 20:511, 2019.
"""

from qantara.sources.data_set import DataSet
from qantara.sources.mapping import ColumnMapping

DATA_SET = DataSet(
    name="MedQuAD",
    url="https://github.com/abachaa/MedQuAD",
    licence="CC-BY-4.0",
    num_records=16_407,
    citation="Ben Abacha and Demner-Fushman (2019), BMC Bioinformatics 20:511",
)
MAPPING = ColumnMapping(kind="answer", question="instruction", answer="output", native_id="id", subject="focus")
