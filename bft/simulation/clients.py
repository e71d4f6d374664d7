"""The clients: they believe a reply once a weak quorum of replicas gave the same one (§4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.core.effects import Reply
from bft.core.quorum import QuorumSystem
from bft.core.request import Request, RequestKey


@dataclass(slots=True)
class Clients:
    """All clients of a run.

    Attributes
    ----------
    system : QuorumSystem
        Weights; f + 1 of weight convinces a client, since one of them is honest.
    asked_at_s, answered_at_s : dict
        When each request was sent, and when its client was convinced.
    results : dict
        The reply that convinced each client.
    """

    system: QuorumSystem
    asked_at_s: dict[RequestKey, float] = field(default_factory=dict)
    answered_at_s: dict[RequestKey, float] = field(default_factory=dict)
    results: dict[RequestKey, str] = field(default_factory=dict)
    _replies: dict[tuple[RequestKey, str], set[int]] = field(default_factory=dict)

    def asked(self, request: Request, now_s: float) -> None:
        """Note when a request was sent."""
        self.asked_at_s[request.key] = now_s

    def replied(self, node: int, reply: Reply, now_s: float) -> None:
        """Count a node's reply."""
        key = (reply.client, reply.timestamp)
        if key in self.answered_at_s:
            return
        nodes = self._replies.setdefault((key, reply.result), set())
        nodes.add(node)
        if self.system.weight(nodes) >= self.system.weak:
            self.answered_at_s[key] = now_s
            self.results[key] = reply.result

    def answered(self, key: RequestKey) -> bool:
        """Return whether the client was convinced."""
        return key in self.answered_at_s
