"""The local backend with tiny random models: batching and refilling change no answer, stops cut, limits hold, the loop lives."""

import asyncio
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM
from transformers import PreTrainedTokenizerFast as FastTokenizer

from qantara.errors import CallError, ModelError
from qantara.llm.interface import Message, Request, Response, whole_or_empty
from qantara.llm.local import LocalBackend, LocalConfig
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)
SHAPE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}


def save(folder: Path, kind: str) -> Path:
    letters = ["<pad>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    raw = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = FastTokenizer(tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", chat_template=TEMPLATE)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    shared = {**SHAPE, "vocab_size": len(letters), "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None}
    if kind == "llama":
        model = LlamaForCausalLM(LlamaConfig(**shared, num_key_value_heads=2, initializer_range=0.3))
    else:
        gemma = Gemma3TextConfig(
            **shared,
            num_key_value_heads=1,
            head_dim=8,
            sliding_window=8,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            initializer_range=0.3,
        )
        model = Gemma3ForCausalLM(gemma)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["llama", "gemma with a sliding window"])
def folder(request, tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("model"), request.param)


def backend(folder: Path, **changes) -> LocalBackend:
    settings = {"backend": "local", "model": f"path:{folder}", "dtype": "float32", "template": "none", "batch_size": 4}
    return LocalBackend(LocalConfig(**(settings | changes)))


def request(text: str, **changes) -> Request:
    return Request(**({"model": "m", "messages": (Message("user", text),), "max_tokens": 12} | changes))


