"""The answers of one question as a tree of tokens: each token that has to run stands in it once, however many answers pass it.

Reads encoded questions, runs no model. Both ways of scoring read this tree: packed runs its nodes as one row, separate runs the way
to each of its leaves as a row of its own.
"""

from typing import NamedTuple

from qantara.models.encoded_questions import Encoded

STEM_END = -1  # the node before the first: the last token of the stem


class TokenTree(NamedTuple):
    """Nodes are what follows the stem, parents before children; an answer's last token is a node only if another goes on there.

    `targets` are the distinct (node, token that is asked for after it); `answers` (set, answer) hold numbers of targets.
    """

    encoded: Encoded
    tokens: list[int]
    parents: list[int]
    depths: list[int]  # 1: directly after the stem
    targets: list[tuple[int, int]]
    answers: list[list[list[int]]]

    @property
    def num_tokens(self) -> int:
        """Tokens that run for the question, the stem included."""
        return len(self.encoded.stem) + len(self.tokens)

    def way_to(self, node: int) -> list[int]:
        """Return the nodes from the stem to `node`, both ends included but for the stem."""
        way: list[int] = []
        while node != STEM_END:
            way.append(node)
            node = self.parents[node]
        return way[::-1]

    def with_others_changed(self, node: int) -> "TokenTree":
        """Return the same tree, but what doesn't stand on the way to `node` is another token: the stem's first."""
        way = set(self.way_to(node))
        return self._replace(
            tokens=[token if i in way else self.encoded.stem[0] for i, token in enumerate(self.tokens)]
        )

    def leaves(self) -> list[int]:
        """Return the nodes that none follows; STEM_END alone where there is no node."""
        inner = set(self.parents)
        return [node for node in range(len(self.tokens)) if node not in inner] or [STEM_END]


def token_tree(encoded: Encoded) -> TokenTree:
    """Return a question's tree."""
    tree = TokenTree(encoded, [], [], [], [], [])
    children: dict[tuple[int, int], int] = {}
    targets: dict[tuple[int, int], int] = {}
    for tails, num_given in zip(encoded.tails, encoded.num_given, strict=True):
        tree.answers.append([_add(tree, children, targets, tail, num_given) for tail in tails])
    tree.targets.extend(targets)
    return tree


def _add(
    tree: TokenTree,
    children: dict[tuple[int, int], int],
    targets: dict[tuple[int, int], int],
    tail: tuple[int, ...],
    num_given: int,
) -> list[int]:
    node, asked = STEM_END, []
    for place, token in enumerate(tail):
        if place >= num_given:
            asked.append(targets.setdefault((node, token), len(targets)))
        if place + 1 == len(tail):
            break
        step = (node, token)
        if step not in children:
            children[step] = len(tree.tokens)
            tree.tokens.append(token)
            tree.parents.append(node)
            tree.depths.append(place + 1)
        node = children[step]
    return asked
