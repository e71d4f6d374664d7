"""Who executed what, and when: read off a trace.

A replica that adopts a proved snapshot has executed what led to it, as far as another node's execution shows what
that was.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.core.effects import Execute
from bft.core.events import StateTransferred
from bft.core.request import Proposal, Request, RequestKey
from bft.record.trace import Recorded


class Executions:
    """The executions of some nodes.

    Parameters
    ----------
    records : sequence of Record
        A trace, in order of time, or as much of it as executions and transfers of states.
    nodes : sequence of int
        Whose executions count.
    requests : sequence of Request
        In order of arrival.

    Attributes
    ----------
    by_request : list of dict
        For each request what every node executed for it first, where it did.
    done_at_s : dict of int to float
        When each node had executed every request, for those who have.
    """

    def __init__(self, records: Sequence[Recorded], nodes: Sequence[int], requests: Sequence[Request]) -> None:
        self._wanted: dict[RequestKey, dict[int, Proposal]] = {request.key: {} for request in requests}
        self._missing = dict.fromkeys(nodes, len(requests))
        self.done_at_s: dict[int, float] = {}
        if StateTransferred in [event.__class__ for _, _, event in records]:
            self._log: dict[int, dict[int, Proposal]] = {node: {} for node in nodes}
            self._reached: dict[tuple[int, str], int] = {}
            adopted = True
        else:
            adopted = False
        missing, wanted = self._missing, self._wanted
        for time_s, node, event in records:
            kind = event.__class__
            if node not in missing:
                continue
            if kind is Execute:
                proposal = event.proposal
                request = proposal.request
                if request is not None and not event.repeated:  # a repeated one changed nothing
                    executed = wanted.get(request.key)
                    if executed is not None and node not in executed:  # as `_take`
                        executed[node] = proposal
                        missing[node] = open_ = missing[node] - 1
                        if not open_:
                            self.done_at_s[node] = time_s
                if adopted:
                    self._remember(node, event)
            elif kind is StateTransferred:
                self._adopt(time_s, node, event)
        self.by_request = list(wanted.values())

    def _remember(self, node: int, event: Execute) -> None:
        """Note what a node executed, and in which state it was then, for those who take over that state."""
        if not event.repeated:
            self._log[node].setdefault(event.seq, event.proposal)
        self._reached.setdefault((event.seq, event.state_digest), node)

    def _take(self, time_s: float, node: int, proposal: Proposal, executed: dict[int, Proposal]) -> None:
        """Note that a node executed a proposal, the first for its request."""
        executed[node] = proposal
        self._missing[node] = missing = self._missing[node] - 1
        if not missing:
            self.done_at_s[node] = time_s

    def _adopt(self, time_s: float, node: int, event: StateTransferred) -> None:
        """A node took over the state that another had reached by executing."""
        source = self._reached.get((event.seq, event.state_digest))
        if source is None:
            return
        for seq, proposal in sorted(self._log[source].items()):
            if seq <= event.seq:
                self._log[node].setdefault(seq, proposal)
                executed = None if proposal.request is None else self._wanted.get(proposal.request.key)
                if executed is not None and node not in executed:
                    self._take(time_s, node, proposal, executed)