class Sending:
    """A sending that counts."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, after=None) -> None:
        self.count += 1

    async def ended(self, fault) -> None:
        raise AssertionError(fault)


async def ask(some: LocalBackend, requests: list[Request]) -> list[Response]:
    return await asyncio.gather(*(some.answer(request, Sending()) for request in requests))


def answers(some: LocalBackend, requests: list[Request]) -> list[Response]:
    return asyncio.run(ask(some, requests))


PROMPTS = [
    "a",
    "a longer prompt, of some more words",
    "ثلاث كلمات عربية",
    "mid length",
    "the last one is quite long too " * 2,
]


def test_a_batch_gives_each_row_what_it_gets_alone_and_what_transformers_generates(folder):
    requests = [request(text, max_tokens=6 + 4 * i) for i, text in enumerate(PROMPTS)]
    together = answers(backend(folder, batch_size=5), requests)
    alone = answers(backend(folder, batch_size=1), requests)
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.completion_tokens for answer in together] == [answer.completion_tokens for answer in alone]

    some = backend(folder)
    answers(some, requests[:1])
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    for one, answer in zip(requests, together, strict=True):
        ids = some._tokenizer(one.messages[0].content, return_tensors="pt")
        out = model.generate(**ids, max_new_tokens=one.max_tokens, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert answer.text == some._tokenizer.decode(out, skip_special_tokens=True)
        assert (answer.prompt_tokens, answer.completion_tokens) == (ids["input_ids"].shape[1], len(out))


def test_a_stop_string_ends_the_text_and_is_not_part_of_it(folder):
    [whole] = answers(backend(folder), [request("a")])
    stop = whole.text[3:5]
    [cut] = answers(backend(folder), [request("a", stop=("never seen", stop))])
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == whole_or_empty(cut.text, "stop")
    assert cut.completion_tokens < whole.completion_tokens


def test_a_text_that_reaches_its_limit_says_so(folder):
    [answer] = answers(backend(folder), [request("a", max_tokens=2)])
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 2)


def test_a_prompt_over_the_limit_is_a_context_overflow_and_the_rest_goes_on(folder):
    long, short = answers(backend(folder, max_input_tokens=10), [request("x" * 11), request("x" * 10)])
    assert (long.text, long.finish_reason, long.prompt_tokens, long.completion_tokens) == (
        "",
        "context_overflow",
        11,
        0,
    )
    assert short.completion_tokens > 0


def test_the_chat_template_frames_the_messages_and_none_joins_them(folder):
    messages = (Message("system", "ab"), Message("user", "c"))
    [framed] = answers(backend(folder, template="chat"), [request("", messages=messages)])
    [joined] = answers(backend(folder), [request("", messages=messages)])
    assert (framed.prompt_tokens, joined.prompt_tokens) == (len("<system>ab<user>c<a>"), 3)


def test_a_drawn_text_is_the_same_for_the_same_request(folder):
    drawn = [answers(backend(folder), [request("a", temperature=2.0)])[0].text for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != answers(backend(folder), [request("a")])[0].text


def test_nothing_is_loaded_before_the_first_request(tmp_path):
    some = backend(tmp_path / "absent")
    with pytest.raises(ModelError, match="there is no folder"):
        answers(some, [request("a")])


@pytest.mark.parametrize("changes", [{"top_logprobs": 5}, {"messages": (), "prompt": "q"}])
def test_what_it_cannot_do_is_said_before_anything_is_loaded(tmp_path, changes):
    one = backend(tmp_path / "absent")
    with pytest.raises(CallError, match="backend local tells no log-probabilities and takes no raw prompts"):
        asyncio.run(ask(one, [request("a", **changes)]))


def test_a_model_without_a_chat_template_says_what_to_set(folder, tmp_path):
    for path in folder.iterdir():
        if path.name != "chat_template.jinja":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ModelError, match="no chat template: set template to none"):
        answers(backend(tmp_path, template="chat"), [request("a")])


def test_requests_that_take_the_place_of_others_get_what_they_get_alone(folder):
    texts = ["a" * (1 + 7 * i % 23) + f" {i}" for i in range(17)]
    requests = [request(text, max_tokens=1 + 5 * i % 17) for i, text in enumerate(texts)]
    refilled = answers(backend(folder, batch_size=3), requests)
    alone = answers(backend(folder, batch_size=1), requests)
    assert [answer.text for answer in refilled] == [answer.text for answer in alone]
    assert len({answer.completion_tokens for answer in alone}) > 5


def test_a_request_joins_those_at_work_and_its_answer_does_not_wait_for_theirs(folder):
    some = backend(folder)

    async def story() -> tuple[bool, Response]:
        long = asyncio.create_task(some.answer(request("a long one", max_tokens=400), Sending()))
        await asyncio.sleep(0.3)  # it is at work: lists are taken after 0.05 s
        joined = await some.answer(request("b", max_tokens=3), Sending())
        was_first = not long.done()
        long.cancel()
        await some.close()
        return was_first, joined

    was_first, joined = asyncio.run(story())
    assert was_first
    assert joined.text == answers(backend(folder), [request("b", max_tokens=3)])[0].text


def test_closing_ends_the_work_at_once_and_lets_go_of_the_model(folder):
    some = backend(folder)

    async def story() -> None:
        asked = asyncio.create_task(some.answer(request("a", max_tokens=100_000), Sending()))
        await asyncio.sleep(0.3)
        await some.close()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(asyncio.wait_for(story(), 20))
    assert some._model is None


def test_a_blank_text_is_empty_and_never_a_success(folder):
    [whole] = answers(backend(folder), [request("a")])
    [blank] = answers(backend(folder), [request("a", stop=(whole.text[0],))])
    assert (blank.text, blank.finish_reason) == ("", "empty")


def test_each_request_is_noted_as_sent_and_a_few_batches_may_wait(folder):
    some, sending = backend(folder), Sending()
    asyncio.run(some.answer(request("a"), sending))
    assert (sending.count, some.capacity) == (1, 16)


def test_a_template_is_told_not_to_think_and_one_without_system_turns_gets_its_text_with_the_first_user_s(folder):
    some = backend(folder, template="chat")
    some._load()
    said = (Message("system", "S"), Message("user", "U"))
    some._tokenizer.chat_template = (
        "{{ '' if enable_thinking is defined and not enable_thinking else 'think' }}" + TEMPLATE
    )
    assert some._tokenizer.decode(some._encode(request("", messages=said))) == "<system>S<user>U<a>"
    some._tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + TEMPLATE
    )
    assert some._tokenizer.decode(some._encode(request("", messages=said))) == "<user>S\n\nU<a>"


def greedy(model, some, one):
    some._load()
    prompt = some._tokenizer(one.messages[0].content, return_tensors="pt")
    out = model.generate(**prompt, max_new_tokens=one.max_tokens, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    return some._tokenizer.decode(out, skip_special_tokens=True)


def test_an_adapter_changes_what_is_written(folder, tmp_path):
    model = attach(load_model(folder, quantization="none", dtype="float32"), AdapterConfig(rank=8, alpha=32))
    with torch.no_grad():
        for number, tensor in enumerate(part for part in model.parameters() if part.requires_grad):
            tensor += torch.randn(tensor.shape, generator=torch.Generator().manual_seed(number)) * 0.3
    save_adapter(model, tmp_path / "adapter")
    requests = [request(text) for text in PROMPTS[:2]]
    plain, adapted = (answers(backend(folder, adapter=adapter), requests) for adapter in (None, tmp_path / "adapter"))
    assert [answer.text for answer in plain] != [answer.text for answer in adapted]
    written = greedy(model.eval(), backend(folder), requests[0])
    assert written == adapted[0].text
