"""What people's decisions say of a run's scores: agreement, error rate of accepted records, the threshold that would meet an aim.

Reads translations and their decisions, gives a `Report`. Doubted records were all sent to people, accepted ones drawn at random:
each of the two is a stratum, and a decision stands for its stratum. Texts are not looked at; `calibration_table` puts it in words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qantara.intervals import wilson
from qantara.records import Calibration, Decision, ErrorDegree, Translation
from qantara.review.agreement import Counted, Estimate, Scored, auc, rate_with_bound
from qantara.translator.scoring import best, is_acceptable


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One translation as far as calibration looks at it.

    `can_pass`: a threshold alone would keep it from people (readable, nothing failed). `drawn`: sent to people, doubted or by the
    audit's draw; `error` is None where they have not decided. Decisions on records that were not drawn are no random sample and
    are not here.
    """

    kind: str
    score: int
    judge_score: int | None
    can_pass: bool
    doubted: bool
    drawn: bool
    error: ErrorDegree | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is asked for: at most `error_rate` (0..1) of accepted records with a major error, shown with `confidence` (0..1)."""

    error_rate: float
    confidence: float
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well a number ("score" or "judge", the judge's own) orders major errors among decided records of a kind ("" for all)."""

    number: Literal["score", "judge"]
    kind: str
    decided: int
    wrong: int
    auc: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a threshold would do on this run: records accepted, share sent to people, rate of major errors and its upper bound.

    An undecided doubted record counts as wrong: nobody knows why it was left. `rate` is None where nobody looked at a stratum.
    """

    threshold: int
    accepted: int
    review_share: float
    decided: int
    wrong: int
    undecided: int
    rate: float | None
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it: the calibration to keep, and what a person wants to see beside it.

    `any_error` is the rate of minor and major errors in accepted records; `num_drawn` counts those drawn, decided on or not;
    `num_left_out` the decisions on records that were not.
    """

    calibration: Calibration
    agreements: tuple[Agreement, ...]
    candidates: tuple[Candidate, ...]
    any_error: Estimate
    num_any_error: int
    num_drawn: int
    num_left_out: int


def make_items(translations: Iterable[Translation], decisions: Mapping[str, Decision]) -> tuple[list[Item], int]:
    """Return the items, and how many decisions are left out because their record was neither doubted nor drawn."""
    items, num_left_out = [], 0
    for translation in translations:
        decision = decisions.get(translation.source.id)
        doubted = translation.route == "people"
        drawn = doubted or translation.audit
        num_left_out += decision is not None and not drawn
        attempt = best(translation.attempts)
        items.append(
            Item(
                kind=translation.source.kind,
                score=translation.score,
                judge_score=attempt.judge_score,
                can_pass=is_acceptable(attempt, 0),
                doubted=doubted,
                drawn=drawn,
                error=decision.error if decision is not None and drawn else None,
            )
        )
    return items, num_left_out


def calibrate(items: Sequence[Item], num_left_out: int, aim: Aim, policy: str, date: str) -> Report:
    """Return what the decisions say; `date` is the day (ISO 8601) and `policy` what the scores follow from."""
    agreements = agreements_of(items, aim)
    candidates = candidates_of(items, aim)
    chosen = choose(candidates, aim.error_rate)
    doubted = _errors(item for item in items if item.doubted)
    audited = _errors(item for item in items if not item.doubted and item.drawn)
    num_audited = sum(audited.values()) - audited[None]
    num_any_error = audited["major"] + audited["minor"]
    accepted_error = _rate(audited["major"], num_audited, aim)
    whole = agreements[0].auc
    calibration = Calibration(
        policy=policy,
        date=date,
        threshold=chosen.threshold if chosen else None,
        error_rate=aim.error_rate,
        confidence=aim.confidence,
        upper_error_rate=chosen.upper if chosen else None,
        review_share=chosen.review_share if chosen else None,
        auc=whole.value,
        auc_low=whole.low,
        auc_high=whole.high,
        accepted_error_rate=accepted_error.value,
        accepted_error_low=accepted_error.low,
        accepted_error_high=accepted_error.high,
        num_accepted=sum(not item.doubted for item in items),
        num_audited=num_audited,
        num_audited_wrong=audited["major"],
        num_doubted=sum(doubted.values()),
        num_doubted_decided=sum(doubted.values()) - doubted[None],
        num_doubted_wrong=doubted["major"],
    )
    return Report(
        calibration=calibration,
        agreements=agreements,
        candidates=candidates,
        any_error=_rate(num_any_error, num_audited, aim),
        num_any_error=num_any_error,
        num_drawn=sum(audited.values()),
        num_left_out=num_left_out,
    )


