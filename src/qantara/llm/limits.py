"""What an endpoint is allowed to carry: requests and tokens a minute, and calls in flight that grow on success and halve on 429.

Pure bookkeeping with the time passed in: who waits, and for how long, is `gate`'s.
"""

from dataclasses import dataclass

_BURST_SECONDS = 2.0


class Bucket:
    """A token bucket: `per_minute` units flow in evenly, two seconds' worth (at least one) can be taken at once. None: no limit."""

    def __init__(self, per_minute: float | None) -> None:
        self._rate = None if per_minute is None else per_minute / 60
        self._level = self._most = max((self._rate or 0.0) * _BURST_SECONDS, 1.0)
        self._seen_seconds: float | None = None

    def wait(self, amount: float, now_seconds: float) -> float:
        """Return the seconds until `amount` units are there; for more than the bucket holds it grows, so nobody waits for ever."""
        if self._rate is None:
            return 0.0
        since = 0.0 if self._seen_seconds is None else now_seconds - self._seen_seconds
        self._seen_seconds = now_seconds
        self._level = min(max(self._most, amount), self._level + since * self._rate)
        return max(0.0, (amount - self._level) / self._rate)

    def take(self, amount: float) -> None:
        """Take `amount` units that are there."""
        self._level -= amount

    def give_back(self, amount: float) -> None:
        """Correct an estimate: give back what was taken too much, or (negative) take what was taken too little."""
        self._level = min(max(self._most, self._level), self._level + amount)


@dataclass(slots=True)
class InFlight:
    """How many calls may be in flight: doubles every round trip until the first sign of too many, then grows by one a round trip.

    A 429 or 503 halves it, once for all the calls that were in flight together (additive increase, multiplicative decrease: Chiu
    and Jain 1989, as TCP does it).
    """

    most: int
    allowed: float = 16.0
    has_been_too_many: bool = False
    halved_at_seconds: float = float("-inf")

    def __post_init__(self) -> None:
        self.allowed = min(self.allowed, float(self.most))

    def succeeded(self) -> None:
        """Note an answer."""
        step = 1 / self.allowed if self.has_been_too_many else 1.0
        self.allowed = min(float(self.most), self.allowed + step)

    def was_too_many(self, began_seconds: float, now_seconds: float) -> None:
        """Note that a try that began then was turned away for load; tries from before the last halving say nothing new."""
        if began_seconds >= self.halved_at_seconds:
            self.has_been_too_many = True
            self.halved_at_seconds = now_seconds
            self.allowed = max(1.0, self.allowed / 2)
