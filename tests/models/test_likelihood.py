import logging
from itertools import chain

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaModel

from qantara.models.encoded_questions import encode
from qantara.models.expert_use import count_expert_use
from qantara.models.likelihood import Scorer, likelihoods
from qantara.models.loading import load_model
from qantara.models.questions import Question
from qantara.models.scoring_plan import Batch, plan

SHOTS = "a beginning that all of these questions share, with examples: 1 + 1 = 2; 2 + 3 = 5; the end of the examples. "
QUESTIONS = [
    Question("ask:", ((" A", " B", " C"), (" A. aorta", " B. vein", " C. a much longer answer"))),
    Question("س: ", (("أ", "ب", "جواب"),)),
    Question("a much longer question than the others:", (("A", "B", "A fracture", "A"), (" no", " no", " none"))),
    *(
        Question(f"{SHOTS}{tail}:", ((" A", " B"), (" yes", " no", " no idea")))
        for tail in ("ab", "xyz", "a long one", "")
    ),
]
SIZES = {
    "vocab_size": 400,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.2,  # so that what a token sees matters
}
MAMBA = {"vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8, "pad_token_id": 0}
SLIDING = {"sliding_window": 9, "head_dim": 8, "attn_implementation": "sdpa"}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "head_dim": 8}
PACKED = {
    "llama": {},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen3_moe": EXPERTS,
    "gpt2": {"n_embd": 32, "n_head": 4, "n_positions": 256},
    "gemma2": SLIDING | {"attn_implementation": "eager", "final_logit_softcapping": 2.0},
    "gemma3_text": SLIDING | {"layer_types": ["sliding_attention", "full_attention"], "final_logit_softcapping": None},
    "mistral": SLIDING,
    "qwen2": {"use_sliding_window": True, "sliding_window": 9, "max_window_layers": 1},
    "granite": {"logits_scaling": 4.0},
    "cohere": {"logit_scale": 0.25},
}
SEPARATE = {
    "mamba": MAMBA,
    "bloom": {"n_head": 4, "attn_implementation": "eager"},
    "falcon_h1": {"head_dim": 8, "mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "lm_head_multiplier": 3.0},
}


def small(kind, attn_implementation="sdpa", **settings):
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **settings if kind == "mamba" else SIZES | settings)
    chosen = {} if kind == "mamba" else {"attn_implementation": attn_implementation}
    return AutoModelForCausalLM.from_config(config, **chosen).eval()


@torch.no_grad()
def one_by_one(model, ids, start):
    logs = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0].float(), -1)
    greedy = all(int(logs[i - 1].argmax()) == ids[i] for i in range(start, len(ids)))
    return sum(float(logs[i - 1, ids[i]]) for i in range(start, len(ids))), len(ids) - start, greedy


def start_of(ids_of_set):
    same = 0
    while all(len(ids) > same and ids[same] == ids_of_set[0][same] for ids in ids_of_set):
        same += 1
    return min(same, min(map(len, ids_of_set)) - 1)


def expected(model, tokenizer, question):
    found = []
    for answers in question.answer_sets:
        whole = [tokenizer(question.prompt + answer, add_special_tokens=False)["input_ids"] for answer in answers]
        found.append([one_by_one(model, ids, start_of(whole)) for ids in whole])
    return found


def check(model, tokenizer, batch_size=3, tolerance=2e-4):
    """Score all questions; each likelihood must be that of one answer at a time. Return the scorer."""
    encoded, scorer = encode(tokenizer, QUESTIONS), Scorer(model)
    seen = set()
    for batch in plan(encoded, batch_size):
        for number, of_question in zip(batch.numbers, scorer.run(batch, encoded), strict=True):
            seen.add(number)
            of_sets = expected(model, tokenizer, QUESTIONS[number])
            assert [len(answers) for answers in of_question] == [len(answers) for answers in of_sets]
            for found, (log, count, greedy) in zip(chain(*of_question), chain(*of_sets), strict=True):
                assert found.log_probability == pytest.approx(log, abs=tolerance)
                assert (found.num_tokens, found.is_greedy) == (count, greedy)
    assert seen == set(range(len(QUESTIONS)))
    return scorer


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("kind", PACKED)
def test_packed_scoring_equals_one_answer_at_a_time(letter_tokenizer, kind, batch_size):
    scorer = check(small(kind, **PACKED[kind]), letter_tokenizer, batch_size)
    assert (scorer.mode, scorer.why) == ("packed", "")


