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
from bft.core.request import Proposal, Request, RequestKey
from bft.core.shape import checks
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


well_formed = checks(Propose, Echo)


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
        self.id, self.config, self.keyring, self.machine = node, config, keyring, AnswerLog()
        self.numbers: dict[RequestKey, int] = {}
        self.heard: dict[int, Proposal] = {}
        self.echoed: set[int] = set()
        self.voters: dict[tuple[int, Proposal], set[int]] = defaultdict(set)
        self.decided: dict[int, Proposal] = {}
        self.executed = 0
        self.latest: dict[str, Reply] = {}

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; what is malformed, or asks for what no client signed, is dropped."""
        del now
        match event:
            case ClientRequest(request) if self.keyring.verify(request):
                return self.asked(request)
            case ProposalReady(request=request, answer=str(answer), wording=wording):
                seq, proposal = self.numbers[request.key], Proposal(request=request, answer=answer, wording=wording)
                return [Broadcast(Propose(seq, proposal)), *self.echo(seq, proposal)]
            case VerdictReady(seq=seq, verdict=Verdict.ACCEPT):
                return self.echo(seq, self.heard[seq])
            case Deliver(sender, Propose() as told) if sender == self.config.leader and self.authentic(told):
                if told.seq not in self.heard:
                    self.heard[told.seq] = told.proposal
                    return [RequestVerdict(0, told.seq, told.proposal.digest, told.proposal)]
            case Deliver(sender, Echo() as told) if self.authentic(told):
                return self.count(told.seq, told.proposal, sender)
        return []

    def authentic(self, told: Propose | Echo) -> bool:
        """Whether a message is well formed and names a request that its client signed."""
        if not well_formed(told) or told.seq < 1 or told.proposal.request is None:
            return False
        return self.keyring.verify(told.proposal.request)

    def asked(self, request: Request) -> list[object]:
        """Number a new request as the leader; answer again what was answered."""
        known = self.latest.get(request.client)
        if known is not None and known.timestamp == request.timestamp:
            return [known]
        if self.id != self.config.leader or request.key in self.numbers:
            return []
        self.numbers[request.key] = len(self.numbers) + 1
        return [RequestProposal(0, request)]

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
            out += self.execute(self.executed, self.decided[self.executed])
        return out

    def execute(self, seq: int, proposal: Proposal) -> list[object]:
        """Execute a value, unless its client has been answered as late a request before."""
        request = proposal.request
        assert request is not None
        before = self.latest.get(request.client)
        late = before is not None and before.timestamp >= request.timestamp
        if not late:
            self.latest[request.client] = Reply(request.client, request.timestamp, self.machine.apply(proposal))
        done = Execute(0, seq, proposal.digest, proposal, late, self.machine.digest())
        reply = self.latest[request.client]
        return [done, reply] if reply.timestamp == request.timestamp else [done]


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
