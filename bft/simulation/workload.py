"""What clients ask: arrivals, who asks, and which operation; made at once, or one at a time when it is due.

Made one at a time, requests are forgotten when they are answered, so that a run of months holds only what is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain

import numpy as np

from bft.core.request import Request, RequestKey
from bft.membership.machine import OPERATOR
from bft.membership.settings import MemberChange
from bft.randomness import Randomness, Tape
from bft.scenario import Requests

CLIENT = "client-"
OPERATIONS = "account operations"
LARGEST = 100
"""Most that one deposit or withdrawal moves."""


class Workload:
    """The requests of all replications of a scenario."""

    def __init__(self, settings: Requests, randomness: Randomness, changes: Sequence[MemberChange] = ()) -> None:
        self._changes = changes
        self.count = settings.count
        self._settings = settings
        self._clients = settings.count if settings.clients is None else settings.clients
        self._randomness = randomness
        self._questions: list[Request] | None = None
        self._numbers: dict[RequestKey, int] = {}

    def asked(self, replication: int) -> list[Request]:
        """Return all requests, not signed yet, in order of arrival; questions are the same in every replication."""
        if self._settings.operations == "account":
            return list(self.stream(replication))
        if self._questions is None:
            self._questions = list(self.stream(replication))
            self._numbers = {request.key: number for number, request in enumerate(self._questions)}
        return self._questions

    def stream(self, replication: int) -> Iterator[Request]:
        """Yield the requests, not signed yet, in order of arrival."""
        account = self._settings.operations == "account"
        tape = Tape(self._randomness, OPERATIONS, 1, 16, replication) if account else None
        for number in range(self.count):
            turn, client = divmod(number, self._clients)
            operation = f"question-{number}" if tape is None else _operation(tape, client)
            yield Request(client=f"{CLIENT}{client}", timestamp=turn + 1, operation=operation)

    def arrivals(self, requests: Iterable[Request], replication: int) -> Iterator[tuple[Request, float]]:
        """Yield each request with its time of arrival in seconds, the operator's among them."""
        asked = zip(requests, self.times_s(replication), strict=True)
        if not self._changes:
            return asked
        ordered = (
            (Request(client=OPERATOR, timestamp=number, operation=change.operation), change.at_s)
            for number, change in enumerate(self._changes, 1)
        )
        return merge(asked, ordered, key=lambda each: each[1])

    def times_s(self, replication: int) -> Iterator[float]:
        """Yield when each of the clients' requests arrives, in seconds."""
        if self.count == 1 or self._settings.rate_per_s is None:
            return iter((0.0,))
        uniforms = self._randomness.uniforms("arrivals", (self.count - 1,), replication)
        later = np.cumsum(-np.log1p(-uniforms) / self._settings.rate_per_s)
        return chain((0.0,), map(float, later))

    def client_of(self, number: int) -> int:
        """Return which client asks a request, by its number."""
        return number % self._clients

    def number_of(self, key: RequestKey) -> int:
        """Return the number of a client's request; -1 for those of others, who ask about members."""
        return self[key] if key[0].startswith(CLIENT) else -1

    def __getitem__(self, key: RequestKey) -> int:
        """Return the number of a request, which is also that of its question."""
        known = self._numbers.get(key)
        if known is not None:
            return known
        client, timestamp = key
        return (timestamp - 1) * self._clients + int(client[len(CLIENT) :])


def _operation(tape: Tape, client: int) -> str:
    """Return what is done to the client's account: half deposits, two fifths withdrawals."""
    kind, amount = tape.draw(0), 1 + int(tape.draw(0) * LARGEST)
    if kind < 0.5:
        return f"deposit {CLIENT}{client} {amount}"
    if kind < 0.9:
        return f"withdraw {CLIENT}{client} {amount}"
    return f"balance {CLIENT}{client}" if kind < 0.98 else "save"
