"""One run: what happened, how it ended, what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.core.account import Balances
from bft.core.lean import lean
from bft.core.quorum import QuorumSystem
from bft.record.outcome import Outcome
from bft.record.safety import Breach
from bft.record.trace import Trace
from bft.scenario import Scenario
from bft.simulation.client_latency import latency_summary, latency_words
from bft.simulation.journal import Journal
from bft.simulation.member_changes import ChangeTold
from bft.simulation.network_metrics import NetworkMetrics
from bft.simulation.operations_report import OperationsReport
from bft.simulation.request_counts import RequestCounts
from bft.validators.replayed import LackedCall


@lean(kw_only=True)
class Metrics:
    """Figures of a run; times in seconds of virtual time.

    Attributes
    ----------
    decided_at_s : float or None
        When n − f nodes (or all honest ones, if fewer) had executed every request.
    first_decided_at_s, last_decided_at_s : float or None
        When the first, and the last, honest node had executed every request.
    views : int
        Views that were used: 1 without a view change.
    messages_sent, messages_delivered, messages_lost : int
        Copies handed to links, received, and lost on links or at crashed nodes, until the run ended: when nothing could
        change any more (see `bft.simulation.standstill`), at the latest at its horizon.
    sent_by_kind : mapping of str to int
        Copies sent by type of message.
    calls, calls_saved : int
        Calls to validators, and how many of them were unanswered when their node needed the answer no more.
    tokens : int
        Tokens that validators wrote.
    cost : float
        What they cost.
    client_latency_s : tuple of float
        Of each answered request, from asking to f + 1 equal replies.
    network : NetworkMetrics or None
        Bytes, relays and queues, where the scenario's network has any.
    """

    decided_at_s: float | None
    first_decided_at_s: float | None
    last_decided_at_s: float | None
    views: int
    messages_sent: int
    messages_delivered: int
    messages_lost: int
    sent_by_kind: Mapping[str, int]
    calls: int
    calls_saved: int
    tokens: int
    cost: float
    client_latency_s: tuple[float, ...]
    network: NetworkMetrics | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Run:
    """The result of one simulated run.

    Attributes
    ----------
    scenario, seed, replication
        What was run; the same three give the same run.
    outcome : Outcome
        Of the one request, or the worst of many: stalled if any request, the operator's among them, was not executed by
        the end, whether it waited, was superseded or was never ordered. Split if honest replicas executed, or committed
        locally, different values at one number; `breaches` tells which.
    outcomes : tuple of Outcome
        Of every request, in order of arrival.
    requests : RequestCounts
        The requests that were asked, and how many of them were executed, answered, superseded and not executed.
    metrics : Metrics
        Times and message counts.
    faults : mapping
        Behaviour of every faulty node, and what it did.
    breaches : sequence of Breach
        Invariants that did not hold.
    trace : Trace
        All events.
    cpu_s : float
        Processor time that the run took.
    operations : OperationsReport or None
        What came of machines and service, where the scenario has any.
    balances : mapping
        Of account operations: every member's balances at the end.
    journal : Journal or None
        Every message, validator's call and timer, if the simulator was asked to keep them.
    members : tuple of int
        The members at the end; all nodes where members do not change.
    changes : tuple of ChangeTold
        What became of each change of members that the operator asked for.
    memberships : tuple of frozenset of int
        The members of each epoch, where members change.
    lacked : tuple of LackedCall
        Calls that a replayed record does not hold, and that were asked for.
    """

    scenario: Scenario
    seed: int
    replication: int
    outcome: Outcome
    outcomes: tuple[Outcome, ...]
    requests: RequestCounts
    metrics: Metrics
    faults: Mapping[int, Mapping[str, Any]]
    breaches: Sequence[Breach]
    trace: Trace
    cpu_s: float
    operations: OperationsReport | None = None
    balances: Mapping[int, Balances] = field(default_factory=dict)
    journal: Journal | None = None
    members: tuple[int, ...] = ()
    changes: tuple[ChangeTold, ...] = ()
    memberships: tuple[frozenset[int], ...] = ()
    lacked: tuple[LackedCall, ...] = ()

    @cached_property
    def trace_hash(self) -> str:
        """SHA-256 of the trace."""
        return self.trace.hash

    @property
    def system(self) -> QuorumSystem:
        """Quorums at the end: of the members, where members change, else of all nodes."""
        return self.scenario.system if self.scenario.membership is None else QuorumSystem.of(len(self.members))

    def latencies(self) -> NDArray[np.float64]:
        """Return how long clients waited: from the arrival of a request to f + 1 equal replies.

        Returns
        -------
        ndarray of float, shape (answered,)
            Seconds, of each request that was answered, in order of arrival. `requests.latency_s()` and
            `requests.arrived_s()` have all requests, with nan for those that were not answered.

        Examples
        --------
        >>> from bft import Requests, simulate
        >>> run = simulate(Scenario(requests=Requests(count=20, rate_per_s=5)), seed=1)
        >>> len(run.latencies()), bool((run.latencies() > 0).all())
        (20, True)
        """
        waited = self.requests.latency_s()
        return waited[~np.isnan(waited)]

    def __repr__(self) -> str:
        return (
            f"Run({self.outcome.value}, n={self.scenario.n}, faulty={sorted(self.faults)}, "
            f"decided_at_s={self.metrics.decided_at_s}, seed={self.seed}, replication={self.replication})"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON values, without its trace."""
        metrics = self.metrics
        return {
            "outcome": self.outcome.value,
            "outcomes": [outcome.value for outcome in self.outcomes],
            "requests": self.requests.to_json(),
            "decided_at_s": metrics.decided_at_s,
            "first_decided_at_s": metrics.first_decided_at_s,
            "last_decided_at_s": metrics.last_decided_at_s,
            "views": metrics.views,
            "messages_sent": metrics.messages_sent,
            "messages_delivered": metrics.messages_delivered,
            "messages_lost": metrics.messages_lost,
            "sent_by_kind": dict(metrics.sent_by_kind),
            "calls": metrics.calls,
            "calls_saved": metrics.calls_saved,
            "tokens": metrics.tokens,
            "cost": metrics.cost,
            "latency": latency_summary(self.latencies()),
            "client_latency_s": list(metrics.client_latency_s),
            "network": self._network(),
            "faults": {str(node): dict(told) for node, told in self.faults.items()},
            "breaches": [
                {"invariant": each.invariant, "time_s": each.time_s, "node": each.node, "detail": each.detail}
                for each in self.breaches
            ],
            "operations": None if self.operations is None else self.operations.to_json(),
            "membership": self._membership(),
            "balances": {str(node): dict(balances) for node, balances in self.balances.items()},
            "seed": self.seed,
            "replication": self.replication,
            "trace_hash": self.trace_hash,
            "cpu_s": self.cpu_s,
        }

    def _membership(self) -> dict[str, Any] | None:
        """Return who the members are at the end, their quorum, and what became of each change."""
        if self.scenario.membership is None:
            return None
        return {
            "members": list(self.members),
            "quorum": self.system.quorum,
            "tolerated": self.system.tolerated,
            "epochs": len(self.memberships),
            "changes": [change.to_json() for change in self.changes],
        }

    def _network(self) -> dict[str, Any] | None:
        """Return the network's metrics, and the connectivity of its links where not everybody has one to everybody."""
        network, scenario = self.metrics.network, self.scenario
        if network is None:
            return None
        links = scenario.network.connectivity(scenario.n, scenario.system.tolerated)
        return {
            **network.to_json(),
            "node_connectivity": links.node,
            "edge_connectivity": links.edge,
            "node_cut": list(links.cut),
        }

    def _repr_html_(self) -> str:
        rows = {
            "outcome": self.outcome.value.replace("_", ", "),
            "requests": self.requests,
            **({"members changed": "; ".join(map(str, self.changes))} if self.changes else {}),
            "n, q": f"{len(self.members)}, {self.system.quorum}",
            "decided at": "—" if self.metrics.decided_at_s is None else f"{self.metrics.decided_at_s:.3f} s",
            "latency": latency_words(self.latencies(), self.requests.asked),
            "views": self.metrics.views,
            "messages": f"{self.metrics.messages_sent} sent, {self.metrics.messages_delivered} delivered",
            "faulty nodes": ", ".join(f"{node} ({told['behaviour']})" for node, told in self.faults.items()) or "none",
            "invariants broken": ", ".join(sorted({breach.invariant for breach in self.breaches})) or "none",
            "seed": f"{self.seed}, replication {self.replication}",
        }
        body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
        return f"<table>{body}</table>"
