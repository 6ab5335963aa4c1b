"""What a translation needs at hand: callers, checks with a thread of their own, memory and glossary."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from qantara.fidelity.meaning import Meaning
from qantara.fidelity.terms import Glossary
from qantara.llm.caller import Caller, Desk
from qantara.records import Attempt
from qantara.translator.config import TranslatorConfig
from qantara.translator.memory import Memory
from qantara.translator.terms_prompt import term_lines

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a translation needs at hand. `threshold` comes from a calibration, None without one; `meaning` None: not compared.

    All callers share `desk`. `checks` is one thread: the event loop stays free for answers while texts are checked.
    """

    translator: Caller
    judge: Caller | None
    second_judge: Caller | None = None
    desk: Desk
    meaning: Meaning | None
    direction: tuple[str, str]
    config: TranslatorConfig
    threshold: int | None = None
    memory: Memory | None = None
    glossary: Glossary | None = None
    counts: Counter[str] = field(default_factory=Counter)  # "reused": fields taken from the memory
    checks: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "checks"))

    def callers(self) -> list[Caller]:
        """Return those who ask models, the translator first."""
        return [caller for caller in (self.translator, self.judge, self.second_judge) if caller is not None]

    @property
    def capacity(self) -> int:
        """Return how many calls it is good to have waiting at once."""
        return max(caller.backend.capacity for caller in self.callers())

    def reusable(self, fields: Mapping[str, str], previous: Attempt | None) -> dict[str, str]:
        """Return the fields whose accepted translation is known, less those that the previous round found fault with."""
        if self.memory is None:
            return {}
        found = self.memory.find(fields, self.direction)
        if previous is None:
            self.counts["reused"] += len(found)
            return found
        faulty = {finding.field for finding in previous.findings if finding.severity != "info"}
        # a fault of the whole record may lie in any field: then nothing is reused
        return {} if "" in faulty else {name: text for name, text in found.items() if name not in faulty}

    def terms(self, fields: Mapping[str, str]) -> str:
        """Return the part of a prompt that names the glossary's terms in these texts, "" when there are none."""
        return "" if self.glossary is None else term_lines(self.glossary, fields, self.direction[0]).text

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run checks in their thread and return what they return."""
        return await asyncio.get_running_loop().run_in_executor(self.checks, work)

    async def close(self) -> None:
        """Give back connections, models and threads."""
        for caller in self.callers():
            await caller.backend.close()
        self.checks.shutdown()
        self.desk.close()
