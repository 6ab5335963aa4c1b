"""PubMedQA (PQA-L): does an abstract say yes, no or maybe to a question; English, with BiMediX's Arabic as its pair.

https://pubmedqa.github.io, MIT (as its repository states it); 500 official test items: "yes" is right in 55.2 % of them. Hub:
bigbio/pubmed_qa, configuration pubmed_qa_labeled_fold0_source (columns QUESTION, CONTEXTS, final_decision), as the harness
reads it; whether current `datasets` still load it is unverified. qiaojin/PubMedQA (question, context, final_decision) holds
all 1,000 in one split, so a copy of it needs a column `split`. Evaluation only. Cite: Jin et al., "PubMedQA", EMNLP-IJCNLP
2019, pages 2567-2577.
"""

from qantara.sources.benchmarks import bimedix
from qantara.sources.benchmarks.benchmark import Benchmark, HubSplit, Side
from qantara.sources.benchmarks.decisions import SHAPES
from qantara.sources.benchmarks.shapes import GENERAL
from qantara.sources.data_set import DataSet

DATA_SET = DataSet(
    name="PubMedQA",
    url="https://pubmedqa.github.io",
    licence="MIT",
    num_records=500,
    citation="Jin et al. (2019), EMNLP-IJCNLP, 2567-2577",
)
_HUB = HubSplit(path="bigbio/pubmed_qa", name="pubmed_qa_labeled_fold0_source", split="test", shot_split="train")
BENCHMARK = Benchmark(
    name="pubmedqa",
    data_set=DATA_SET,
    sides={"en": Side(shapes=(*GENERAL, *SHAPES), hub=(_HUB,)), "ar": bimedix.PUBMEDQA.sides["ar"]},
    note="Arabic by BiMediX (machine-translated); pairs by place",
)