def test_eager_attention_is_packed_too(letter_tokenizer):
    assert check(small("llama", "eager"), letter_tokenizer).mode == "packed"


@pytest.mark.parametrize("kind", SEPARATE)
def test_a_model_that_cannot_share_is_scored_one_row_an_answer(letter_tokenizer, kind):
    scorer = check(small(kind, **SEPARATE[kind]), letter_tokenizer)
    assert scorer.mode == "separate"
    assert scorer.why


class Deaf(LlamaModel):
    """Its attention is causal whatever mask comes in."""

    def forward(self, attention_mask=None, position_ids=None, past_key_values=None, **others):
        return super().forward(position_ids=position_ids, past_key_values=past_key_values, **others)


class Refusing(LlamaModel):
    def forward(self, attention_mask=None, position_ids=None, past_key_values=None, **others):
        if attention_mask is not None and attention_mask.dim() == 4:
            raise ValueError("only masks of two dimensions")
        of_cache = {"position_ids": position_ids, "past_key_values": past_key_values}
        return super().forward(attention_mask=attention_mask, **of_cache, **others)


class Doubling(LlamaForCausalLM):
    """Changes its logits in a way that nobody knows of."""

    def forward(self, *arguments, **settings):
        output = super().forward(*arguments, **settings)
        output.logits = output.logits * 2
        return output


def with_backbone(kind, **settings):
    model = small("llama", **settings)
    backbone = kind(model.config)
    backbone.load_state_dict(model.model.state_dict())
    model.model = backbone.eval()
    return model


@pytest.mark.parametrize(
    ("kind", "why"), [(Deaf, "packed differs from the plain forward by"), (Refusing, "packed fails")]
)
def test_a_model_that_ignores_or_refuses_the_mask_is_found_out(letter_tokenizer, kind, why, caplog):
    with caplog.at_level(logging.WARNING, "qantara"):
        scorer = check(with_backbone(kind), letter_tokenizer)
    assert scorer.mode == "separate"
    assert scorer.why.startswith(why)
    assert "this model is scored one row an answer: packed" in caplog.text
    assert not any(question.prompt in caplog.text for question in QUESTIONS)


def test_a_model_that_changes_its_logits_is_scored_by_its_own(letter_tokenizer, caplog):
    torch.manual_seed(0)
    model = Doubling(small("llama").config).eval()
    assert check(model, letter_tokenizer).mode == "separate"
    assert "by its own logits" in caplog.text


def test_half_precision_stays_packed(letter_tokenizer):
    model = small("llama").to(torch.bfloat16)
    encoded, scorer = encode(letter_tokenizer, QUESTIONS), Scorer(model)
    for batch in plan(encoded, 4):
        scorer.run(batch, encoded)
    assert scorer.mode == "packed"


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")
def test_an_adapter_counts(letter_tokenizer):
    base = small("llama")
    plain = [found for _, found in likelihoods(base, letter_tokenizer, QUESTIONS)]
    model = get_peft_model(
        base, LoraConfig(r=4, target_modules=["q_proj", "down_proj", "lm_head"], init_lora_weights=False)
    )
    assert check(model, letter_tokenizer).mode == "packed"
    assert [found for _, found in likelihoods(model, letter_tokenizer, QUESTIONS)] != plain
    with model.disable_adapter():
        assert [found for _, found in likelihoods(model, letter_tokenizer, QUESTIONS)] == plain


class ByteTokenizer:
    """For the 64 tokens of the tiny mixtures."""

    def __call__(self, texts, **_):
        ids = [[ord(letter) % 61 + 3 for letter in text] for text in ([texts] if isinstance(texts, str) else texts)]
        return {"input_ids": ids[0] if isinstance(texts, str) else ids}


