"""What a dialogue needs at hand: who writes and who judges, the encoder of the checks, the two languages of a switch."""

from dataclasses import dataclass

from qantara.fidelity.encoders import Encoder
from qantara.llm.caller import Caller, Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Callers that share `desk`, the encoder, and the languages (source, target) that a switching dialogue has."""

    writer: Caller
    judge: Caller | None
    desk: Desk
    encoder: Encoder
    direction: tuple[str, str]

    @property
    def capacity(self) -> int:
        """Return how many dialogues it is good to have on their way at once."""
        return max(caller.backend.capacity for caller in self._callers())

    async def close(self) -> None:
        """Give back connections, models and the ledger's thread."""
        for caller in self._callers():
            await caller.backend.close()
        self.desk.close()

    def _callers(self) -> list[Caller]:
        return [caller for caller in (self.writer, self.judge) if caller is not None]
