"""The clients: they believe a reply once a weak quorum of replicas gave the same one (§4.1)."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from dataclasses import dataclass, field

from bft.core.effects import Reply
from bft.core.quorum import QuorumSystem
from bft.core.request import Request, RequestKey


@dataclass(slots=True)
class Clients:
    """All clients of a run; of what was answered only the time that it took is kept.

    Attributes
    ----------
    system : QuorumSystem
        Weights; f + 1 of weight convinces a client, since one of them is honest.
    members : frozenset of int or None
        Whose replies count, where not every node is a member; `system` is theirs.
    latency_s : array of float
        From asking to being convinced, for each request, in the order in which they were asked; negative while open.
    """

    system: QuorumSystem
    latency_s: array[float] = field(default_factory=lambda: array("d"))
    members: frozenset[int] | None = None
    _open: dict[RequestKey, tuple[int, float, Request]] = field(default_factory=dict)
    _replies: dict[RequestKey, dict[str, set[int]]] = field(default_factory=dict)

    def asked(self, request: Request, now_s: float) -> None:
        """Note when a request was sent."""
        self._open[request.key] = (len(self.latency_s), now_s, request)
        self.latency_s.append(-1.0)

    def replied(self, node: int, reply: Reply, now_s: float) -> None:
        """Count a node's reply."""
        key = (reply.client, reply.timestamp)
        waiting = self._open.get(key)
        if waiting is None:
            return
        nodes = self._replies.setdefault(key, {}).setdefault(reply.result, set())
        nodes.add(node)
        if self._convincing(nodes):
            self._settle(key, now_s)

    def members_changed(self, members: Collection[int], now_s: float) -> None:
        """An epoch began: from now on f + 1 of these convince, among them who replied before."""
        self.members, self.system = frozenset(members), QuorumSystem.of(len(members))
        for key in [key for key, told in self._replies.items() if any(map(self._convincing, told.values()))]:
            self._settle(key, now_s)

    def _convincing(self, nodes: set[int]) -> bool:
        """Whether one of these nodes must be honest."""
        if self.members is None:
            return self.system.weight(nodes) >= self.system.weak
        return len(self.members & nodes) >= self.system.weak

    def _settle(self, key: RequestKey, now_s: float) -> None:
        """The client believes the reply."""
        place, asked_s, _ = self._open.pop(key)
        del self._replies[key]
        self.latency_s[place] = now_s - asked_s

    def waiting(self) -> list[Request]:
        """Return the requests whose clients are not convinced yet, in the order in which they were asked."""
        return [request for _, _, request in self._open.values()]
