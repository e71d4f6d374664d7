"""How far a replica is: a tuple that grows with every change of its state which no event, reply or question tells.

Within one round of one height a replica only collects: votes, proposals, certificates, requests, and messages of the
next height. All else shows: it emits `RoundStarted`, `ProposalHeard`, `PolkaFollowed`, `Decided`,
`Execute`, `Restarted`, asks its validator, or stops a timer.
"""

from __future__ import annotations

from collections.abc import Iterable

from bft.protocols.tendermint.round_log import RoundLog
from bft.protocols.tendermint.state import State


def of_state(state: State) -> tuple[int, ...]:
    """Return the progress of a replica; see `bft.core.replica.Replica`."""
    return (
        state.height,
        state.round,
        state.step,
        state.valid_round,
        _heard(state.rounds.values()),
        _heard(state.next_rounds.values()),
        state.far.growth,
        sum([1 + request.timestamp for request in state.pending.values()]),
        len(state.verdicts),
        len(state.timers),
    )


def _heard(logs: Iterable[RoundLog]) -> int:
    """Return how much is in some logs; totals grow, too, where a rule counts a second vote."""
    return sum(
        [
            1
            + len(log.proposals)
            + log.prevotes.total
            + log.precommits.total
            + len(log.polkas)
            + log.prevote_timer_set
            + log.precommit_timer_set
            for log in logs
        ]
    )
