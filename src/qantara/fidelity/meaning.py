"""Compares the meaning of pairs by sentence vectors, each pair against the other pairs of its set and not against a fixed number.

A cosine of 0.4 may be a right translation of an odd sentence; what tells is whether the two texts are nearer to each other than to
the texts of other pairs (the margin of Artetxe and Schwenk 2019, arXiv 1811.01136, as a difference). Options of one question are
compared with each other, which shows two that changed places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from qantara.fidelity.encoders import Encoder, Vectors
from qantara.fidelity.option_order import likeness
from qantara.records import Finding, Severity, Span

Fields = Mapping[str, str]
LEAST_PAIRS = 24
_NUM_NEIGHBORS = 4
_SAME_MEANING = 0.9
_FAIL_BELOW, _WARN_BELOW = -0.08, 0.0
_FIELD_BELOW = -0.05
_OPTIONS, _LEAST_CHARACTERS = "options", 12
_OPTIONS_BELOW = -0.08
UNRELATED, FIELD, SWAPPED = "meaning.unrelated", "meaning.field", "options.meaning_swapped"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the vectors of one pair say: the cosine of its two texts, -1..1, and findings."""

    similarity: float
    findings: tuple[Finding, ...]


Meaning = Callable[[Sequence[tuple[Fields, Fields]]], list[Compared]]


@dataclass(frozen=True)
class MeaningRules:
    """The rules with all they need: an encoder, the languages, and pairs of texts that fill up a batch too small for margins."""

    encoder: Encoder
    languages: tuple[str, str]
    background: Sequence[tuple[str, str]] = ()

    @cached_property
    def _filling(self) -> tuple[Vectors, Vectors] | None:
        return _vectors(self.background, self.encoder) if self.background else None

    def __call__(self, batch: Sequence[tuple[Fields, Fields]]) -> list[Compared]:
        """Return what vectors say of each pair of a batch.

        With no more than `LEAST_PAIRS` pairs, background included, only similarities and options are compared.
        """
        if not batch:
            return []
        wholes = _vectors([(_joined(a), _joined(b)) for a, b in batch], self.encoder)
        similarities = np.sum(wholes[0] * wholes[1], axis=1)
        margins = _margins(*wholes, self._filling if len(batch) <= LEAST_PAIRS else None)
        fields = _field_margins(batch, self.encoder)
        return [
            Compared(
                similarity=round(float(np.clip(similarities[i], -1, 1)), 4),
                findings=(
                    *_unrelated(margins[i], fields[i], float(similarities[i])),
                    *_swapped(batch[i], self.encoder, self.languages),
                ),
            )
            for i in range(len(batch))
        ]


def _joined(fields: Fields) -> str:
    return "\n".join(fields.values())


def _vectors(pairs: Sequence[tuple[str, str]], encoder: Encoder) -> tuple[Vectors, Vectors]:
    vectors = encoder.encode([*(a for a, _ in pairs), *(b for _, b in pairs)])
    return vectors[: len(pairs)], vectors[len(pairs) :]


def _margins(sources: Vectors, targets: Vectors, filling: tuple[Vectors, Vectors] | None = None) -> list[float | None]:
    """Return for each pair its cosine less the mean cosine with its nearest other texts, both ways; None for too few others.

    Pairs whose sources say the same are no others: their targets fit as well.
    """
    num_pairs = len(sources)
    if filling is not None:
        sources, targets = np.vstack([sources, filling[0]]), np.vstack([targets, filling[1]])
    if len(sources) <= LEAST_PAIRS:
        return [None] * num_pairs
    cosines = sources @ targets.T
    own = np.diag(cosines).copy()
    cosines[(sources @ sources.T) > _SAME_MEANING] = -1.0
    np.fill_diagonal(cosines, -1.0)
    forward = np.sort(cosines, axis=1)[:, -_NUM_NEIGHBORS:].mean(axis=1)
    backward = np.sort(cosines, axis=0)[-_NUM_NEIGHBORS:].mean(axis=0)
    return [float(value) for value in (own - (forward + backward) / 2)[:num_pairs]]


def _field_margins(batch: Sequence[tuple[Fields, Fields]], encoder: Encoder) -> list[dict[str, float]]:
    """Return for each pair the margins of its longer fields, against the same fields of the batch's other pairs.

    A record of one field is its whole, and is not compared again; options are compared with each other, and not here.
    """
    places: dict[str, list[tuple[int, str]]] = {}
    for i, (source, target) in enumerate(batch):
        if len(source) > 1:
            for name, text in source.items():
                group = name.partition("/")[0]
                if group != _OPTIONS and len(text) >= _LEAST_CHARACTERS and target.get(name):
                    places.setdefault(group, []).append((i, name))
    found: list[dict[str, float]] = [{} for _ in batch]
    for chosen in places.values():
        if len(chosen) <= LEAST_PAIRS:
            continue
        margins = _margins(*_vectors([(batch[i][0][name], batch[i][1][name]) for i, name in chosen], encoder))
        for (i, name), margin in zip(chosen, margins, strict=True):
            if margin is not None:
                found[i][name] = margin
    return found


def _unrelated(margin: float | None, fields: Mapping[str, float], cosine: float) -> list[Finding]:
    if margin is not None and margin < _WARN_BELOW:
        severity: Severity = "fail" if margin < _FAIL_BELOW else "warn"
        told = "is no translation of" if severity == "fail" else "may be no translation of"
        message = f"the target {told} its source: other texts of the set are as near in meaning (margin {margin:+.2f})"
        got = f"{margin:+.2f}, cosine {cosine:.2f}"
        return [_finding(UNRELATED, severity, "", message, f"margin of at least {_WARN_BELOW}", got)]
    return [
        _finding(
            FIELD,
            "warn",
            name,
            f"this may be no translation: other texts of the set are nearer in meaning (margin {value:+.2f})",
            f"margin of at least {_FIELD_BELOW}",
            f"{value:+.2f}",
        )
        for name, value in fields.items()
        if value < _FIELD_BELOW
    ]


def _swapped(pair: tuple[Fields, Fields], encoder: Encoder, languages: tuple[str, str]) -> list[Finding]:
    """Return a finding for the two options that fit best when they are exchanged, if they fit clearly better so."""
    names = [name for name in pair[0] if name.startswith(f"{_OPTIONS}/") and pair[1].get(name)]
    if len(names) < 2:
        return []
    texts = [(pair[0][name], pair[1][name]) for name in names]
    sources, targets = _vectors(texts, encoder)
    fit = sources @ targets.T + likeness(texts, languages)
    gains = {(i, j): fit[i, i] + fit[j, j] - fit[i, j] - fit[j, i] for i, j in combinations(range(len(names)), 2)}
    (i, j), gain = min(gains.items(), key=lambda item: item[1])
    if gain >= _OPTIONS_BELOW:
        return []
    message = f"options {names[i][8:]} and {names[j][8:]} (counted from 0) fit better when they are exchanged"
    source, target = texts[i]
    found = _finding(SWAPPED, "fail", names[i], message, source, texts[j][0])
    spans = Span(start=0, end=len(source)), Span(start=0, end=len(target))
    return [replace(found, source_text=source, target_text=target, source_span=spans[0], target_span=spans[1])]


def _finding(rule: str, severity: Severity, field: str, message: str, expected: str, got: str) -> Finding:
    return Finding(
        rule=rule, version=VERSION, severity=severity, field=field, message=message, expected=expected, got=got
    )
