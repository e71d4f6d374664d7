"""How far a replica is: a tuple that grows with every change of its state which no event, reply or question tells.

Within one view, with nothing executed and no checkpoint made stable, a replica only collects: votes, view-changes,
checkpoints, early pre-prepares, requests, and committed proposals that wait for a gap to close. Of a client's requests
the latest takes the place of an earlier one. All else that it does shows: it emits `ViewChangeStarted`, `ViewEntered`,
`PrePrepareAccepted`, `Prepared`, `Committed`, `Execute`, `CheckpointStable`, `StateTransferred`, `Restarted`, asks its
validator, or stops a timer.
"""

from __future__ import annotations

from collections.abc import Iterable

from bft.protocols.pbft.state import Slot, State


def of_state(state: State) -> tuple[int, ...]:
    """Return the progress of a replica; see `bft.core.replica.Replica`."""
    return (
        state.view,
        state.active,
        state.last_executed,
        state.low,
        _votes(state.slots.values()),
        sum([1 + _votes(slots.values()) for slots in state.future.values()]),
        len(state.early),
        len(state.unexecuted),
        sum([1 + request.timestamp for request in state.pending.values()]),
        state.checkpoints.growth,
        state.view_changes.growth,
        state.view_timer_runs,
        state.status_timer_runs,
    )


def _votes(slots: Iterable[Slot]) -> int:
    """Return how much is in some slots; weights grow, too, where a rule counts a second vote."""
    return sum(
        [
            1 + len(slot.prepares) + len(slot.commits) + slot.prepare_weight + slot.commit_weight + slot.prepare_sent
            for slot in slots
        ]
    )
