"""A network for tests of PBFT: it delivers what the test chooses, in the order the test chooses, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.messages import (
    Checkpoint,
    Commit,
    Decision,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    ViewChange,
)

Entry = tuple[int, int, Any]


class Network:
    """Replicas, the messages between them, their timers and what they persisted.

    `judge` and `answer` stand for the validators and may be replaced.
    Without `prompt` verdicts wait for `give_verdicts`.
    """

    def __init__(self, system: QuorumSystem, byzantine: Iterable[int] = (), **config: Any) -> None:
        self.system = system
        self.n = system.n
        self.config = PbftConfig(system=system, **config)
        self.keyring = SymbolicKeyring({*byzantine, "mallory"})
        self.byzantine = set(byzantine)
        self.pending: list[Entry] = []
        self.events: list[tuple[int, Any]] = []
        self.effects: list[Any] = []
        self.timers: list[dict[str, float]] = [{} for _ in range(self.n)]
        self.stored: list[dict[Any, Any]] = [{} for _ in range(self.n)]
        self.judge: Callable[[int, Proposal], Verdict] = lambda _replica, _proposal: Verdict.ACCEPT
        self.answer: Callable[[int, int, Request], str | None] = lambda _replica, view, _request: (
            f"answer in view {view}"
        )
        self.prompt = True
        self.asked: list[tuple[int, RequestVerdict]] = []
        self.down: set[int] = set()
        self.replicas = [self.new(replica) for replica in range(self.n)]

    def new(self, replica: int) -> PbftReplica:
        return PbftReplica(replica, self.config, self.keyring)

    def request(self, number: int = 0, *, client: str = "alice", timestamp: int | None = None) -> Request:
        stamp = number + 1 if timestamp is None else timestamp
        return self.keyring.sign(Request(client=client, timestamp=stamp, operation=f"question {number}"))

    # What happens to replicas

    def give(self, replica: int, event: Input) -> list[Any]:
        """Give an input, carry out the effects, return all effects and events."""
        if replica in self.down:
            return []
        waiting: list[Input] = [event]
        seen: list[Any] = []
        while waiting:
            effects = list(self.replicas[replica].step(0.0, waiting.pop(0)))
            seen += effects
            for effect in effects:
                waiting += self._perform(replica, effect)
        self.effects = seen
        return seen

    def ask(self, request: Request, to: Iterable[int] | None = None) -> None:
        for replica in range(self.n) if to is None else to:
            self.give(replica, ClientRequest(request))

    def send(self, sender: int, to: int, message: Any) -> list[Any]:
        """Deliver a message at once, bypassing what is pending."""
        return self.give(to, Deliver(sender, message))

    def fire(self, replica: int, timer: str = "view") -> list[Any]:
        assert self.timers[replica].pop(timer, None) is not None, f"{timer} timer of {replica} does not run"
        return self.give(replica, TimerFired(timer))

    def crash(self, replica: int) -> None:
        self.down.add(replica)
        self.timers[replica].clear()

    def restart(self, replica: int) -> list[Any]:
        self.down.discard(replica)
        self.timers[replica].clear()
        self.replicas[replica] = self.new(replica)
        return self.give(replica, Restart(dict(self.stored[replica])))

    def give_verdicts(self, replica: int, verdict: Verdict = Verdict.ACCEPT) -> None:
        asked = [each for node, each in self.asked if node == replica]
        self.asked = [each for each in self.asked if each[0] != replica]
        for each in asked:
            self.give(replica, VerdictReady(each.view, each.seq, each.digest, verdict))

    # What happens to messages

    def deliver(self, kind: type | None = None, *, sender: int | None = None, to: int | None = None) -> int:
        """Deliver what is pending now and matches, in the order in which it was sent; return how many."""
        chosen = self.take(kind, sender=sender, to=to)
        for origin, recipient, message in chosen:
            self.send(origin, recipient, message)
        return len(chosen)

    def take(self, kind: type | None = None, *, sender: int | None = None, to: int | None = None) -> list[Entry]:
        """Remove what is pending and matches from the network: it is lost unless the test delivers it."""

        def matches(entry: Entry) -> bool:
            return (
                (kind is None or isinstance(entry[2], kind))
                and (sender is None or entry[0] == sender)
                and (to is None or entry[1] == to)
            )

        chosen = [entry for entry in self.pending if matches(entry)]
        self.pending = [entry for entry in self.pending if not matches(entry)]
        return chosen

    drop = take

    def settle(self) -> None:
        """Deliver until nothing is pending."""
        for _ in range(200):
            if not self.deliver():
                return
        pytest.fail("the network does not come to rest")

    def decide(self, number: int = 0) -> Request:
        """Let everyone decide a request."""
        request = self.request(number)
        self.ask(request)
        self.settle()
        return request

    def move_to_view(self, view: int) -> None:
        """Let every view timer that runs fire until all are in the view."""
        while any(replica.view < view for node, replica in enumerate(self.replicas) if node not in self.down):
            for node in range(self.n):
                if node not in self.down and self.replicas[node].view < view and "view" in self.timers[node]:
                    self.fire(node)
            self.settle()

    # What can be seen

    def executed(self, replica: int) -> list[tuple[int, str | None]]:
        """Sequence numbers and answers, in order of execution; None for a null request."""
        return [(each.seq, each.proposal.answer) for each in self.of(replica, Execute)]

    def of(self, replica: int, *kinds: type) -> list[Any]:
        return [event for node, event in self.events if node == replica and isinstance(event, kinds)]

    def said(self, kind: type, *, sender: int | None = None) -> list[Any]:
        """Different messages of a kind that are pending."""
        found: list[Any] = []
        for origin, _, message in self.pending:
            if isinstance(message, kind) and (sender is None or origin == sender) and message not in found:
                found.append(message)
        return found

    def refused(self, replica: int, sender: int, message: Any, reason: str) -> None:
        """Check that a message is dropped for this reason and changes nothing else."""
        self.unchanged(replica, Deliver(sender, message), reason)

    def unchanged(self, replica: int, event: Input, reason: str) -> None:
        subject = self.replicas[replica]
        before, drops = subject.fingerprint(), dict(subject.drops)
        effects = subject.step(0.0, event)
        assert not list(effects)
        assert subject.fingerprint() == before
        assert dict(subject.drops) == {**drops, reason: drops.get(reason, 0) + 1}

    # What a test can forge

    def preprepare(self, view: int = 0, seq: int = 1, answer: str = "a", **given: Any) -> PrePrepare:
        request = given.pop("request", None) or self.request()
        proposal = Proposal(request=request, answer=answer)
        primary = view % self.n
        return self.keyring.sign(PrePrepare(view, seq, given.pop("digest", proposal.digest), proposal, primary))

    def prepare(self, to: PrePrepare, replica: int) -> Prepare:
        return self.keyring.sign(Prepare(to.view, to.seq, to.digest, replica))

    def commit(self, to: PrePrepare, replica: int) -> Commit:
        return self.keyring.sign(Commit(to.view, to.seq, to.digest, replica))

    def certificate(self, first: PrePrepare, *voters: int) -> PreparedCertificate:
        return PreparedCertificate(first, tuple(self.prepare(first, voter) for voter in voters))

    def decision(self, first: PrePrepare, *voters: int) -> Decision:
        return Decision(first.view, first.seq, first.proposal, tuple(self.commit(first, voter) for voter in voters))

    def checkpoint(self, seq: int, digest: str, replica: int) -> Checkpoint:
        return self.keyring.sign(Checkpoint(seq, digest, replica))

    def view_change(
        self,
        view: int,
        replica: int,
        *prepared: PreparedCertificate,
        low: int = 0,
        proof: tuple[Checkpoint, ...] = (),
    ) -> ViewChange:
        return self.keyring.sign(ViewChange(view, low, proof, prepared, replica))

    def _perform(self, replica: int, effect: Any) -> list[Input]:
        if isinstance(effect, Broadcast):
            self.pending += [(replica, other, effect.message) for other in range(self.n) if other != replica]
        elif isinstance(effect, Send):
            self.pending.append((replica, effect.recipient, effect.message))
        elif isinstance(effect, SetTimer):
            self.timers[replica][effect.name] = effect.delay_s
        elif isinstance(effect, CancelTimer):
            self.timers[replica].pop(effect.name, None)
        elif isinstance(effect, Persist | Forget):
            store(self.stored[replica], effect)
        elif isinstance(effect, RequestProposal):
            answer = self.answer(replica, effect.view, effect.request)
            return [ProposalReady(effect.view, effect.request, answer)]
        elif isinstance(effect, RequestVerdict):
            if self.prompt:
                return [VerdictReady(effect.view, effect.seq, effect.digest, self.judge(replica, effect.proposal))]
            self.asked.append((replica, effect))
        else:
            self.events.append((replica, effect))
        return []


def store(stored: dict[Any, Any], effect: Persist | Forget) -> None:
    """Do to a store what a host does."""
    if isinstance(effect, Forget):
        for key in [key for key in stored if key[0] in effect.kinds and key[1] <= effect.through]:
            del stored[key]
        return
    for key, value in effect.entries:
        if value is None:
            stored.pop(key, None)
        else:
            stored[key] = value


MakeNetwork = Callable[..., Network]


@pytest.fixture
def network() -> MakeNetwork:
    """Return what makes a network: `network(n=4, byzantine=(), quorum=…, **parameters of PbftConfig)`."""

    def make(
        n: int = 4,
        *,
        byzantine: Iterable[int] = (),
        f: int | None = None,
        quorum: int | None = None,
        stakes: list[float] | None = None,
        **config: Any,
    ) -> Network:
        return Network(QuorumSystem.of(n, f=f, quorum=quorum, stakes=stakes), byzantine, **config)

    return make


@pytest.fixture
def store_effect() -> Callable[[dict[Any, Any], Persist | Forget], None]:
    """Return what a host does with an effect on what survives a crash."""
    return store


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name cases by their first words, so that a list of tests reads as a list of sentences."""
    del argname
    return val if isinstance(val, str) and not isinstance(val, Mapping) else None
