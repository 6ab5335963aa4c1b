import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM, PreTrainedTokenizerFast

from qantara.models.likelihood import Question, likelihoods

QUESTIONS = [
    Question("ask: ", ("ab", "abc", "b", "long answer")),
    Question("س: ", ("أ", "ب", "جواب")),
    Question("a much longer question than the others: ", ("A", "A fracture", "A")),
]


@pytest.fixture(scope="module")
def tokenizer():
    vocabulary = {chr(i): i for i in range(32, 127)} | {chr(i): i - 0x600 + 127 for i in range(0x600, 0x6FF)}
    ids = {letter: i for i, letter in enumerate(vocabulary)} | {"[UNK]": len(vocabulary)}
    raw = Tokenizer(models.BPE(vocab=ids | {"ab": len(ids)}, merges=[("a", "b")], unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Split(pattern="\n", behavior="isolated")
    return PreTrainedTokenizerFast(tokenizer_object=raw)


def small(kind):
    torch.manual_seed(0)
    sizes = {
        "vocab_size": 400,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    sizes |= {"num_key_value_heads": 2, "max_position_embeddings": 256}
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**sizes)).eval()
    return MixtralForCausalLM(MixtralConfig(**sizes, num_local_experts=4, num_experts_per_tok=2)).eval()


@torch.no_grad()
def one_by_one(model, tokenizer, prompt, answer, shared):
    ids = tokenizer(prompt + answer, add_special_tokens=False)["input_ids"]
    logs = torch.log_softmax(model(torch.tensor([ids])).logits[0].float(), -1)
    return sum(float(logs[i - 1, ids[i]]) for i in range(shared, len(ids)))


def shared_length(tokenizer, question):
    whole = [tokenizer(question.prompt + answer, add_special_tokens=False)["input_ids"] for answer in question.answers]
    same = 0
    while all(len(ids) > same and ids[same] == whole[0][same] for ids in whole):
        same += 1
    return min(same, min(map(len, whole)) - 1)


@pytest.mark.parametrize("kind", ["llama", "mixtral"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_packed_scoring_equals_one_answer_at_a_time(tokenizer, kind, batch_size):
    model = small(kind)
    found = dict(likelihoods(model, tokenizer, QUESTIONS, batch_size))
    assert sorted(found) == [0, 1, 2]
    for number, question in enumerate(QUESTIONS):
        shared = shared_length(tokenizer, question)
        for answer, likelihood in zip(question.answers, found[number], strict=True):
            expected = one_by_one(model, tokenizer, question.prompt, answer, shared)
            assert likelihood.log_probability == pytest.approx(expected, abs=1e-4)


def test_an_answer_that_merges_with_the_prompt_is_scored_on_the_same_footing(tokenizer):
    # "a" + "b" is one token: what the options share ends before the join, and all are scored from there
    model = small("llama")
    question = Question("x a", ("b", "c"))
    ((_, found),) = likelihoods(model, tokenizer, [question])
    assert [likelihood.num_tokens for likelihood in found] == [1, 2]
    for answer, likelihood in zip(question.answers, found, strict=True):
        assert likelihood.log_probability == pytest.approx(one_by_one(model, tokenizer, "x a", answer, 2), abs=1e-4)


def test_an_observer_sees_which_positions_are_not_padding(tokenizer):
    seen = []
    list(likelihoods(small("llama"), tokenizer, QUESTIONS, 3, seen.append))
    (mask,) = seen
    assert mask.shape[0] == 3
    assert mask.any(dim=1).all()
    assert not mask.all()


@pytest.mark.parametrize("kind", ["llama", "mixtral"])
def test_a_beginning_that_all_questions_share_runs_once_and_changes_nothing(tokenizer, kind):
    model, seen = small(kind), []
    questions = [
        Question(f"the same long beginning of all: {tail} = ", ("yes", "no", "no idea")) for tail in ("ab", "xyz", "س")
    ]
    found = dict(likelihoods(model, tokenizer, questions, 2, seen.append))
    for number, question in enumerate(questions):
        alone = dict(likelihoods(model, tokenizer, [question]))
        assert [f.log_probability for f in found[number]] == pytest.approx(
            [f.log_probability for f in alone[0]], abs=1e-4
        )
        expected = one_by_one(model, tokenizer, question.prompt, "no idea", shared_length(tokenizer, question))
        assert found[number][2].log_probability == pytest.approx(expected, abs=1e-4)
    prefix, *batches = [int(mask.sum()) for mask in seen]
    assert prefix == len("the same long beginning of all: ")
    assert sum(batches) < 3 * prefix


def test_equal_answers_get_equal_likelihoods(tokenizer):
    ((_, found),) = likelihoods(small("llama"), tokenizer, [QUESTIONS[2]])
    assert found[0] == pytest.approx(found[2])


def test_a_prompt_with_nothing_shared_is_refused(tokenizer):
    with pytest.raises(ValueError, match="at least one token"):
        list(likelihoods(small("llama"), tokenizer, [Question("", ("a", "c"))]))
