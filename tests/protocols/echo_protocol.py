"""A protocol of about a hundred lines: a leader proposes, all echo what they accept, a quorum of echoes decides.

It is safe while fewer than 2q − n nodes are Byzantine, for every honest replica echoes once for each number; it has one
leader for ever, so that nothing is decided where the leader is faulty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bft.core.effects import Broadcast, Execute, Reply, RequestProposal, RequestVerdict
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, RequestKey
from bft.core.signatures import Keyring
from bft.core.state_machine import AnswerLog
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.protocols.protocol import EventKind, MessageKind, Protocol, Role, Setup
from bft.settings import Settings


class EchoSettings(Settings):
    """The table [echo]: who leads."""

    leader: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Propose:
    seq: int
    proposal: Proposal


@dataclass(frozen=True)
class Echo:
    seq: int
    proposal: Proposal


@dataclass(frozen=True)
class Echoed:
    """A quorum echoed a value."""

    view: int
    seq: int
    digest: str
    voters: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class EchoConfig:
    system: QuorumSystem
    leader: int


class EchoReplica:
    """One replica."""

    def __init__(self, node: int, config: EchoConfig, keyring: Keyring) -> None:
        del keyring  # links say who sent what, and nothing is passed on
        self.id, self.config, self.machine = node, config, AnswerLog()
        self.numbers: dict[RequestKey, int] = {}
        self.heard: dict[int, Proposal] = {}
        self.echoed: set[int] = set()
        self.voters: dict[tuple[int, Proposal], set[int]] = defaultdict(set)
        self.decided: dict[int, Proposal] = {}
        self.executed = 0

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input."""
        del now
        leader = self.config.leader
        match event:
            case ClientRequest(request) if self.id == leader and request.key not in self.numbers:
                self.numbers[request.key] = len(self.numbers) + 1
                return [RequestProposal(0, request)]
            case ProposalReady(request=request, answer=str(answer), wording=wording):
                seq, proposal = self.numbers[request.key], Proposal(request=request, answer=answer, wording=wording)
                return [Broadcast(Propose(seq, proposal)), *self.echo(seq, proposal)]
            case Deliver(sender, Propose(seq, proposal)) if sender == leader and seq not in self.heard:
                self.heard[seq] = proposal
                return [RequestVerdict(0, seq, proposal.digest, proposal)]
            case VerdictReady(seq=seq, verdict=Verdict.ACCEPT) if seq in self.heard:
                return self.echo(seq, self.heard[seq])
            case Deliver(sender, Echo(seq, proposal)):
                return self.count(seq, proposal, sender)
        return []

    def echo(self, seq: int, proposal: Proposal) -> list[object]:
        """Echo the first value of a number, and no other."""
        if seq in self.echoed:
            return []
        self.echoed.add(seq)
        return [Broadcast(Echo(seq, proposal)), *self.count(seq, proposal, self.id)]

    def count(self, seq: int, proposal: Proposal, voter: int) -> list[object]:
        """Count an echo; execute what a quorum has echoed, in order."""
        system, voters = self.config.system, self.voters[seq, proposal]
        voters.add(voter)
        out: list[object] = []
        if seq not in self.decided and system.weight(voters) >= system.quorum:
            self.decided[seq] = proposal
            out.append(Echoed(0, seq, proposal.digest, tuple(sorted(voters))))
        while self.executed + 1 in self.decided:
            self.executed += 1
            value = self.decided[self.executed]
            result = self.machine.apply(value)
            out.append(Execute(0, self.executed, value.digest, value, False, self.machine.digest()))
            out.append(Reply(value.request.client, value.request.timestamp, result))
        return out


def configure(setup: Setup) -> EchoConfig:
    """Return what each replica is told."""
    if setup.settings.leader >= setup.system.n:
        allowed = f"must be below n = {setup.system.n}"
        raise ScenarioError(bad_value("echo.leader", setup.settings.leader, allowed))
    return EchoConfig(system=setup.system, leader=setup.settings.leader)


ECHO = Protocol(
    name="echo",
    replica=EchoReplica,
    configure=configure,
    end_s=lambda setup: setup.last_arrival_s + 60.0,
    settings=EchoSettings,
    reads=frozenset({"stakes", "requests", "service"}),
    messages=(
        MessageKind(Propose, Role.PROPOSAL, slot=lambda told: told.seq, value=lambda told: told.proposal),
        MessageKind(Echo, Role.VOTE, slot=lambda told: told.seq, value=lambda told: told.proposal),
    ),
    events=(
        EventKind(
            Echoed,
            words=lambda event, names: f"counts a quorum for {names.of(event.digest)} at {event.seq}",
            mark=lambda event, names: ("committed", names.of(event.digest)),
            commits=True,
        ),
    ),
)
