"""A Tendermint replica: one input in, effects out (Buchman, Kwon, Milosevic, arXiv 1807.04938, Algorithm 1).

The rooms beside this file read beside the paper: `starting` has lines 11 to 21, `lines` the rules that follow, by their
numbers, `deciding` lines 50 to 54; `filing` says where messages go, `catch_up` what the paper takes for granted, that
what one correct process receives all receive. What differs from the paper:

- valid(v) is the verdict of a validator, which comes later or never; it is asked once for each value.
- A height starts when something is asked, and a proposer that asks its validator schedules timeoutPropose too.
- With `follow_polka` a polka stands for the verdict.

In effects and events `view` is the round and `seq` the height.
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
from bft.protocols.tendermint import catch_up, fingerprint, lines, progress, receiving, recovery, requests, starting
from bft.protocols.tendermint.config import STATUS_TIMER, TendermintConfig
from bft.protocols.tendermint.messages import CatchUp, Precommit, Prevote, Propose, Status
from bft.protocols.tendermint.state import PROPOSE, State

NOTHING: tuple[object, ...] = ()


class TendermintReplica(StatefulReplica[State]):
    """One replica of a Tendermint system.

    Parameters
    ----------
    replica : int
        Its number, 0 to n − 1.
    config : TendermintConfig
        Parameters, equal at all replicas.
    keyring : Keyring
        Signs in this replica's name and verifies everybody's signatures.
    machine : StateMachine, optional
        What executing does; by default a log of answers.
    """

    __slots__ = ("_on_input", "_on_message")

    def __init__(
        self, replica: int, config: TendermintConfig, keyring: Keyring, machine: StateMachine | None = None
    ) -> None:
        self.id = replica
        self._state = State(replica, config, keyring, AnswerLog() if machine is None else machine)
        self._on_message = _ON_MESSAGE if config.plain else _ON_MESSAGE_BENT
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
            if handle(state, event.sender, message) is receiving.FILED:  # as most votes are
                return NOTHING
        else:
            self._on_input[type(event)](state, event)
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
    def state(self) -> State:
        """What the replica remembers; for oracles, which look at it and change nothing."""
        return self._state

    @property
    def view(self) -> int:
        """The current round of the current height; 0 before it starts."""
        return max(self._state.round, 0)

    @property
    def height(self) -> int:
        """The height that is being decided."""
        return self._state.height

    @property
    def timers(self) -> Mapping[str, tuple[int, int]]:
        """The timers that run, each with its height and round."""
        return self._state.timers

    @property
    def pending(self) -> Mapping[str, Request]:
        """Per client the latest request known and not executed, the one that has waited longest first."""
        return self._state.pending

    @property
    def last_executed(self) -> int:
        """The latest height decided."""
        return self._state.height - 1


def _on_request(state: State, event: ClientRequest) -> None:
    _take_request(state, 0, event.request)


def _take_request(state: State, sender: int, request: Request) -> None:
    """A client's request, from the client or passed on: the client's signature vouches for it."""
    del sender
    requests.take(state, request)
    if state.step == PROPOSE and state.is_proposer and state.proposing is None and state.valid is None:
        own = state.signed.get("Propose")
        if own is None or (own.height, own.round) != (state.height, state.round):
            starting.ask_for_value(state)
    lines.settle(state)


def _on_timer(state: State, event: TimerFired) -> None:
    if event.name == STATUS_TIMER:
        catch_up.on_status_timer(state)
    else:
        lines.on_timer(state, event)


def _on_proposal_ready(state: State, event: ProposalReady) -> None:
    starting.on_proposal_ready(state, event)
    lines.settle(state)


_ON_MESSAGE: dict[type, Callable[[State, int, Any], object]] = {
    Propose: receiving.on_proposal,
    Prevote: receiving.on_prevote,
    Precommit: receiving.on_precommit,
    Status: catch_up.on_status,
    CatchUp: catch_up.on_catch_up,
    Request: _take_request,
}

_ON_MESSAGE_BENT: dict[type, Callable[[State, int, Any], object]] = {
    **_ON_MESSAGE,
    Prevote: receiving.on_vote,
    Precommit: receiving.on_vote,
}

_ON_INPUT: dict[type, Callable[[State, Any], None]] = {
    ClientRequest: _on_request,
    ProposalReady: _on_proposal_ready,
    VerdictReady: lines.on_verdict,
    TimerFired: _on_timer,
    Restart: recovery.on_restart,
}
