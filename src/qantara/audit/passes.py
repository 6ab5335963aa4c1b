"""The two passes of an audit over a set, each in bounded memory: check every row, then join what the set as a whole tells.

The first pass writes what was found in each pair alone; only after its end is the set known, so the second reads that back, adds
the set's findings, and writes `findings.jsonl`, `clean_ids.txt` and the counts.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from qantara.audit.checking import ChunkResult
from qantara.audit.findings import CheckedPair, parse_line
from qantara.audit.showcase import Showcase
from qantara.audit.tally import Tally
from qantara.fidelity.whole_set import WholeSet, WholeSetFindings
from qantara.store import whole_file

BAD_ROWS_NAMED = 100  # in the summary; all of them are in bad_rows.jsonl
_IDS_NAMED = 20
Advance = Callable[[int], None]


@dataclass(slots=True)
class FirstPass:
    """What the first pass leaves beside its file of pairs; `repeated_ids` are hashes."""

    num_rows: int = 0
    num_bad: int = 0
    bad_rows: list[tuple[int, str]] = field(default_factory=list)
    repeated_ids: set[bytes] = field(default_factory=set)
    whole_set: WholeSet = field(default_factory=WholeSet)

    def is_repeated(self, pair_id: str) -> bool:
        """Tell whether several pairs have this id."""
        return bool(self.repeated_ids) and _hash(pair_id) in self.repeated_ids


@dataclass(slots=True)
class SecondPass:
    """What the second pass leaves beside its files."""

    tally: Tally
    showcase: Showcase
    repeated_ids: list[str] = field(default_factory=list)
    num_clean: int = 0


def first_pass(results: Iterable[ChunkResult], file: Path, bad_rows_file: Path, advance: Advance) -> FirstPass:
    """Write the pairs of all chunks to `file` and the bad rows to `bad_rows_file`; merge what concerns the whole set."""
    passed, seen = FirstPass(), set[bytes]()
    with file.open("w", encoding="utf-8") as lines, bad_rows_file.open("w", encoding="utf-8") as bad_lines:
        for result in results:
            lines.writelines(pair.line() for pair in result.pairs)
            bad_lines.writelines(json.dumps({"row": row, "reason": reason}) + "\n" for row, reason in result.bad_rows)
            _note_ids(result.pairs, seen, passed.repeated_ids)
            passed.num_rows += len(result.pairs) + len(result.bad_rows)
            passed.num_bad += len(result.bad_rows)
            passed.bad_rows += result.bad_rows[: BAD_ROWS_NAMED - len(passed.bad_rows)]
            passed.whole_set.merge(result.whole_set)
            advance(len(result.pairs) + len(result.bad_rows))
    return passed


def second_pass(
    file: Path, found: WholeSetFindings, passed: FirstPass, out: Path, limit: int, advance: Advance
) -> SecondPass:
    """Write the final findings and the ids of clean pairs into `out`; count, and choose at most `limit` pairs to show.

    An id that stands for several pairs is never called clean: it doesn't say which of them is.
    """
    joined = SecondPass(Tally(), Showcase(limit))
    repeated: dict[str, None] = {}
    with (
        whole_file(out / "findings.jsonl") as findings_file,
        whole_file(out / "clean_ids.txt") as clean_file,
        findings_file.open("w", encoding="utf-8") as lines,
        clean_file.open("w", encoding="utf-8") as clean_ids,
    ):
        for pair in _joined(file, found):
            lines.write(pair.line())
            joined.tally.add(pair)
            joined.showcase.offer(pair)
            if passed.is_repeated(pair.id):
                if len(repeated) < _IDS_NAMED:
                    repeated[pair.id] = None
            elif pair.verdict == "pass":
                clean_ids.write(pair.id + "\n")
                joined.num_clean += 1
            advance(1)
    joined.repeated_ids = list(repeated)
    return joined


def read_pairs(file: Path) -> Iterator[CheckedPair]:
    """Yield the pairs of a file of findings."""
    with file.open(encoding="utf-8", newline="\n") as lines:
        yield from map(parse_line, lines)


def _joined(file: Path, found: WholeSetFindings) -> Iterator[CheckedPair]:
    for pair in read_pairs(file):
        more = found.by_pair.get(pair.row)
        yield pair.with_set_findings(more) if more else pair


def _note_ids(pairs: Iterable[CheckedPair], seen: set[bytes], repeated: set[bytes]) -> None:
    for pair in pairs:
        key = _hash(pair.id)
        (repeated if key in seen else seen).add(key)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8"), digest_size=8).digest()
