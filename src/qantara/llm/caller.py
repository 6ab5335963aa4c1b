"""Asks a backend only what the ledger doesn't know, each distinct request once, and keeps every answer before it is used."""

from collections.abc import Iterator, Mapping, Sequence

from qantara.llm.calls import CallLedger
from qantara.llm.interface import Backend, Request, Response, call_key


class Caller:
    """A backend behind the ledger; `hits` counts requests answered without sending, `sent` those sent."""

    def __init__(self, backend: Backend, ledger: CallLedger) -> None:
        self.backend = backend
        self.ledger = ledger
        self.hits = 0
        self.sent = 0

    def complete(self, requests: Sequence[Request], purpose: str) -> list[Response]:
        """Return the answers in the order of the requests; an answer that arrived is in the ledger whatever happens after."""
        keys = [call_key(request) for request in requests]
        answers = self.ledger.find(keys)
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in answers}
        order = list(missing)
        for position, response in self.backend.complete(self._noted(missing)) if missing else ():
            key = order[position]
            self.ledger.store(key, missing[key], response, purpose=purpose, backend=self.backend.name)
            answers[key] = response
        self.hits += len(requests) - len(missing)
        return [answers[key] for key in keys]

    def _noted(self, missing: Mapping[str, Request]) -> Iterator[Request]:
        """Yield requests one by one, each written down as sent at the moment it is taken."""
        for key, request in missing.items():
            self.ledger.note_sent([key])
            self.sent += 1
            yield request
