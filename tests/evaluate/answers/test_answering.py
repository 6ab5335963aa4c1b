"""Whoever answers, the answers have one form: a model that runs here and a server with that model say the same."""

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from qantara.evaluate.answers.local_answers import DirectAnswers
from qantara.evaluate.answers.server_answers import ServerAnswers, ServerScoring
from qantara.models.likelihood import Scorer
from qantara.models.questions import Question

QUESTIONS = [
    Question("Question: Which dose?\nAnswer:", ((" 5 mg", " 10 mg"), (" five", " ten", " none"))),
    Question("السؤال: أي جرعة؟\nالإجابة:", ((" 5 ملغ", " 10 ملغ"),)),
]


def test_a_local_model_and_a_server_answer_by_question_set_and_answer(tiny_model, tiny_server, open_caller):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    here = DirectAnswers(tokenizer, Scorer(AutoModelForCausalLM.from_pretrained(tiny_model)), 2)
    there = ServerAnswers(open_caller(tiny_server), ServerScoring(model="scorer", label_sets=(("A", "B"),)))
    found, told = here.likelihoods(QUESTIONS), there.likelihoods(QUESTIONS)
    assert [[len(answers) for answers in sets] for sets in found] == [[2, 3], [2]]
    for one, other in zip(found, told, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert [a.num_tokens for a in mine] == [a.num_tokens for a in theirs]
            assert [a.log_probability for a in mine] == pytest.approx([a.log_probability for a in theirs], abs=1e-3)
