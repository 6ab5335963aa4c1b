"""The loop: translate a batch, check, judge, retranslate what is not acceptable with its defects, at most `max_rounds` times.

A batch goes through each round together, so that meanings are compared within the same texts however fast answers arrive; many
batches are on their way at once. Deterministic checks come before the judge, and a text that fails them is not judged: the call
would be paid for nothing.
"""

from collections.abc import Sequence

from qantara.fidelity.check import check
from qantara.fidelity.meaning import Compared
from qantara.records import Attempt, Example, Finding, text_fields, worst
from qantara.translator.drafting import Draft, draft
from qantara.translator.judging import Judgement
from qantara.translator.room import Room
from qantara.translator.scoring import is_acceptable, score
from qantara.translator.together import all_of
from qantara.translator.votes import judged


async def translate_batch(examples: Sequence[Example], room: Room) -> list[tuple[Attempt, ...]]:
    """Return each example's attempts in order; the last one has no fault, or the rounds are used up, or more would be in vain.

    A calibrated threshold does not end the rounds: it says who is trusted with the outcome, not when mending is enough.
    """
    attempts: list[tuple[Attempt, ...]] = [() for _ in examples]
    pending = list(range(len(examples)))
    for number in range(room.config.max_rounds + 1):
        if not pending:
            break
        batch = [examples[i] for i in pending]
        drafts = await all_of(
            draft(examples[i], attempts[i][-1] if attempts[i] else None, number, room) for i in pending
        )
        made = await _assess(batch, drafts, number, room)
        for i, attempt in zip(pending, made, strict=True):
            attempts[i] = (*attempts[i], attempt)
        pending = [
            i
            for i, drafted in zip(pending, drafts, strict=True)
            if not drafted.is_last and not is_acceptable(attempts[i][-1], None)
        ]
    return attempts


async def _assess(batch: Sequence[Example], drafts: Sequence[Draft], number: int, room: Room) -> list[Attempt]:
    targets = [drafted.target for drafted in drafts]
    checked, meanings = await room.in_thread(lambda: _check(batch, targets, room))
    findings = [
        (*drafted.findings, *found, *(meaning.findings if meaning else ()))
        for drafted, found, meaning in zip(drafts, checked, meanings, strict=True)
    ]
    judgements = await all_of(
        _judge(source, target, found, number, room)
        for source, target, found in zip(batch, targets, findings, strict=True)
    )
    return [
        Attempt(
            round=number,
            target=target,
            findings=(*found, *judgement.findings),
            score=score((*found, *judgement.findings)),
            judge_score=judgement.own_score,
            similarity=meaning.similarity if meaning else None,
        )
        for target, found, meaning, judgement in zip(targets, findings, meanings, judgements, strict=True)
    ]


def _check(
    batch: Sequence[Example], targets: Sequence[Example | None], room: Room
) -> tuple[list[list[Finding]], list[Compared | None]]:
    """Return what the rules find in each readable translation, and what sentence vectors say, compared with the others here."""
    found = [
        check(source, target, glossary=room.glossary) if target else []
        for source, target in zip(batch, targets, strict=True)
    ]
    meanings: list[Compared | None] = [None] * len(batch)
    if room.meaning is not None:
        readable = [(i, target) for i, target in enumerate(targets) if target is not None]
        compared = room.meaning([(text_fields(batch[i]), text_fields(target)) for i, target in readable])
        for (i, _), meaning in zip(readable, compared, strict=True):
            meanings[i] = meaning
    return found, meanings


async def _judge(
    source: Example, target: Example | None, found: tuple[Finding, ...], number: int, room: Room
) -> Judgement:
    if target is None or worst(found) == "fail":
        return Judgement((), None)
    return await judged(source, target, found, number, room)