@pytest.mark.parametrize("layout", ["mixtral", "qwen3_moe"])
def test_experts_in_four_bits_are_packed(mixture_folders, layout):
    model = load_model(mixture_folders[layout], quantization="nf4", dtype="float32")
    assert check(model, ByteTokenizer()).mode == "packed"


def test_an_answer_that_merges_with_the_prompt_is_scored_on_the_same_footing(letter_tokenizer):
    # ":A" is one token: what the answers share ends before the join, and all are scored from there
    model = small("llama")
    ((_, ((first, second),)),) = likelihoods(model, letter_tokenizer, [Question("x:", (("A", "B"),))])
    assert (first.num_tokens, second.num_tokens) == (1, 2)


def test_the_same_run_gives_the_same_bits_and_a_resumed_one_too(letter_tokenizer):
    model = small("gemma3_text", **PACKED["gemma3_text"])
    encoded = encode(letter_tokenizer, QUESTIONS)
    batches = plan(encoded, 2)
    whole, again, resumed = Scorer(model), Scorer(model), Scorer(model)
    found = [whole.run(batch, encoded) for batch in batches]
    assert [again.run(batch, encoded) for batch in batches] == found
    assert [resumed.run(batch, encoded) for batch in batches[2:]] == found[2:]


def test_what_runs_is_observed_and_what_only_checks_is_not(letter_tokenizer):
    seen = []
    model = small("llama")
    for _ in likelihoods(model, letter_tokenizer, QUESTIONS[3:], 2, lambda real: seen.append(int(real.sum()))):
        pass
    counted = [count for count in seen if count]
    prefix, *batches = counted
    assert prefix == len(letter_tokenizer(SHOTS)["input_ids"])
    assert len(batches) == 3  # the shortest of four is too short to run beside another
    # of a question run its own end, what all answers begin with, "ye" and "no ide": letters and last tokens don't
    prompts = [len(letter_tokenizer(question.prompt)["input_ids"]) for question in QUESTIONS[3:]]
    assert sum(batches) == sum(length - prefix + len(" ") + len("ye") + len("no ide") for length in prompts)
    assert len(seen) > len(counted)


def test_expert_use_counts_each_token_once(letter_tokenizer):
    model = small("mixtral", **PACKED["mixtral"])
    tokens = []
    with count_expert_use(model) as use:
        list(
            likelihoods(
                model, letter_tokenizer, QUESTIONS, 2, lambda real: (tokens.append(int(real.sum())), use.observe(real))
            )
        )
    assert use.num_tokens == sum(tokens)


def test_a_window_that_the_first_batch_does_not_fill_is_checked_when_one_does(letter_tokenizer):
    model = small("mistral", **PACKED["mistral"])
    encoded = encode(letter_tokenizer, [Question("x:", ((" A", " B"),)), QUESTIONS[2]])
    scorer = Scorer(model)
    short, long = sorted(plan(encoded, 1), key=lambda batch: encoded[batch.numbers[0]].num_tokens)
    scorer.run(short, encoded)
    first = scorer._checked_tokens
    scorer.run(long, encoded)
    assert first <= 9 < scorer._checked_tokens


def test_half_precision_does_not_hide_that_answers_see_each_other(letter_tokenizer):
    model = with_backbone(Deaf, initializer_range=0.1).to(torch.bfloat16)  # by too little to be told from rounding
    encoded, scorer = encode(letter_tokenizer, QUESTIONS[3:]), Scorer(model)
    scorer.run(plan(encoded, 2)[0], encoded)
    assert scorer.mode == "separate"
    assert scorer.why.startswith("packed lets an answer see another")


def test_the_check_costs_one_row_and_an_observer_changes_no_score(letter_tokenizer):
    model, ran = small("llama"), []
    encoded = encode(letter_tokenizer, QUESTIONS)
    batch = Batch((), tuple(range(len(encoded))))
    model.model.register_forward_pre_hook(
        lambda _, __, given: ran.append(given["input_ids"].shape[0]), with_kwargs=True
    )
    found = Scorer(model).run(batch, encoded)
    assert sorted(ran) == [1, len(QUESTIONS)]
    assert Scorer(model, lambda _: None).run(batch, encoded) == found
