"""A HotStuff replica: one input in, effects out; which variant, its rules say.

The rooms beside this file read beside the papers (see `rules`): `voting` (Algorithm 2, lines 7 to 33, and Algorithm 3),
`proposing` (lines 3 to 6), `learning` (lines 17, 25, 33; Algorithm 4, update), `execution`, `pacemaker`, `catch_up` and
`recovery`. What differs from the papers: a replica gives its first vote only to what its validator accepted; leaders
wait for q new-views where the paper waits for n − f, which is too few where n ≠ 3f + 1; a node's parent is always the
node that it certifies, so views without a node leave a gap in the views and none in the branch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from bft.core.effects import Persist
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.replica_state import StatefulReplica
from bft.core.request import Request
from bft.core.signatures import Keyring
from bft.core.state_machine import AnswerLog, StateMachine
from bft.protocols.hotstuff import catch_up, fingerprint, pacemaker, progress, proposing, recovery, voting
from bft.protocols.hotstuff.config import VIEW_TIMER, WAIT_TIMER, HotStuffConfig
from bft.protocols.hotstuff.messages import (
    Branch,
    Fetch,
    NewView,
    Phase,
    Propose,
    QuorumCertificate,
    SavedState,
    Status,
    Timeout,
    Vote,
)
from bft.protocols.hotstuff.rules import Rules
from bft.protocols.hotstuff.state import State

NOTHING: tuple[object, ...] = ()


class HotStuffReplica(StatefulReplica[State]):
    """One replica of a HotStuff system.

    Parameters
    ----------
    replica : int
        Its number, 0 to n − 1.
    config : HotStuffConfig
        Parameters, equal at all replicas; its rules are the variant.
    keyring : Keyring
        Signs in this replica's name and verifies everybody's signatures.
    machine : StateMachine, optional
        What executing does; by default a log of answers.
    """

    __slots__ = ()

    def __init__(
        self, replica: int, config: HotStuffConfig, keyring: Keyring, machine: StateMachine | None = None
    ) -> None:
        self.id = replica
        self._state = State(replica, config, keyring, AnswerLog() if machine is None else machine)

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input and return effects and events, in the order in which they must be carried out."""
        del now  # the protocol measures time by timers alone
        state = self._state
        if type(event) is Deliver:
            message = event.message
            handle = _ON_MESSAGE.get(type(message))  # of many types, so this is faster than `__class__`
            if handle is None:
                state.drop("unknown message")
                return NOTHING
            handle(state, event.sender, message)
        else:
            _ON_INPUT[type(event)](state, event)
        if state.own or state.moved:
            settle(state)
        effects = state.effects
        unsaved = state.unsaved
        if unsaved:
            done = [Persist(tuple(unsaved.items())), *effects]
            unsaved.clear()
        elif effects:
            done = effects.copy()
        else:
            return NOTHING
        effects.clear()
        return done

    def fingerprint(self) -> Hashable:
        """Return a value that is equal for replicas which will do the same from here on; see `fingerprint`."""
        return fingerprint.of_state(self._state)

    @property
    def waiting(self) -> bool:
        """Whether the view timer runs."""
        return self._state.view_timer_runs

    @property
    def progress(self) -> tuple[int, ...]:
        """A tuple that grows with whatever this replica learns; see `bft.core.replica.Replica` and `progress`."""
        return progress.of_state(self._state)

    @property
    def rules(self) -> Rules:
        """The variant that it runs."""
        return self._state.rules

    @property
    def current_view(self) -> int:
        """The view that it is in."""
        return self._state.view

    @property
    def failures(self) -> int:
        """Views given up since the last commit."""
        return self._state.failures

    @property
    def high(self) -> QuorumCertificate:
        """The highest certificate that it holds."""
        return self._state.high

    @property
    def locked(self) -> QuorumCertificate:
        """The certificate that it is locked on."""
        return self._state.locked

    @property
    def last_executed(self) -> int:
        """How many proposals it has executed."""
        return self._state.last_executed

    @property
    def held(self) -> Mapping[str, int]:
        """How much it keeps of what others have sent, by kind: what a liar could make grow."""
        state = self._state
        return {
            "votes": sum(len(votes) for _, votes in state.votes.items()),
            "timeouts": sum(len(votes) for _, votes in state.timeouts.items()),
            "new-views": sum(len(votes) for _, votes in state.new_views.items()),
            "open nodes": len(state.tree.open),
            "missing": len(state.missing),
            "held": len(state.held),
            "requests": len(state.pending),
            "verdicts": len(state.verdicts) + len(state.judging),
            "chain": len(state.tree.chain),
            "states": len(state.saved) + sum(map(len, state.shares.values())),
        }


def settle(state: State) -> None:
    """Take up what this replica says to itself, and propose where it may."""
    while state.own or state.moved:
        if state.own:
            message = state.own.popleft()
            _ON_MESSAGE[type(message)](state, state.id, message)
        else:
            state.moved = False
            proposing.consider(state)


def _on_timer(state: State, event: TimerFired) -> None:
    if event.name == VIEW_TIMER:
        pacemaker.on_view_timer(state)
    elif event.name == WAIT_TIMER:
        proposing.on_wait_timer(state)
    else:
        catch_up.on_status_timer(state)


_ON_MESSAGE: dict[type, Callable[[State, int, Any], None]] = {
    Propose: voting.on_propose,
    Vote: voting.on_vote,
    Phase: voting.on_phase,
    NewView: pacemaker.on_new_view,
    Timeout: pacemaker.on_timeout,
    Fetch: catch_up.on_fetch,
    Branch: catch_up.on_branch,
    SavedState: catch_up.on_saved_state,
    Status: catch_up.on_status,
    Request: pacemaker.on_relayed_request,
}

_ON_INPUT: dict[type, Callable[[State, Any], None]] = {
    ClientRequest: pacemaker.on_request,
    ProposalReady: proposing.on_proposal_ready,
    VerdictReady: voting.on_verdict,
    TimerFired: _on_timer,
    Restart: recovery.on_restart,
}
