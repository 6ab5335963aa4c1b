"""A circuit breaker: when most tries fail, nothing is sent for a while, then one probe decides. Pure, with the time passed in.

Nygard, "Release It!" (2007). Being told to slow down (429) is no failure here: that is flow control, see `limits`.
"""

from collections import deque

WINDOW = 40
LEAST_TRIES = 10
LARGEST_FAILED_SHARE = 0.5
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


class Breaker:
    """Watches the last tries; `patience` pauses in a row without one success are the end."""

    def __init__(self, patience: int, first_pause_seconds: float = FIRST_PAUSE_SECONDS) -> None:
        self._patience = patience
        self._first_pause = first_pause_seconds
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._open_until_seconds: float | None = None
        self._closed_at_seconds = float("-inf")
        self._probe_began_seconds: float | None = None
        self.num_pauses = 0
        self.has_ever_succeeded = False

    @property
    def is_closed(self) -> bool:
        """Tell whether calls flow freely."""
        return self._open_until_seconds is None

    @property
    def is_hopeless(self) -> bool:
        """Tell whether all patience is used up."""
        return self.num_pauses > self._patience

    def wait(self, now_seconds: float) -> float | None:
        """Return the seconds until a call may be sent, 0.0 to send it now; None while another call is the probe."""
        if self._open_until_seconds is None:
            return 0.0
        if now_seconds < self._open_until_seconds:
            return self._open_until_seconds - now_seconds
        if self._probe_began_seconds is not None:
            return None
        self._probe_began_seconds = now_seconds
        return 0.0

    def succeeded(self, now_seconds: float) -> None:
        """Note an answer of any kind, also to a try from before the pause: the server is there."""
        self.has_ever_succeeded = True
        self._recent.append(True)
        if self._open_until_seconds is not None:
            self._recent.clear()
            self._closed_at_seconds = now_seconds
        self._open_until_seconds, self._probe_began_seconds, self.num_pauses = None, None, 0

    def failed(self, began_seconds: float, now_seconds: float) -> None:
        """Note a try without an answer; one that began before a pause says nothing new."""
        if self._open_until_seconds is not None:
            if self._is_probe(began_seconds):
                self._pause(now_seconds)
        elif began_seconds >= self._closed_at_seconds:
            self._recent.append(False)
            failures = len(self._recent) - sum(self._recent)
            if len(self._recent) >= LEAST_TRIES and failures > LARGEST_FAILED_SHARE * len(self._recent):
                self._pause(now_seconds)

    def cancelled(self, began_seconds: float) -> None:
        """Note that a try was given up, or told to slow down: it says nothing. If it was the probe, another call may be."""
        if self._is_probe(began_seconds):
            self._probe_began_seconds = None

    def _is_probe(self, began_seconds: float) -> bool:
        return self._probe_began_seconds is not None and began_seconds >= self._probe_began_seconds

    def _pause(self, now_seconds: float) -> None:
        self.num_pauses += 1
        seconds = min(LONGEST_PAUSE_SECONDS, self._first_pause * 2 ** (self.num_pauses - 1))
        self._open_until_seconds, self._probe_began_seconds = now_seconds + seconds, None
