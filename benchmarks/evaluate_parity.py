"""Parity with lm-eval's Hugging Face back end: same model, same texts, fp32; the option chosen by each, item by item.

    python benchmarks/evaluate_parity.py MODEL --data FOLDER [--items 400] [--settings mmlu-ar:text:5 ...] [--cache FILE]

Reads paired MMLU items (English and Arabic, with dev items for the shots) and MedQA (its first five items are the shots) from the
folder; MODEL is a folder or reference. lm-eval's answers go into the cache file as they come, keyed by model and texts, so that a
long comparison can be stopped and gone on with. A difference is told with its reason: the tokens that lm-eval fed are not those of
the text as written (it moved or lost white space, or the join merged), or two options lie within 1e-4 of each other.

Stock lm-eval would need about ten hours on a core. The first `--plain` items of a setting are asked of it as it is; for the rest
its model call alone is replaced (`_Sharing`): the same forward of transformers, with the keys and values of what this call and the
last begin with kept. Encoding, grouping, slicing and sums stay lm-eval's; plain items are asked both ways, the difference is told.
"""

import argparse
import copy
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # everything is local; lm-eval would look the model up

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import DynamicCache

from qantara.evaluate.prompting.prompts import AnswerPrompt, PromptSpec, answer_prompt, shots_for
from qantara.models.likelihood import Question, likelihoods
from qantara.models.loading import load_model, load_tokenizer
from qantara.models.references import resolve
from qantara.records import Choice, Origin

CLOSE = 1e-4
BATCH = 8
SETTINGS = [
    f"{data}:{scoring}:{shots}"
    for shots in (0, 5)
    for scoring in ("letter", "text")
    for data in ("mmlu-en", "mmlu-ar", "medqa-en")
]


class Asked(NamedTuple):
    """An item's prompt and answers in one setting."""

    id: str
    prompt: AnswerPrompt
    answer_index: int


class Compared(NamedTuple):
    """What both made of an item: log-probabilities by option, less their own mean, and whether lm-eval fed the text as written."""

    id: str
    theirs: list[float]
    ours: list[float]
    as_written: bool

    @property
    def difference(self) -> float:
        """The largest difference between two relative log-probabilities."""
        return max(abs(a - b) for a, b in zip(centered(self.theirs), centered(self.ours), strict=True))

    @property
    def is_equal(self) -> bool:
        """Tell whether both choose the same option."""
        return chosen(self.theirs) == chosen(self.ours)

    @property
    def reason(self) -> str:
        """Why the choices differ, as far as it can be told."""
        if not self.as_written:
            return "lm-eval's tokens are not those of the text as written"
        margin = sorted(self.theirs)[-1] - sorted(self.theirs)[-2]
        return "tie within 1e-4" if margin < CLOSE else "UNEXPLAINED"


def chosen(values: Sequence[float]) -> int:
    """Return the first of the largest."""
    return max(range(len(values)), key=values.__getitem__)


def centered(values: Sequence[float]) -> list[float]:
    """Return the values less their mean: what options share says nothing about which is chosen."""
    return [value - sum(values) / len(values) for value in values]


def read_items(data: Path, setting: str, count: int) -> tuple[list[Choice], list[Choice]]:
    """Return `count` items of a data set and the items that serve as shots; always the same ones, spread over the subjects."""
    name, _, code = setting.partition(":")[0].partition("-")
    if name == "medqa":
        rows = _rows(data / "medqa_en.jsonl")
        rows, dev = rows[5:], rows[:5]
    else:
        rows, dev = _rows(data / "mmlu_medical_en_ar.jsonl"), _rows(data / "mmlu_medical_en_ar_dev.jsonl")
    rows = sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).hexdigest())[:count]
    rows.sort(key=lambda row: row.get("subject", ""))  # those with the same shots stand together
    return [_item(row, code) for row in rows], [_item(row, code) for row in dev]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _item(row: dict[str, Any], code: str) -> Choice:
    side = f"_{code}" if f"question_{code}" in row else ""
    origin = Origin(source="parity", native_id=row["id"], subject=row.get("subject", ""), family=row["id"])
    return Choice(
        id=row["id"],
        language=code,
        origin=origin,
        question=row[f"question{side}"],
        options=tuple(row[f"choices{side}"]),
        answer_index=row["answer_index"],
    )


