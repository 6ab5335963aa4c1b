"""Benchmark items and replies through the translator room, for the arms that translate before or after the model answers.

In: items, or the texts of replies; a route of languages: (ar, en) for translate-then-answer, (en, ar, en) for the noise of
translation alone, (en, ar) for replies on their way back. Out: the same number in the same order, with what the checks found.
Structure never goes through a model: answer index, order of options and family are the source's. An explanation is not sent.
What could not be translated is asked untranslated and marked, so that denominators stay; nobody is asked about doubts here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

from qantara.evaluate.calling.translation_route import Route
from qantara.languages import is_blank, looks_like
from qantara.llm.interface import Fault
from qantara.llm.streaming import in_order
from qantara.records import Attempt, Choice, Example, Finding, Origin, Passage, text_fields, with_id, worst
from qantara.translator.lock import has_reserved_markup
from qantara.translator.rounds import translate_batch
from qantara.translator.scoring import best

BATCH_RECORDS = 32  # records that go through a round together, as in the translate stage
_WAITING_A_PLACE = 4  # records on their way for each call in flight
_UNANSWERED = {f"{kind}.{fault}" for kind in ("call", "judge") for fault in get_args(Fault)}
OnDone = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a record: `attempts` holds the best one of each leg of the route, in order.

    `target` is None for what could not be translated, and `reason` then says why, as a short code. `is_unanswered`: a call for it
    in any round got no answer, retries and all; the next run asks again.
    """

    source: Example
    target: Example | None
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    is_unanswered: bool = False

    @property
    def is_fallback(self) -> bool:
        """Tell whether the source stands in for a translation."""
        return self.target is None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what the checks and judges say of all legs."""
        return tuple(finding for attempt in self.attempts for finding in attempt.findings)

    @property
    def is_doubted(self) -> bool:
        """Tell whether it was translated and a check or a judge holds that the meaning changed."""
        return self.target is not None and worst(self.findings) == "fail"


class TranslatedItems(NamedTuple):
    """What is asked for each item (its translation, else the item itself), and what became of each, in the same order."""

    items: tuple[Choice, ...]
    outcomes: tuple[Outcome, ...]


class TranslatedReplies(NamedTuple):
    """The text of each reply (translated, else as it was), and what became of each, in the same order."""

    texts: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def translated_items(items: Sequence[Choice], route: Route, on_done: OnDone | None = None) -> TranslatedItems:
    """Return the items in the last language of the route, which is closed then; `on_done` is told how many came out.

    Each leg's item is a child of the one before, of the same family; a fallback is the very item that was given.
    """
    outcomes = tuple(_outcomes([replace(item, explanation="") for item in items], route, on_done))
    return TranslatedItems(tuple(map(_asked, items, outcomes)), outcomes)


def translated_replies(
    items: Sequence[Choice], texts: Sequence[str], route: Route, on_done: OnDone | None = None
) -> TranslatedReplies:
    """Return replies to items in the last language of the route, which is closed then.

    A reply that is empty, without letters, or mostly in the script of that language already is not sent: it stays as it is.
    """
    passages = [_passage(item, text, route.languages[0]) for item, text in zip(items, texts, strict=True)]
    target = route.languages[-1]
    sent = [number for number, text in enumerate(texts) if not is_blank(text) and not looks_like(text, target)]
    came_back = dict(zip(sent, _outcomes([passages[number] for number in sent], route, on_done), strict=True))
    outcomes = tuple(
        came_back.get(number) or Outcome(source=passage, target=replace(passage, language=target))
        for number, passage in enumerate(passages)
    )
    return TranslatedReplies(tuple(_text(outcome) for outcome in outcomes), outcomes)


def summary_of(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return counts of a pass, JSON-ready: "doubted" are translations with a fail finding, "fallback" stayed untranslated.

    `found_by_rule` counts translations with at least one fail or warning of a rule. `unanswered` may be asked again.
    """
    rules = Counter(
        rule
        for outcome in outcomes
        if not outcome.is_fallback
        for rule in {finding.rule for finding in outcome.findings if finding.severity != "info"}
    )
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.is_fallback)
    return {
        "num_items": len(outcomes),
        "num_doubted": sum(outcome.is_doubted for outcome in outcomes),
        "num_fallback": reasons.total(),
        "num_unanswered": sum(outcome.is_unanswered for outcome in outcomes),
        "fallback_by_reason": _by_count(reasons),
        "found_by_rule": _by_count(rules),
    }


