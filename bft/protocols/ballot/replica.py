"""A replica of a ballot: one input in, effects out.

1. The client's request reaches every replica; each asks its own validator for an answer (`polling`).
2. It signs the answer and broadcasts it. Where the rule wants answers judged, that is a candidate only: when all are
   there, or time is up, the validator judges them, and the replica broadcasts which it accepts (`counting`).
3. Every replica counts the votes that it holds by the rule, and decides at the first that leaves nothing open. The
   votes are then a proof that anybody can check, and it broadcasts them; who still lacks it asks for it (`catch_up`).
4. At the deadline the missing votes count as abstentions.

There is no primary, no view and no second phase. So agreement rests on the rule alone: with a quorum, two replicas
decide differently only if 2q − n of weight votes twice. Without one, a single voter that tells two replicas different
things can split them, and so can a vote that reaches one replica before the deadline and another after it.

A ballot orders nothing and decides one request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bft.core.effects import Persist
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.signatures import Keyring
from bft.core.state_machine import AnswerLog, StateMachine
from bft.protocols.ballot import catch_up, polling
from bft.protocols.ballot.config import BallotConfig
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate
from bft.protocols.ballot.state import DEADLINE, State

NOTHING: tuple[object, ...] = ()


class BallotReplica:
    """One replica of a ballot.

    Parameters
    ----------
    replica : int
        Its number, 0 to n − 1.
    config : BallotConfig
        Parameters, equal at all replicas.
    keyring : Keyring
        Signs in this replica's name and verifies everybody's signatures.
    machine : StateMachine, optional
        What executing does; by default a log of answers.
    """

    __slots__ = ("_state", "id")

    def __init__(
        self, replica: int, config: BallotConfig, keyring: Keyring, machine: StateMachine | None = None
    ) -> None:
        self.id = replica
        self._state = State(replica, config, keyring, AnswerLog() if machine is None else machine)

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input and return effects and events, in the order in which they must be carried out."""
        del now  # time is measured by timers alone
        state = self._state
        if isinstance(event, Deliver):
            handle = _ON_MESSAGE.get(event.message.__class__)
            if handle is None:
                state.drop("unknown message")
            else:
                handle(state, event.sender, event.message)
        else:
            _ON_INPUT[event.__class__](state, event)
        effects, state.effects = state.effects, []
        if state.unsaved:
            effects.insert(0, Persist(tuple(state.unsaved.items())))
            state.unsaved.clear()
        return effects or NOTHING

    @property
    def progress(self) -> tuple[int, ...]:
        """A tuple that grows with whatever this replica learns; see `bft.core.replica.Replica`.

        Within a ballot nothing is ever forgotten. What a validator is asked or says, and a decision, is reported.
        """
        state = self._state
        return (state.request is not None, state.closed, len(state.casts), len(state.approvals))

    @property
    def drops(self) -> Mapping[str, int]:
        """How many inputs did not count, by reason."""
        return self._state.drops


def _on_timer(state: State, event: TimerFired) -> None:
    if event.name == DEADLINE:
        polling.on_deadline(state)
    else:
        catch_up.on_status_timer(state)


_ON_MESSAGE: dict[type, Callable[[State, int, Any], None]] = {
    Cast: polling.on_vote,
    Approve: polling.on_vote,
    Ask: catch_up.on_ask,
    Certificate: catch_up.on_certificate,
}

_ON_INPUT: dict[type, Callable[[State, Any], None]] = {
    ClientRequest: lambda state, event: polling.on_request(state, event.request),
    ProposalReady: polling.on_proposal_ready,
    VerdictReady: polling.on_verdict,
    TimerFired: _on_timer,
    Restart: lambda state, event: catch_up.on_restart(state, event.stored),
}