def agreements_of(items: Sequence[Item], aim: Aim) -> tuple[Agreement, ...]:
    """Return the agreement of the score and of the judge's own number with people: over all records first, then by kind."""
    kinds = sorted({item.kind for item in items})
    found = []
    for kind in ["", *(kinds if len(kinds) > 1 else ())]:
        chosen = [item for item in items if kind in ("", item.kind)]
        judged = [item for item in chosen if item.judge_score is not None]
        found.append(_agreement("score", kind, [(item, item.score) for item in chosen], aim))
        found.append(_agreement("judge", kind, [(item, item.judge_score or 0) for item in judged], aim))
    return tuple(found)


def candidates_of(items: Iterable[Item], aim: Aim) -> tuple[Candidate, ...]:
    """Return what each distinct score would do as threshold, the highest first."""
    num_items = 0
    counts: dict[int, Counter[str]] = {}
    for item in items:
        num_items += 1
        if item.can_pass:
            stratum = "doubted" if item.doubted else "audited"
            tally = counts.setdefault(item.score, Counter())
            tally[f"{stratum} size"] += 1
            tally[f"{stratum} decided"] += item.error is not None
            tally[f"{stratum} wrong"] += item.error == "major"
    found, above = [], Counter[str]()
    for threshold in sorted(counts, reverse=True):
        above += counts[threshold]
        found.append(_candidate(threshold, above, num_items, aim))
    return tuple(found)


def choose(candidates: Iterable[Candidate], error_rate: float) -> Candidate | None:
    """Return the candidate that sends fewest records to people among those whose error rate is shown to be low enough, or None."""
    good = [candidate for candidate in candidates if candidate.upper <= error_rate]
    return min(good, key=lambda candidate: candidate.review_share, default=None)


def _candidate(threshold: int, counts: Mapping[str, int], num_items: int, aim: Aim) -> Candidate:
    undecided = counts["doubted size"] - counts["doubted decided"]
    accepted = counts["audited size"] + counts["doubted size"]
    audited = Counted(counts["audited wrong"], counts["audited decided"], counts["audited size"])
    doubted = Counted(counts["doubted wrong"] + undecided, counts["doubted size"], counts["doubted size"])
    rate, upper = rate_with_bound((audited, doubted), aim.confidence)
    return Candidate(
        threshold=threshold,
        accepted=accepted,
        review_share=1 - accepted / num_items,
        decided=counts["audited decided"] + counts["doubted decided"],
        wrong=counts["audited wrong"] + counts["doubted wrong"],
        undecided=undecided,
        rate=rate,
        upper=upper,
    )


def _agreement(
    number: Literal["score", "judge"], kind: str, numbered: Sequence[tuple[Item, int]], aim: Aim
) -> Agreement:
    strata = []
    for doubted in (False, True):
        members = [(item, value) for item, value in numbered if item.doubted == doubted]
        decided = [(float(value), item.error == "major") for item, value in members if item.error is not None]
        strata.append(Scored([value for value, _ in decided], [wrong for _, wrong in decided], len(members)))
    return Agreement(
        number=number,
        kind=kind,
        decided=sum(len(stratum.scores) for stratum in strata),
        wrong=sum(sum(stratum.wrong) for stratum in strata),
        auc=auc(strata, aim.confidence, aim.seed),
    )


def _rate(count: int, total: int, aim: Aim) -> Estimate:
    share = wilson(count, total, aim.confidence)
    return Estimate(share.value if total else None, share.low, share.high)


def _errors(items: Iterable[Item]) -> Counter[ErrorDegree | None]:
    return Counter(item.error for item in items)