def asked(data: Path, setting: str, count: int, tokenizer: Any) -> list[Asked]:  # noqa: ANN401 - a tokenizer
    """Return the prompts of a setting such as `mmlu-ar:text:5`."""
    _, scoring, shots = setting.split(":")
    items, dev = read_items(data, setting, count)
    found = []
    for item in items:
        spec = PromptSpec(prompt_language=item.language, shots=int(shots))
        prompt = answer_prompt(item, shots_for(item, dev, spec), spec, scoring, tokenizer)
        found.append(Asked(item.id, prompt, item.answer_index))
    return found


class LmEval:
    """lm-eval's HFLM, with its answers in a file."""

    def __init__(self, model: Any, tokenizer: Any, name: str, cache: Path) -> None:  # noqa: ANN401
        self._models = {
            "plain": HFLM(pretrained=model, tokenizer=tokenizer, batch_size=BATCH),
            "sharing": _Sharing(pretrained=model, tokenizer=tokenizer, batch_size=BATCH),
        }
        self._name = name
        self._cache = cache
        lines = cache.read_text(encoding="utf-8").splitlines() if cache.is_file() else []
        self._known = dict(json.loads(line) for line in lines)

    def log_probabilities(self, question: Asked, how: str) -> list[float]:
        """Return a question's log-probabilities by answer; `how` is "plain" or "sharing"."""
        parts = json.dumps([self._name, how, question.prompt.text, question.prompt.answers])
        key = hashlib.sha256(parts.encode("utf-8")).hexdigest()
        if key not in self._known:
            pairs = [(question.prompt.text, answer) for answer in question.prompt.answers]
            requests = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]
            found = [value for value, _ in self._models[how].loglikelihood(requests, disable_tqdm=True)]
            self._known[key] = found
            with self._cache.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, found]) + "\n")
        return self._known[key]

    def feeds_as_written(self, question: Asked) -> bool:
        """Tell whether the tokens lm-eval feeds for every answer are those of prompt + answer, and some of them the answer's."""
        model = self._models["plain"]
        for answer in question.prompt.answers:
            context, continuation = model._encode_pair(question.prompt.text, answer)
            if not continuation or context + continuation != model.tok_encode(question.prompt.text + answer):
                return False
        return True


class _Sharing(HFLM):
    """HFLM whose model call keeps the keys and values of what the options, and this question and the last one, begin with."""

    _kept_ids: list[int]
    _kept: DynamicCache | None = None

    def _loglikelihood_tokens(self, requests: Any, **options: Any) -> Any:  # noqa: ANN401
        # the logits of the last context token and of all after it are looked at
        self._most_shared = min(len(context) for _, context, _ in requests) - 1
        return super()._loglikelihood_tokens(requests, **options)

    def _model_call(self, inps: torch.Tensor, **_: Any) -> torch.Tensor:  # noqa: ANN401
        rows = inps.tolist()
        length = min(_common_prefix(rows), self._most_shared)
        if length < 1:
            return self.model(input_ids=inps).logits
        with torch.no_grad():
            self._keep(rows[0][:length])
            cache = copy.deepcopy(self._kept)
            cache.batch_repeat_interleave(len(rows))
            # fewer logits than tokens: HFLM counts from the right, for prompt tuning's virtual tokens
            return self.model(input_ids=inps[:, length:], past_key_values=cache).logits

    def _keep(self, ids: list[int]) -> None:
        if self._kept is None:
            self._kept, self._kept_ids = DynamicCache(config=self.model.config), []
        length = min(_common_prefix([self._kept_ids, ids]), len(ids) - 1)
        if length < len(self._kept_ids):
            self._kept.crop(length - len(self._kept_ids))  # a negative number: how many to take off
        self.model.model(input_ids=torch.tensor([ids[length:]]), past_key_values=self._kept)
        self._kept_ids = ids


