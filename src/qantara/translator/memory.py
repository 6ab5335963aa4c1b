"""Translation memory: exact reuse of a field's translation that was accepted before. Pure; files are in `tmx`.

Equal means equal after Unicode NFC and white space, line ends kept, and never by case or digits: a dose must match as it stands.
A text that says all it needs is free: it is reused wherever its role has it. The others are bound: they are reused only in a
record whose texts are all the same. Bound are options and the question before them (together they are one sentence, and in
Arabic an option agrees with its stem: "Increased", "Right"), turns (the Arabic of "Do you smoke?" depends on who is asked) and
texts under five words. Whoever accepted a bound text accepted it there; a term for everywhere belongs into a glossary.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

from qantara.records import Example, content_id, text_fields

DecidedBy = Literal["person", "machine", ""]
LEAST_FREE_WORDS = 5  # keeps 1924 of the 2319 repeated questions of MedQuAD and 681 of its 683 repeated answers
_BOUND_ROLES = frozenset({"options", "turns"})
_OPTIONS = "options/0"
_ANY_ROLE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One accepted field: `role` is its name before "/", "" for any; `context` what `contexts` gives, "" for a free text.

    `decided_by` is "person" when a person accepted or edited the record, "machine" when checks did, "" when nobody says.
    """

    id: str
    role: str
    source: str
    target: str
    decided_by: DecidedBy = ""
    context: str = ""


@dataclass(frozen=True)
class Memory:
    """What was accepted before; it never changes, so what is found does not depend on the order of a run.

    `num_ambiguous` sources have several targets, of which one was chosen; `num_unusable` entries are bound texts that don't say
    to what; `num_entries` counts all that were given.
    """

    num_entries: int
    num_ambiguous: int
    num_unusable: int
    _targets: Mapping[bytes, bytes] = field(repr=False)  # UTF-8 by key: half the memory of strings by strings

    def __len__(self) -> int:
        """Return how many sources have a target."""
        return len(self._targets)

    def find(self, fields: Mapping[str, str], direction: tuple[str, str]) -> dict[str, str]:
        """Return the accepted targets of a record's fields, by field name, for those that have one."""
        if not self._targets:
            return {}
        found: dict[str, str] = {}
        for name, context in contexts(fields).items():
            text, role = canonical(fields[name]), role_of(name)
            target = self._targets.get(_key(direction, role, context, text))
            if target is None and not context:
                target = self._targets.get(_key(direction, _ANY_ROLE, "", text))
            if target is not None:
                found[name] = target.decode("utf-8")
        return found


def build_memory(entries: Iterable[Entry], direction: tuple[str, str]) -> Memory:
    """Return the memory of entries that all go in one direction.

    Of several targets of a source the one that a person accepted is chosen, then the most frequent, then the first.
    """
    targets: dict[bytes, bytes] = {}
    by_people: set[bytes] = set()
    votes: dict[bytes, dict[bytes, _Votes]] = {}  # of the sources that come more than once
    num_entries = num_unusable = 0
    for entry in entries:
        num_entries += 1
        text, target = canonical(entry.source), entry.target.strip().encode("utf-8")
        if not text or not target or (not entry.context and _is_bound(entry.role, text)):
            num_unusable += 1
            continue
        key = _key(direction, entry.role, entry.context, text)
        is_persons = entry.decided_by == "person"
        if key not in targets:
            targets[key] = target
            if is_persons:
                by_people.add(key)
            continue
        cast = votes.setdefault(key, {targets[key]: _Votes(1, key in by_people)})
        before = cast.get(target, _Votes(0, False))
        cast[target] = _Votes(before.count + 1, before.by_person or is_persons)
    targets |= {key: _chosen(cast) for key, cast in votes.items()}
    num_ambiguous = sum(len(cast) > 1 for cast in votes.values())
    return Memory(num_entries, num_ambiguous, num_unusable, targets)


def memory_entries(source: Example, target: Example, decided_by: DecidedBy) -> Iterator[Entry]:
    """Yield the fields of an accepted translation as entries; their ids are the source record's with the field's name."""
    fields, targets = text_fields(source), text_fields(target)
    for name, context in contexts(fields).items():
        yield Entry(
            id=f"{source.id}/{name}",
            role=role_of(name),
            source=fields[name],
            target=targets[name],
            decided_by=decided_by,
            context=context,
        )


def contexts(fields: Mapping[str, str]) -> dict[str, str]:
    """Return for each field "" if its text is free, else a hash of the record's texts and of the field's place in it."""
    texts = {name: canonical(text) for name, text in fields.items()}
    record = ""
    found: dict[str, str] = {}
    for name, text in texts.items():
        if not _is_bound(role_of(name), text) and not (name == "question" and _OPTIONS in texts):
            found[name] = ""
            continue
        record = record or content_id(*texts.items())
        found[name] = content_id(record, name)
    return found


def canonical(text: str) -> str:
    """Return a text in NFC with one space for white space in a line, one line end for line ends, none at the edges."""
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(line for line in lines if line)


def role_of(field_name: str) -> str:
    """Return what a field is in its record: its name without a number."""
    return field_name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class _Votes:
    """How often a target was given for a source, and whether a person ever accepted it."""

    count: int
    by_person: bool


def _chosen(votes: Mapping[bytes, _Votes]) -> bytes:
    return max(votes, key=lambda target: (votes[target].by_person, votes[target].count))


def _is_bound(role: str, text: str) -> bool:
    return role in _BOUND_ROLES or sum(any(map(str.isalnum, word)) for word in text.split()) < LEAST_FREE_WORDS


def _key(direction: tuple[str, str], role: str, context: str, text: str) -> bytes:
    """Return 16 bytes that stand for a source: a million of them meet by chance once in 10^26 memories."""
    return blake2b("\0".join((*direction, role, context, text)).encode("utf-8"), digest_size=16).digest()
