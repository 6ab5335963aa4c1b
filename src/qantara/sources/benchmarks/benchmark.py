"""What a benchmark says about itself (`Benchmark`), what reading one gives (`LoadedTask`), and how its rows are written (`Shape`).

Values only; nothing is read here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qantara.records import Choice, Rejection, content_id
from qantara.sources.data_set import DataSet
from qantara.sources.mapping import Row

SET_APART = ("no_partner", "options_differ", "answers_differ")


def _always(rows: Sequence[Row]) -> bool:
    return bool(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way in which rows are written: they hold the columns `needs` (dotted paths lead into objects) and `holds` is true.

    `plain` makes a plain row of one, for a language code: id, subject, question, options, context, and answer_index (from 0,
    -1 for none).
    """

    needs: tuple[str, ...]
    plain: Callable[[Row, str], Row]
    holds: Callable[[Sequence[Row]], bool] = _always


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSplit:
    """Where rows lie on the hub: a data set's id, its configuration, the split that is scored, the split of examples to show first.

    `subject` is the subject of all rows, for a configuration that holds one.
    """

    path: str
    split: str
    name: str | None = None
    shot_split: str | None = None
    subject: str = ""

    def __str__(self) -> str:
        return self.path if self.name is None else f"{self.path} ({self.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A benchmark in one language: the shapes that its rows may have, where the hub has it, and further names of a local copy.

    `data_set` has the facts of a translation that others made; None: the benchmark's own hold.
    """

    shapes: tuple[Shape, ...]
    hub: tuple[HubSplit, ...] = ()
    also: tuple[str, ...] = ()
    data_set: DataSet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A benchmark; `sides` by language code, the one that a local copy without a language in its name is in first.

    `one_file`: a row holds all languages. `subjects`: only rows of these count, and few-shot examples are of the item's subject.
    `split` and `shot_split` choose the rows of a local copy that has a column `split`. `note` is for people.
    """

    name: str
    data_set: DataSet
    sides: Mapping[str, Side]
    split: str = "test"
    shot_split: str = "train"
    subjects: tuple[str, ...] = ()
    one_file: bool = False
    shipped: Path | None = None
    note: str = ""

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that it is in."""
        return tuple(self.sides)

    @property
    def hub(self) -> dict[str, tuple[str, ...]]:
        """The hub ids by language, with their configuration in brackets; a language that the hub lacks is left out."""
        return {code: tuple(str(part) for part in side.hub) for code, side in self.sides.items() if side.hub}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTask:
    """The items of a task; those of a pair follow each other, source language first, and share `origin.family`.

    `shots` are examples to show first. `rejections` has what is not scored, by native id; `notes` what people should be told;
    `origins` where the rows were read from.
    """

    name: str
    data_set: DataSet | None
    items: tuple[Choice, ...]
    shots: tuple[Choice, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages of the items, in the order in which they come."""
        return tuple(dict.fromkeys(item.language for item in self.items))

    @property
    def num_unpaired(self) -> int:
        """The number of native ids that are set apart because the two languages don't hold the same item."""
        return len({rejection.native_id for rejection in self.rejections if rejection.reason in SET_APART})

    @property
    def fingerprint(self) -> str:
        """A hash of all items and shots, texts and keys included."""
        return content_id([item.id for item in self.items], [shot.id for shot in self.shots])
