"""Chooses the pairs that the page shows, while all pairs stream by: worst first, but every rule has its examples.

Among the pairs of one rule the choice is by a hash of their ids: fair over the file, the same in every run, and bounded in memory.
"""

import heapq
from collections.abc import Sequence
from hashlib import blake2b

from qantara.audit.findings import CheckedPair
from qantara.audit.tally import SEVERITIES, RuleCount, gravest

_PASSES = ""  # the group of pairs without any finding, where a rule's name would stand
_PASSES_SHARE = 20  # one of so many places is for pairs without findings
_GRAVITY = {severity: len(SEVERITIES) - i for i, severity in enumerate(SEVERITIES)}


class Showcase:
    """Holds the candidates of each rule: at most `limit` for each, the gravest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._groups: dict[str, list[tuple[int, int, int]]] = {}

    def offer(self, pair: CheckedPair) -> None:
        """Consider a pair."""
        priority = int.from_bytes(blake2b(f"{pair.id}\n{pair.row}".encode(), digest_size=6).digest())
        for rule, (severity, _) in gravest(pair).items():
            self._keep(rule, (_GRAVITY[severity], priority, pair.row))
        if not pair.findings:
            self._keep(_PASSES, (0, priority, pair.row))

    def chosen(self, rules: Sequence[RuleCount]) -> frozenset[int]:
        """Return the rows of at most `limit` pairs: a turn for each rule, worst rule first, until the places are taken.

        Pairs without findings get one place in twenty, and those that nobody else takes.
        """
        for_passes = min(len(self._groups.get(_PASSES, ())), -(-self._limit // _PASSES_SHARE))
        queues = [sorted(self._groups[count.rule], reverse=True) for count in rules]
        taken = _turns(queues, self._limit - for_passes, set())
        return frozenset(_turns([sorted(self._groups.get(_PASSES, []), reverse=True)], self._limit, taken))

    def _keep(self, rule: str, entry: tuple[int, int, int]) -> None:
        group = self._groups.setdefault(rule, [])
        if len(group) < self._limit:
            heapq.heappush(group, entry)
        elif group:
            heapq.heappushpop(group, entry)


def _turns(queues: Sequence[list[tuple[int, int, int]]], limit: int, taken: set[int]) -> set[int]:
    waiting = [iter(queue) for queue in queues]
    while waiting and len(taken) < limit:
        still = []
        for queue in waiting:
            row = next((row for _, _, row in queue if row not in taken), None)
            if row is not None and len(taken) < limit:
                taken.add(row)
                still.append(queue)
        waiting = still
    return taken