def as_json(outcome: Outcome) -> dict[str, object]:
    """Return what became of a record as plain values, with the texts of each leg and what was found there."""
    legs = [
        {
            "language": attempt.target.language if attempt.target else "",
            "texts": text_fields(attempt.target) if attempt.target else {},
            "round": attempt.round,
            "score": attempt.score,
            "findings": [_finding_line(finding) for finding in attempt.findings],
        }
        for attempt in outcome.attempts
    ]
    return {"fallback": outcome.reason, "doubted": outcome.is_doubted, "legs": legs}


def _outcomes(records: Sequence[Example], route: Route, on_done: OnDone | None) -> Iterator[Outcome]:
    """Yield what becomes of each record, in order; batches follow from that order alone, not from how fast answers come."""
    batches = [records[start : start + BATCH_RECORDS] for start in range(0, len(records), BATCH_RECORDS)]
    waiting = _WAITING_A_PLACE * max(room.capacity for room in route.rooms)
    width = max(2, -(-waiting // BATCH_RECORDS))
    came_out = in_order(batches, lambda batch: _through(batch, route), width, route.close)
    with route.meter.running(), closing(came_out):
        for batch in came_out:
            if on_done is not None:
                on_done(len(batch))
            yield from batch


async def _through(batch: Sequence[Example], route: Route) -> list[Outcome]:
    if any(record.language != route.languages[0] for record in batch):
        raise ValueError(f"the route begins with {route.languages[0]}, and a record is of another language")
    outcomes = [Outcome(source=record, target=record) for record in batch]
    for room in route.rooms:
        going = [(i, reached) for i, outcome in enumerate(outcomes) if (reached := outcome.target) is not None]
        locked = [(i, record) for i, record in going if not has_reserved_markup(text_fields(record))]
        made = await translate_batch([record for _, record in locked], room)
        for i in {i for i, _ in going} - {i for i, _ in locked}:
            outcomes[i] = replace(outcomes[i], target=None, reason="reserved_markup")
        for (i, _), attempts in zip(locked, made, strict=True):
            outcomes[i] = _after_leg(outcomes[i], attempts)
    return outcomes


def _after_leg(outcome: Outcome, attempts: Sequence[Attempt]) -> Outcome:
    kept = best(attempts)
    lost = any(finding.rule in _UNANSWERED for attempt in attempts for finding in attempt.findings)
    return replace(
        outcome,
        target=kept.target,
        attempts=(*outcome.attempts, kept),
        reason="" if kept.target is not None else next(f.rule for f in kept.findings if f.severity == "fail"),
        is_unanswered=outcome.is_unanswered or lost,
    )


def _asked(item: Choice, outcome: Outcome) -> Choice:
    if outcome.target is None:
        return item
    if not isinstance(outcome.target, Choice):
        raise TypeError("a translation changes no kind")
    return outcome.target


def _text(outcome: Outcome) -> str:
    reply = outcome.target or outcome.source
    if not isinstance(reply, Passage):
        raise TypeError("a translation changes no kind")
    return reply.text


def _passage(item: Choice, text: str, code: str) -> Example:
    origin = Origin(source="reply", native_id=item.id, licence=item.origin.licence, family=item.origin.family)
    return with_id(Passage(id="", language=code, origin=origin, text=text))


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _finding_line(finding: Finding) -> dict[str, str]:
    return {name: getattr(finding, name) for name in ("rule", "severity", "field", "message")}
