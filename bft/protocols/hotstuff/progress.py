"""How far a replica is: a tuple that grows with every change of its state which no event, reply or question tells.

Within one view, with no certificate learnt, a replica only collects: votes, timeouts, new-views, nodes, requests and
what it lacks. All else shows: it emits `ViewBegun`, `Execute`, `ViewsExhausted`, `Restarted`, asks its validator, or
stops a timer.
"""

from __future__ import annotations

from bft.protocols.hotstuff.state import State


def of_state(state: State) -> tuple[int, ...]:
    """Return the progress of a replica; see `bft.core.replica.Replica`."""
    return (
        state.view,
        state.left,
        state.voted,
        *state.formed,
        state.high.view,
        state.locked.view,
        state.tree.committed.height,
        state.tree.added,
        state.phases,
        -1 if state.phase is None else state.phase.phase,
        state.proposal is not None,
        state.timeouts.growth,
        state.new_views.growth,
        state.votes.growth,
        sum([1 + request.timestamp for request in state.pending.values()]),
        len(state.held),
        sum(map(len, state.shares.values())),
        len(state.missing),
        state.view_timer_runs,
        state.status_timer_runs,
        state.progressed,
    )
