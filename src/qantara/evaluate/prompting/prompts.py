"""A benchmark item as a model sees it: instruction, worked examples, question, labelled options, the place of the answer.

Everything that changes that text is in `PromptSpec`, which is part of a run's identity. Text goes in as it is, in logical order:
nothing is folded or stripped. Which tokens are scored is not decided here: answers are texts that follow the prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from qantara.chat import Tokenizer, open_reply, question_text
from qantara.errors import DataError, ModelError
from qantara.evaluate.prompting.arms import LabelSet
from qantara.languages import WESTERN_DIGITS, language
from qantara.records import Choice, Turn

Scoring = Literal["letter", "text"]
_LATIN = "en"  # whose letters are the Latin labels


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSpec:
    """How items are asked. `delimiter` stands between "Answer:" and the answer; with `chat` the answer opens the reply instead.

    `shots` is how many worked examples precede the question; `options_shown` whether the options are listed in it.
    """

    prompt_language: str
    label_set: LabelSet = "native"
    delimiter: str = " "
    shots: int = 0
    chat: bool = False
    options_shown: bool = True

    def labels(self, num_options: int) -> tuple[str, ...]:
        """Return the labels of so many options; DataError when there are more options than labels."""
        letters = {
            "native": language(self.prompt_language).option_letters,
            "latin": language(_LATIN).option_letters,
            "digits": tuple(WESTERN_DIGITS[1:]),
        }[self.label_set]
        if num_options > len(letters):
            raise DataError(f"an item has {num_options} options; {len(letters)} are the most")
        return letters[:num_options]


class AnswerPrompt(NamedTuple):
    """A prompt up to the place of the answer, and every answer as it would stand there."""

    text: str
    answers: tuple[str, ...]


def answer_prompt(
    item: Choice, shots: Sequence[Choice], spec: PromptSpec, scoring: Scoring, tokenizer: Tokenizer | None
) -> AnswerPrompt:
    """Return what is scored: the prompt of an item and its answers, as labels or as the options' texts.

    Without a tokenizer the prompt is plain text: whoever is asked puts a chat template around it.
    """
    is_chat = spec.chat and tokenizer is not None
    join = "" if is_chat else spec.delimiter
    answers = tuple(join + answer for answer in _answers(item, spec, scoring))
    examples = [(_question(shot, spec), _answers(shot, spec, scoring)[shot.answer_index]) for shot in shots]
    if is_chat and tokenizer is not None:
        return AnswerPrompt(open_reply(_turns(item, examples, spec), tokenizer), answers)
    cue = f"{language(spec.prompt_language).answer_label}:"
    blocks = [f"{question}\n{cue}{join}{answer}" for question, answer in examples]
    blocks = [_instruction(spec), *blocks, f"{_question(item, spec)}\n{cue}"]
    return AnswerPrompt(begin_mark(tokenizer) + "\n\n".join(blocks), answers)


def bare_prompt(item: Choice, spec: PromptSpec, tokenizer: Tokenizer | None) -> AnswerPrompt:
    """Return the options after the cue "Answer:" alone: how likely each is without its question (for PMI).

    Holtzman et al. (2021), "Surface form competition", call this the domain-conditional premise.
    """
    cue = f"{language(spec.prompt_language).answer_label}:"
    return AnswerPrompt(begin_mark(tokenizer) + cue, tuple(f" {text}" for text in item.options))


def reply_turns(item: Choice, shots: Sequence[Choice], spec: PromptSpec) -> tuple[Turn, ...]:
    """Return the conversation that asks for a written reply, which is to end with a label."""
    examples = []
    for shot in shots:
        label = spec.labels(len(shot.options))[shot.answer_index]
        examples.append((_question(shot, spec), f"{language(spec.prompt_language).answer_label}: {label}"))
    *turns, last = _turns(item, examples, spec)
    return (*turns, replace(last, text=f"{last.text}\n\n{language(spec.prompt_language).reply_instruction}"))


def rotated(item: Choice, by: int) -> Choice:
    """Return an item whose option i stands where option i + `by` stood, cyclically; the right answer moves along."""
    count = len(item.options)
    options = tuple(item.options[(place + by) % count] for place in range(count))
    return replace(item, options=options, answer_index=(item.answer_index - by) % count)


def begin_mark(tokenizer: Any) -> str:  # noqa: ANN401 - a tokenizer of transformers, or none
    """Return the begin mark that a plain text needs: the tokenizer's BOS if it puts one there by itself, else none.

    Without a tokenizer (a server puts its own) there is none.
    """
    if tokenizer is None:
        return ""
    first = tokenizer("x")["input_ids"][0]
    return str(tokenizer.bos_token) if tokenizer.bos_token and first == tokenizer.bos_token_id else ""


def check_begin_mark(text: str, tokenizer: Any) -> None:  # noqa: ANN401 - a tokenizer of transformers
    """Raise ModelError unless a prompt begins with exactly one BOS where its tokenizer wants one, and never with two."""
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"][:2])
    marks = 0
    while marks < len(ids) and ids[marks] == tokenizer.bos_token_id:
        marks += 1
    if marks == 2 or (marks == 0 and begin_mark(tokenizer)):
        raise ModelError(f"the prompt begins with {marks or 'no'} begin marks (BOS) where the model needs one")


def shots_for(item: Choice, shots: Sequence[Choice], spec: PromptSpec) -> tuple[Choice, ...]:
    """Return the worked examples of an item: the first of its language and subject, or of its language where that has too few."""
    mine = [shot for shot in shots if shot.language == item.language and shot.origin.family != item.origin.family]
    near = [shot for shot in mine if shot.origin.subject == item.origin.subject]
    found = near if len(near) >= spec.shots else mine
    if len(found) < spec.shots:
        raise DataError(f"{spec.shots} worked examples are asked for, the task has {len(found)} in {item.language!r}")
    return tuple(found[: spec.shots])


def _answers(item: Choice, spec: PromptSpec, scoring: Scoring) -> tuple[str, ...]:
    return spec.labels(len(item.options)) if scoring == "letter" else item.options


def _question(item: Choice, spec: PromptSpec) -> str:
    labels = spec.labels(len(item.options))
    return question_text(item, spec.prompt_language, labels, show_options=spec.options_shown)


def _instruction(spec: PromptSpec) -> str:
    return language(spec.prompt_language).exam_instruction


def _turns(item: Choice, examples: Sequence[tuple[str, str]], spec: PromptSpec) -> list[Turn]:
    turns = [Turn(role="system", text=language(spec.prompt_language).system_prompt)]
    for question, answer in examples:
        turns += [Turn(role="user", text=question), Turn(role="assistant", text=answer)]
    return [*turns, Turn(role="user", text=_question(item, spec))]
