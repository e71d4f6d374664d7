"""The clients: each asks its next request once the last is answered, and believes f + 1 equal replies (§4.1).

A request that arrives while its client still waits for an answer joins the client's own queue. Pipelined clients send
what arrives at once: replicas execute a client's timestamps in ascending order only, so that a later request that is
ordered first supersedes the earlier ones.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bft.core.effects import Reply
from bft.core.quorum import QuorumSystem
from bft.core.request import Request, RequestKey
from bft.membership.machine import OPERATOR

Arrived = tuple[int, float, Request]
"""Place among the latencies, time of arrival, and the request."""

UNTIMED = -1
"""The place of the operator's requests: their latency is none of the clients'."""


@dataclass(slots=True)
class Clients:
    """All clients of a run; of what was answered only the time that it took is kept.

    Attributes
    ----------
    system : QuorumSystem
        Weights; f + 1 of weight convinces a client, since one of them is honest.
    pipelined : bool
        Whether clients send a request before the last one is answered; the operator never does.
    latency_s : array of float
        From arrival (in its client's own queue, if need be) to being convinced, for each request, in order of arrival;
        negative while open. The operator's requests are not among them.
    answered : int
        How many of the clients' requests were answered.
    told : dict of RequestKey to (float, str)
        When each of the operator's requests was answered, and what the answer was.
    epochs : list of (float, frozenset of int)
        Where members change: from when on who were members, the first at 0.
    on_answer : callable, optional
        Called with each request that is answered, the answer, and when.
    """

    system: QuorumSystem
    pipelined: bool = False
    latency_s: array[float] = field(default_factory=lambda: array("d"))
    answered: int = 0
    told: dict[RequestKey, tuple[float, str]] = field(default_factory=dict)
    epochs: list[tuple[float, frozenset[int]]] = field(default_factory=list)
    on_answer: Callable[[RequestKey, str, float], None] | None = None
    _open: dict[RequestKey, tuple[Arrived, int]] = field(default_factory=dict)
    _replies: dict[RequestKey, dict[str, set[int]]] = field(default_factory=dict)
    _queues: dict[str, deque[Arrived]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """How many requests have arrived."""
        return len(self.latency_s)

    @property
    def queued(self) -> int:
        """How many of them still wait in their client's own queue."""
        if not self._queues:  # nobody has an open request
            return 0
        return sum([place != UNTIMED for queue in self._queues.values() for place, _, _ in queue])

    def members_changed(self, members: Iterable[int], now_s: float) -> list[Request]:
        """From now on f + 1 of these convince; return what clients whom earlier replies now convince send next."""
        self.epochs.append((now_s, frozenset(members)))
        convinced = {
            key: result
            for key, told in self._replies.items()
            for result, nodes in told.items()
            if self._convinced(nodes, self._open[key][1])
        }
        following = [self._settle(key, result, now_s) for key, result in convinced.items()]
        return [request for request in following if request is not None]

    def arrived(self, request: Request, now_s: float) -> bool:
        """Take in a request; return whether its client sends it now."""
        client = request.client
        place = UNTIMED if client == OPERATOR else len(self.latency_s)
        if place != UNTIMED:
            self.latency_s.append(-1.0)
        waits = place == UNTIMED or not self.pipelined
        queue = self._queues.get(client)
        if waits and queue is not None:
            queue.append((place, now_s, request))
            return False
        if waits:
            self._queues[client] = deque()
        self._send((place, now_s, request))
        return True

    def replied(self, node: int, reply: Reply, now_s: float) -> Request | None:
        """Count a node's reply; return the request that the client sends now that it is answered, if there is any."""
        key = (reply.client, reply.timestamp)
        waiting = self._open.get(key)
        if waiting is None:
            return None
        result = reply.result
        told = self._replies.get(key)
        if told is None:
            self._replies[key] = told = {}
        nodes = told.get(result)
        if nodes is None:
            told[result] = nodes = set()
        nodes.add(node)
        return self._settle(key, result, now_s) if self._convinced(nodes, waiting[1]) else None

    def waiting(self) -> list[Request]:
        """Return the requests that were sent and not answered yet, in the order in which they were sent."""
        return [request for (_, _, request), _ in self._open.values()]

    def _send(self, arrived: Arrived) -> None:
        self._open[arrived[2].key] = arrived, max(len(self.epochs) - 1, 0)

    def _settle(self, key: RequestKey, result: str, now_s: float) -> Request | None:
        """A client believes a reply; return what it sends next."""
        (place, arrived_s, _), _ = self._open.pop(key)
        del self._replies[key]
        if place == UNTIMED:
            self.told[key] = now_s, result
        else:
            self.latency_s[place] = now_s - arrived_s
            self.answered += 1
        if self.on_answer is not None:
            self.on_answer(key, result, now_s)
        return self._next(key[0])

    def _next(self, client: str) -> Request | None:
        """Return what a client that was answered sends next; a client without an open request has no queue."""
        queue = self._queues.get(client)
        if not queue:
            self._queues.pop(client, None)
            return None
        following = queue.popleft()
        self._send(following)
        return following[2]

    def _convinced(self, nodes: set[int], since: int) -> bool:
        """Whether equal replies hold an honest one: f + 1 of the members of one epoch since the request was sent.

        An old epoch's replies count on: its members may be gone before those of the new one have executed anything.
        """
        if not self.epochs:
            return self.system.weight(nodes) >= self.system.weak
        memberships = (members for _, members in self.epochs[since:])
        return any(len(nodes & members) >= QuorumSystem.of(len(members)).weak for members in memberships)
