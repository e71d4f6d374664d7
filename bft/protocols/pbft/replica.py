"""A PBFT replica: one input in, effects out (Castro & Liskov, *Practical Byzantine Fault Tolerance*, OSDI'99).

The rooms beside this file read beside the paper: `normal_case` (§4.2), `execution` (§4.1), `checkpoints` (§4.3),
`view_change` (§4.4), `catch_up` and `recovery`. What differs from the paper: a backup prepares only what its validator
accepted; retransmission follows TOCS 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from bft.core.effects import Persist
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.lean import maker
from bft.core.replica_state import StatefulReplica
from bft.core.request import Request
from bft.core.signatures import Keyring
from bft.core.state_machine import AnswerLog, Snapshot, StateMachine
from bft.protocols.pbft import (
    catch_up,
    checkpoints,
    execution,
    fingerprint,
    normal_case,
    progress,
    recovery,
    view_change,
)
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.config import VIEW_TIMER, PbftConfig
from bft.protocols.pbft.messages import (
    CatchUp,
    Checkpoint,
    Commit,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Status,
    ViewChange,
)
from bft.protocols.pbft.state import State

NOTHING: tuple[object, ...] = ()
new_persist = maker(Persist)


class PbftReplica(StatefulReplica[State]):
    """One replica of a PBFT system.

    Parameters
    ----------
    replica : int
        Its number, 0 to n − 1.
    config : PbftConfig
        Parameters, equal at all replicas.
    keyring : Keyring
        Signs in this replica's name and verifies everybody's signatures.
    machine : StateMachine, optional
        What executing does; by default a log of answers.
    genesis : Snapshot, optional
        State and reply cache to begin with, equal at all replicas; by default empty ones.
    stops : callable, optional
        Asked of the machine at every checkpoint: whether this instance is over. Then nothing more is executed in it.
    """

    __slots__ = ("_on_input", "_on_message")

    def __init__(
        self,
        replica: int,
        config: PbftConfig,
        keyring: Keyring,
        machine: StateMachine | None = None,
        *,
        genesis: Snapshot | None = None,
        stops: Callable[[StateMachine], bool] | None = None,
    ) -> None:
        self.id = replica
        self._state = State(replica, config, keyring, AnswerLog() if machine is None else machine)
        if genesis is not None:
            execution.restore(self._state, genesis)
        self._state.stops = stops
        self._on_message = _ON_MESSAGE
        self._on_input = _ON_INPUT

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input and return effects and events, in the order in which they must be carried out."""
        del now  # the protocol measures time by timers alone
        state = self._state
        if type(event) is Deliver:
            message = event.message
            handle = self._on_message.get(type(message))  # of many types, so this is faster than `__class__`
            if handle is None:
                state.drop("unknown message")
                return NOTHING
            if handle(state, event.sender, message) is normal_case.FILED and not state.effects:  # as most votes are
                return NOTHING
        else:
            self._on_input[type(event)](state, event)
        if state.moved:
            settle(state)
        effects = state.effects
        if state.unsaved:
            done = [new_persist(tuple(state.unsaved.items())), *effects]
            state.unsaved.clear()
        elif effects:
            done = effects.copy()
        else:
            return NOTHING
        effects.clear()
        return done

    def fingerprint(self, names: Sequence[int] | None = None) -> Hashable:
        """Return a value that is equal for replicas which will do the same from here on; see `fingerprint`.

        Parameters
        ----------
        names : sequence of int, optional
            New number of each replica, to recognise states that differ only in who is who.
        """
        return fingerprint.of_state(self._state, range(self._state.system.n) if names is None else names)

    @property
    def progress(self) -> tuple[int, ...]:
        """A tuple that grows with whatever this replica learns; see `bft.core.replica.Replica` and `progress`."""
        return progress.of_state(self._state)

    @property
    def certificates(self) -> Mapping[int, PreparedCertificate]:
        """Per number above the stable checkpoint, the prepared certificate that a view-change would carry."""
        return self._state.certificates

    @property
    def verifier(self) -> Verifier:
        """Who judges proofs for this replica; a laboratory may give all replicas the same one."""
        return self._state.verifier

    @verifier.setter
    def verifier(self, verifier: Verifier) -> None:
        self._state.verifier = verifier

    @property
    def waiting(self) -> bool:
        """Whether the view timer runs."""
        return self._state.view_timer_runs

    @property
    def view(self) -> int:
        """The current view."""
        return self._state.view

    @property
    def stable_checkpoint(self) -> tuple[tuple[Checkpoint, ...], Snapshot | None]:
        """The proof of the last stable checkpoint, and its snapshot where this replica has it."""
        return self._state.stable_proof, self._state.snapshots.get(self._state.low)

    @property
    def over(self) -> bool:
        """Whether the machine has ended this instance: nothing above `last_executed` is executed in it."""
        return self._state.over

    @property
    def pending(self) -> Mapping[str, Request]:
        """Per client the latest request known and not executed, the one that has waited longest first."""
        return self._state.pending

    @property
    def last_executed(self) -> int:
        """The highest sequence number executed without a gap."""
        return self._state.last_executed


def settle(state: State) -> None:
    """The view or the window has moved: take up what came early, evaluate votes filed early, order what waited."""
    while state.moved:
        state.moved = False
        if not state.active:
            return
        normal_case.release_early(state)
        for seq in sorted(state.slots):
            slot = state.slots.get(seq)
            if slot is not None:
                normal_case.check_prepared(state, slot)
                normal_case.check_committed(state, slot)
        if state.is_primary:
            normal_case.order(state)
            for request in list(state.pending.values()):
                normal_case.propose(state, request)


def _on_timer(state: State, event: TimerFired) -> None:
    if event.name == VIEW_TIMER:
        view_change.on_view_timer(state)
    else:
        catch_up.on_status_timer(state)


def _on_new_view(state: State, sender: int, message: NewView) -> None:
    del sender
    view_change.on_new_view(state, message)


_ON_MESSAGE: dict[type, Callable[[State, int, Any], object]] = {
    PrePrepare: normal_case.on_preprepare,
    Prepare: normal_case.on_prepare,
    Commit: normal_case.on_commit,
    Checkpoint: checkpoints.on_checkpoint,
    ViewChange: view_change.on_view_change,
    NewView: _on_new_view,
    Status: catch_up.on_status,
    CatchUp: catch_up.on_catch_up,
    Request: normal_case.on_relayed_request,
}

_ON_INPUT: dict[type, Callable[[State, Any], None]] = {
    ClientRequest: normal_case.on_request,
    ProposalReady: normal_case.on_proposal_ready,
    VerdictReady: normal_case.on_verdict,
    TimerFired: _on_timer,
    Restart: recovery.on_restart,
}
