"""States of single replicas that a search has met, each without what the replica has received; see `explorer`."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from bft.core.inputs import Input
from bft.protocols.tendermint import TendermintReplica
from bft.protocols.tendermint.config import PROPOSE_TIMER
from bft.protocols.tendermint.round_log import RoundLog
from bft.protocols.tendermint.state import PROPOSE


@dataclass(frozen=True, slots=True)
class Move:
    """One rule fired: the inputs, the state afterwards, what was sent and executed."""

    inputs: tuple[Input, ...]
    after: int
    said: int
    executed: str | None


class Local:
    """The states of single replicas that were met, by number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.replicas: list[TendermintReplica] = []
        self.said: list[int] = []
        self.executed: list[str | None] = []

    def add(self, replica: TendermintReplica, said: int, executed: str | None) -> int:
        """Return the number of a state; what the replica has received is forgotten first."""
        forget(replica)
        key = (self.print_of(replica), executed)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.replicas)
            self.replicas.append(replica)
            self.said.append(said)
            self.executed.append(executed)
        return number

    def print_of(self, replica: TendermintReplica, names: tuple[int, ...] | None = None) -> Hashable:
        """Return what a replica's future depends on, apart from what has been sent."""
        state = replica.state
        own = [(type(each).__name__, each.round, each.digest) for each in self._own(replica)]
        valid = None if state.valid is None else state.valid.digest
        name = replica.id if names is None else names[replica.id]
        lock = (state.locked_round, state.locked, state.valid_round, valid)
        return (name, state.height, state.round, state.step, lock, tuple(own))

    def _own(self, replica: TendermintReplica) -> list[Any]:
        logs = [log for _, log in sorted(replica.state.rounds.items())]
        mine: list[Any] = [each for log in logs for each in log.proposals.values()]
        return mine + [vote for log in logs for kind in (log.prevotes, log.precommits) for vote in kind.votes.values()]


def forget(replica: TendermintReplica) -> None:
    """Make a replica forget what others have said; of its timers only timeoutPropose runs on, as long as it waits."""
    state = replica.state
    for number, log in list(state.rounds.items()):
        kept = RoundLog(number)
        for kind, votes in ((kept.prevotes, log.prevotes), (kept.precommits, log.precommits)):
            own: Any = votes.votes.get(state.id)
            if own is not None:
                kind.votes[state.id] = own
                kind.add(own.digest, state.weights[state.id])
        kept.proposals = {digest: each for digest, each in log.proposals.items() if each.replica == state.id}
        kept.followed = state.valid_round == number
        state.rounds[number] = kept
    state.current = state.rounds.get(state.round)
    state.ahead = state.decidable = False
    running = {name: due for name, due in state.timers.items() if name == PROPOSE_TIMER and state.step == PROPOSE}
    state.timers.clear()
    state.timers.update(running)
    state.drops.clear()
