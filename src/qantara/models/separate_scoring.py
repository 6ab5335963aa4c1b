"""Trees of tokens -> scores with nothing shared: the way to each leaf is a row of its own. For models that can't be packed.

Rows are padded on the right, which no causal model looks at. Answers that differ in their last token only share one row, and a row
that begins another doesn't run. Either our head runs on the rows that are needed, or the model gives its own logits for all.
"""

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qantara.models.language_head import LanguageHead, TokenScores, token_scores
from qantara.models.packed_scoring import Observer
from qantara.models.token_trees import TokenTree


class _Row(NamedTuple):
    input_ids: list[int]
    targets: list[tuple[int, int, int]]  # (number in the batch, position, token)


class SeparateScoring:
    """Scores batches of a model, as many rows at a time as there are questions; `head` None: by the model's own logits."""

    def __init__(self, model: Any, backbone: Any, head: LanguageHead | None) -> None:  # noqa: ANN401 - models of transformers
        self._model, self._backbone, self._head = model, backbone, head
        self.name = "one row an answer" if head else "one row an answer, by its own logits"

    def prepare(self, prefix: tuple[int, ...], observe: Observer) -> None:
        """Do nothing: nothing is shared."""

    def scores(self, prefix: tuple[int, ...], trees: Sequence[TokenTree], observe: Observer) -> TokenScores:
        """Return the scores of all trees' targets, one after another."""
        rows, first = [], 0
        for tree in trees:
            rows.extend(_rows(tree, first))
            first += len(tree.targets)
        rows.sort(key=lambda row: -len(row.input_ids))
        logs, greedy = torch.zeros(first), torch.zeros(first, dtype=torch.bool)
        for start in range(0, len(rows), len(trees)):
            part = rows[start : start + len(trees)]
            numbers = torch.tensor([number for row in part for number, _, _ in row.targets])
            found = self._run(part, observe)
            logs[numbers], greedy[numbers] = found.log_probabilities.cpu(), found.is_greedy.cpu()
        return TokenScores(logs, greedy)

    def _run(self, rows: Sequence[_Row], observe: Observer) -> TokenScores:
        device = self._model.device
        input_ids = torch.zeros(len(rows), max(len(row.input_ids) for row in rows), dtype=torch.long)
        real = torch.zeros_like(input_ids, dtype=torch.bool)
        for i, row in enumerate(rows):
            input_ids[i, : len(row.input_ids)] = torch.tensor(row.input_ids)
            real[i, : len(row.input_ids)] = True
        places: dict[tuple[int, int], int] = {}
        numbers = [places.setdefault((i, at), len(places)) for i, row in enumerate(rows) for _, at, _ in row.targets]
        tokens = torch.tensor([token for row in rows for _, _, token in row.targets], device=device)
        needed = torch.tensor(list(places), device=device).unbind(dim=1)
        inputs = {"input_ids": input_ids.to(device), "attention_mask": real.long().to(device), "use_cache": False}
        observe(real.to(device))
        asked = torch.tensor(numbers, device=device), tokens
        if self._head is None:
            return token_scores(self._model(**inputs).logits[needed].float(), *asked)
        return self._head.scores(self._backbone(**inputs).last_hidden_state[needed], *asked)


def _rows(tree: TokenTree, first: int) -> list[_Row]:
    """Return a row a leaf; each target stands in the first row that passes it. `first` is the number of the tree's first target."""
    stem, rows = tree.encoded.stem.tolist(), list[_Row]()
    of_node: dict[int, int] = {}
    for leaf in tree.leaves():
        way = tree.way_to(leaf)
        for node in (-1, *way):
            of_node.setdefault(node, len(rows))
        rows.append(_Row(stem + [tree.tokens[node] for node in way], []))
    for number, (node, token) in enumerate(tree.targets):
        at = len(stem) - 1 + (tree.depths[node] if node >= 0 else 0)
        rows[of_node[node]].targets.append((first + number, at, token))
    return [row for row in rows if row.targets]


def plain_scores(model: Any, tree: TokenTree, leaf: int) -> tuple[list[int], Tensor]:  # noqa: ANN401
    """Return numbers of targets on the way to a leaf and their log-probabilities by the model's plain forward: the reference."""
    way = [-1, *tree.way_to(leaf)]
    numbers = [number for number, (node, _) in enumerate(tree.targets) if node in set(way)]
    stem = tree.encoded.stem.tolist()
    ids = torch.tensor([stem + [tree.tokens[node] for node in way[1:]]], device=model.device)
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    takes_end = (
        "logits_to_keep" in inspect.signature(causal.forward).parameters
    )  # else the logits of all positions are made
    settings = {"logits_to_keep": len(way)} if takes_end else {}
    logits = model(input_ids=ids, use_cache=False, **settings).logits[0, -len(way) :].float()
    rows = torch.tensor([way.index(tree.targets[number][0]) for number in numbers], device=logits.device)
    tokens = torch.tensor([tree.targets[number][1] for number in numbers], device=logits.device)
    return numbers, token_scores(logits, rows, tokens).log_probabilities.cpu()
