"""A network for tests of Tendermint: it delivers what the test chooses, in the order the test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Execute,
    Forget,
    Persist,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.core.verdict import Verdict
from bft.protocols.tendermint import TendermintConfig, TendermintReplica
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.state import State


class Network:
    """Replicas, the messages between them, their timers and what they persisted.

    `judge` and `answer` stand for the validators and may be replaced. Without `prompt` verdicts wait for
    `give_verdicts`.
    """

    def __init__(self, system: QuorumSystem, byzantine: Iterable[int] = (), **config: Any) -> None:
        self.system, self.n = system, system.n
        self.config = TendermintConfig(system=system, **config)
        self.keyring = SymbolicKeyring({*byzantine, "mallory"})
        self.byzantine = set(byzantine)
        self.pending: list[tuple[int, int, Any]] = []
        self.events: list[tuple[int, Any]] = []
        self.effects: list[Any] = []
        self.timers: list[dict[str, float]] = [{} for _ in range(self.n)]
        self.stored: list[dict[Any, Any]] = [{} for _ in range(self.n)]
        self.judge: Callable[[int, Proposal], Verdict] = lambda _replica, _proposal: Verdict.ACCEPT
        self.answer: Callable[[int, int, Request], str | None] = lambda replica, view, _: f"{replica} in {view}"
        self.prompt = True
        self.asked: list[tuple[int, RequestVerdict]] = []
        self.down: set[int] = set()
        self.replicas = [self.new(replica) for replica in range(self.n)]

    def new(self, replica: int) -> TendermintReplica:
        return TendermintReplica(replica, self.config, self.keyring)

    def state(self, replica: int) -> State:
        return self.replicas[replica].state

    def request(self, number: int = 0, *, client: str = "alice") -> Request:
        return self.keyring.sign(Request(client=client, timestamp=number + 1, operation=f"question {number}"))

    def value(self, answer: str, number: int = 0) -> Proposal:
        return Proposal(request=self.request(number), answer=answer)

    def give(self, replica: int, event: Input) -> list[Any]:
        """Give an input, carry out the effects, return all effects and events."""
        if replica in self.down or replica in self.byzantine:
            return []
        waiting, done = [event], []
        while waiting:
            for effect in self.replicas[replica].step(0.0, waiting.pop(0)):
                done.append(effect)
                waiting += self.carry_out(replica, effect)
        self.effects += done
        return done

    def carry_out(self, replica: int, effect: Any) -> list[Input]:
        match effect:
            case Broadcast(message=message):
                self.pending += [(replica, other, message) for other in range(self.n) if other != replica]
            case Send(recipient=recipient, message=message):
                self.pending.append((replica, recipient, message))
            case SetTimer(name=name, delay_s=delay_s):
                self.timers[replica][name] = delay_s
            case CancelTimer(name=name):
                self.timers[replica].pop(name, None)
            case Persist(entries=entries):
                for key, value in entries:
                    self.stored[replica][key] = value
                    if value is None:
                        del self.stored[replica][key]
            case Forget(kinds=kinds, through=through):
                old = [key for key in self.stored[replica] if key[0] in kinds and key[1] <= through]
                for key in old:
                    del self.stored[replica][key]
            case RequestProposal(view=view, request=request):
                return [ProposalReady(view, request, self.answer(replica, view, request))]
            case RequestVerdict(view=view, seq=seq, digest=digest, proposal=proposal):
                self.asked.append((replica, effect))
                if self.prompt:
                    return [VerdictReady(view, seq, digest, self.judge(replica, proposal))]
            case _:
                self.events.append((replica, effect))
        return []

    def ask(self, *numbers: int, to: Iterable[int] | None = None) -> None:
        for number in numbers or (0,):
            for replica in range(self.n) if to is None else to:
                self.give(replica, ClientRequest(self.request(number)))

    def tell(self, replica: int, message: Any) -> list[Any]:
        """Deliver a message of its signer's."""
        return self.give(replica, Deliver(message.replica, message))

    def deliver(self, wanted: Callable[[int, int, Any], bool] = lambda *_: True, *, waves: int = 50) -> None:
        """Deliver what is wanted, and what comes of it; the rest is lost."""
        for _ in range(waves):
            if not self.pending:
                return
            wave, self.pending = self.pending, []
            for sender, recipient, message in wave:
                if wanted(sender, recipient, message):
                    self.give(recipient, Deliver(sender, message))

    def wave(self, wanted: Callable[[int, int, Any], bool] = lambda *_: True) -> None:
        """Deliver one wave."""
        self.deliver(wanted, waves=1)

    def fire(self, name: str, *replicas: int) -> None:
        """Let a timer run out."""
        for replica in replicas or range(self.n):
            if self.timers[replica].pop(name, None) is not None:
                self.give(replica, TimerFired(name))

    def restart(self, replica: int) -> list[Any]:
        self.down.discard(replica)
        self.timers[replica].clear()
        self.replicas[replica] = self.new(replica)
        return self.give(replica, Restart(dict(self.stored[replica])))

    def executed(self, replica: int) -> list[str | None]:
        done = [event for node, event in self.events if node == replica and isinstance(event, Execute)]
        return [event.proposal.answer for event in done]

    def said(self, kind: type, *, of: int | None = None) -> list[Any]:
        sent = [each.message for each in self.effects if isinstance(each, Broadcast)]
        return [each for each in sent if isinstance(each, kind) and of in (None, each.replica)]

    def propose(self, value: Proposal, *, round_: int = 0, by: int, valid_round: int = -1, height: int = 1) -> Propose:
        return self.keyring.sign(Propose(height, round_, value, valid_round, by))

    def prevote(self, value: Proposal | None, *, by: int, round_: int = 0, height: int = 1) -> Prevote:
        return self.keyring.sign(Prevote(height, round_, value and value.digest, by))

    def precommit(self, value: Proposal | None, *, by: int, round_: int = 0, height: int = 1) -> Precommit:
        return self.keyring.sign(Precommit(height, round_, value and value.digest, by))


@pytest.fixture
def four() -> Network:
    """Four replicas, all honest."""
    return Network(QuorumSystem.of(4))


@pytest.fixture
def alone() -> Network:
    """Replica 3 of four alone; the test speaks for the others."""
    return Network(QuorumSystem.of(4), byzantine=(0, 1, 2))
