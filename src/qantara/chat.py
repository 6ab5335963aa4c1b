"""Example -> messages -> text and loss mask: the one renderer of mix, train, evaluate and serve.

Training samples and benchmark prompts come from here, so a model is asked in the form it was taught. A tokenizer's own chat
template is used where it has one; base models get plain labelled text. Nothing here imports a tokenizer library: what is needed
of one is `Tokenizer`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from jinja2 import TemplateError

from qantara.errors import DataError
from qantara.languages import language
from qantara.records import Answer, Choice, Example, Passage, Turn


class Tokenizer(Protocol):
    """What rendering needs of a (fast, Hugging Face) tokenizer."""

    chat_template: Any
    bos_token: str | None
    eos_token: str | None

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any:  # noqa: ANN401 - the library's own signature
        """Return the text of a conversation."""

    def __call__(self, text: str, **options: Any) -> Any:  # noqa: ANN401 - the library's own signature
        """Encode a text."""


class Rendered(NamedTuple):
    """Token ids and, for each, whether it is learnt (part of an assistant's turn, its end mark included)."""

    input_ids: tuple[int, ...]
    loss_mask: tuple[bool, ...]


class Prompt(NamedTuple):
    """A benchmark question as the model sees it: the text up to the answer, and the answers by way of scoring."""

    text: str
    letters: tuple[str, ...]
    options: tuple[str, ...]


def question_text(
    choice: Choice, prompt_language: str = "", labels: Sequence[str] = (), *, show_options: bool = True
) -> str:
    """Return a Choice as a user asks it: context, question, labelled options.

    The words around it are those of its own language, or of `prompt_language`; `labels` stand before the options in place of that
    language's letters. Raises DataError for more options than labels.
    """
    words = language(prompt_language or choice.language)
    labels = labels or words.option_letters
    if len(choice.options) > len(labels):
        raise DataError(f"item {choice.id} has {len(choice.options)} options; {len(labels)} are the most")
    lines = [f"{words.question_label}: {choice.question}"]
    if show_options:
        lines += [f"{words.options_label}:"]
        lines += [f"{label}. {text}" for label, text in zip(labels, choice.options, strict=False)]
    return _with_context("\n".join(lines), choice.context, words.code)


def messages(example: Example) -> tuple[Turn, ...]:
    """Return the conversation that teaches an example: a system line in its language, then user and assistant by turns.

    A passage has no assistant's turn; `render` makes plain text of it.
    """
    words = language(example.language)
    system = Turn(role="system", text=words.system_prompt)
    if isinstance(example, Choice):
        letter = words.option_letters[example.answer_index]
        reply = f"{letter}. {example.options[example.answer_index]}"
        if example.explanation:
            reply += f"\n{words.explanation_label}: {example.explanation}"
        return (system, Turn(role="user", text=question_text(example)), Turn(role="assistant", text=reply))
    if isinstance(example, Answer):
        asked = _with_context(example.question, example.context, example.language)
        return (system, Turn(role="user", text=asked), Turn(role="assistant", text=example.answer))
    if isinstance(example, Passage):
        return (system, Turn(role="user", text=example.text))
    return (system, *example.turns)


def render(example: Example, tokenizer: Tokenizer) -> Rendered:
    """Return the tokens of an example and which of them are learnt.

    The text is encoded once, as a whole; a token is learnt when its first character lies in an assistant's turn or is its end mark.
    A passage is rendered as plain text between the tokenizer's begin and end marks, and all of it is learnt.
    """
    if isinstance(example, Passage):
        whole = (tokenizer.bos_token or "") + example.text + (tokenizer.eos_token or "")
        ids = tuple(tokenizer(whole, add_special_tokens=False)["input_ids"])
        return Rendered(ids, (True,) * len(ids))
    text, spans = _text_and_spans(messages(example), tokenizer)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    mask = tuple(any(low <= start < high for low, high in spans) for start, _ in encoded["offset_mapping"])
    return Rendered(tuple(encoded["input_ids"]), mask)


def benchmark_prompt(choice: Choice, tokenizer: Tokenizer) -> Prompt:
    """Return the prompt of a benchmark item: the text that precedes the answer, its letters and its option texts."""
    words = language(choice.language)
    conversation = (Turn(role="system", text=words.system_prompt), Turn(role="user", text=question_text(choice)))
    text = _conversation_text(conversation, tokenizer, open_reply=True)
    return Prompt(text, words.option_letters[: len(choice.options)], choice.options)


def open_reply(turns: Sequence[Turn], tokenizer: Tokenizer) -> str:
    """Return the text of a conversation up to where the assistant's next reply begins; a template that thinks is told not to.

    A template that takes no system turn gets that turn's text before the first user's.
    """
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    conversation = [{"role": turn.role, "content": turn.text} for turn in turns]
    try:
        return str(tokenizer.apply_chat_template(conversation, **options))
    except TemplateError:
        if len(conversation) < 2 or conversation[0]["role"] != "system":
            raise
        first = {"role": "user", "content": f"{conversation[0]['content']}\n\n{conversation[1]['content']}"}
        return str(tokenizer.apply_chat_template([first, *conversation[2:]], **options))


def _with_context(text: str, context: str, code: str) -> str:
    return f"{language(code).context_label}: {context}\n\n{text}" if context else text


def _text_and_spans(turns: Sequence[Turn], tokenizer: Tokenizer) -> tuple[str, list[tuple[int, int]]]:
    spans = []
    for i, turn in enumerate(turns):
        if turn.role == "assistant":
            start = len(_conversation_text(turns[:i], tokenizer, open_reply=True))
            spans.append((start, len(_conversation_text(turns[: i + 1], tokenizer, open_reply=False).rstrip("\n"))))
    return _conversation_text(turns, tokenizer, open_reply=False), spans


def _conversation_text(turns: Sequence[Turn], tokenizer: Tokenizer, *, open_reply: bool) -> str:
    if tokenizer.chat_template:
        conversation = [{"role": turn.role, "content": turn.text} for turn in turns]
        return str(
            tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=open_reply),
        )
    text = tokenizer.bos_token or ""
    for turn in turns:
        end = (tokenizer.eos_token or "") if turn.role == "assistant" else "\n\n"
        text += turn.text + end
    return text