def _common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    length = 0
    for tokens in zip(*sequences, strict=False):
        if len(set(tokens)) > 1:
            break
        length += 1
    return length


def our_log_probabilities(model: Any, tokenizer: Any, questions: Sequence[Asked]) -> list[list[float]]:  # noqa: ANN401
    """Return each question's log-probabilities by answer from our scorer."""
    prompts = [Question(question.prompt.text, (question.prompt.answers,)) for question in questions]
    found: list[list[float]] = [[] for _ in prompts]
    for number, sets in likelihoods(model, tokenizer, prompts, BATCH):
        found[number] = [likelihood.log_probability for likelihood in sets[0]]
    return found


def compare(
    setting: str, questions: Sequence[Asked], theirs: LmEval, ours: list[list[float]], plain: int
) -> dict[str, Any]:
    """Return a setting's row of the table, its differing items among it, and print it."""
    found = []
    for number, (question, our) in enumerate(zip(questions, ours, strict=True)):
        how = "plain" if number < plain else "sharing"
        found.append(
            Compared(question.id, theirs.log_probabilities(question, how), our, theirs.feeds_as_written(question))
        )
    written = [pair for pair in found if pair.as_written]
    different = [pair for pair in found if not pair.is_equal]
    right = [question.answer_index for question in questions]
    row = {
        "setting": setting,
        "items": len(found),
        "plain": min(plain, len(found)),
        "as_written": len(written),
        "same_choice": len(found) - len(different),
        "same_choice_as_written": sum(pair.is_equal for pair in written),
        "largest_difference_as_written": max((pair.difference for pair in written), default=0.0),
        "largest_difference_plain_sharing": _plain_difference(questions[:plain], theirs),
        "right_theirs": sum(chosen(pair.theirs) == index for pair, index in zip(found, right, strict=True)),
        "right_ours": sum(chosen(pair.ours) == index for pair, index in zip(found, right, strict=True)),
        "reasons": Counter(pair.reason for pair in different),
        "different": [
            {"id": pair.id, "reason": pair.reason, "theirs": pair.theirs, "ours": pair.ours} for pair in different
        ],
    }
    print(json.dumps({name: value for name, value in row.items() if name != "different"}), flush=True)
    return row


def _plain_difference(questions: Sequence[Asked], theirs: LmEval) -> float:
    ways = [[theirs.log_probabilities(question, how) for question in questions] for how in ("plain", "sharing")]
    return max((abs(a - b) for pair in zip(*ways, strict=True) for a, b in zip(*pair, strict=True)), default=0.0)


def main() -> int:
    """Run the comparison; exit status 1 when an item differs without a reason."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--plain", type=int, default=20, help="items of a setting that stock lm-eval scores")
    parser.add_argument("--settings", nargs="+", default=SETTINGS, choices=SETTINGS)
    parser.add_argument("--cache", type=Path, default=Path("parity_lm_eval.jsonl"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--theirs-only", action="store_true", help="only fill the cache")
    options = parser.parse_args()
    folder = Path(options.model) if Path(options.model).is_dir() else resolve(options.model)
    model, tokenizer = load_model(folder, quantization="none", dtype="float32"), load_tokenizer(folder)
    theirs = LmEval(model, tokenizer, options.model, options.cache)
    rows = []
    for setting in options.settings:
        questions = asked(options.data, setting, options.items, tokenizer)
        for how, part in (("plain", questions[: options.plain]), ("sharing", questions)):
            started = time.monotonic()
            for question in part:
                theirs.log_probabilities(question, how)
            _tell(f"{setting}: lm-eval, {how}", started, len(part))
        if not options.theirs_only:
            started = time.monotonic()
            ours = our_log_probabilities(model, tokenizer, questions)
            _tell(f"{setting}: ours", started, len(questions))
            rows.append(compare(setting, questions, theirs, ours, options.plain))
    if options.out and rows:
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return int(any("UNEXPLAINED" in row["reasons"] for row in rows))


def _tell(what: str, started: float, count: int) -> None:
    print(f"{what}: {time.monotonic() - started:.1f} s for {count} items", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
