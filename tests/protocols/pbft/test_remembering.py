"""Replicas that do again what others did in earlier replications: runs are the same, bit for bit."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import bft
from bft.core.digest import digest_of
from bft.core.effects import Broadcast
from bft.core.inputs import ClientRequest, Deliver, TimerFired, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.core.verdict import Verdict
from bft.protocols.pbft import PbftConfig, PbftReplica, remembering
from bft.protocols.pbft.messages import Commit, Prepare, PrePrepare
from bft.protocols.pbft.protocol import PBFT
from bft.protocols.pbft.remembering import EMPTY, LISTED, PLAIN, UNORDERED, Memory, RememberingReplica
from bft.protocols.pbft.rules import Rules
from bft.protocols.pbft.state import State

SAME_AT_ALL = {
    "checkpoint_quorum", "commit_quorum", "config", "emit", "id", "join_quorum", "keyring", "least_prepares", "persist",
    "prepare_quorum", "rules", "system", "verifier", "view_change_quorum", "weights",
}  # fmt: skip
IN_WORDS_OF_THEIR_OWN = {"certificates", "decisions", "machine", "slots"}

SCENARIOS: dict[str, dict[str, Any]] = {
    "usual": {"n": 4},
    "seven": {"n": 7},
    "some err": {"n": 4, "validators": {"kind": "statistical", "accuracy": 0.6}},
    "views change now and then": {"n": 4, "pbft": {"view_timeout_s": 0.2}},
    "views change nearly always": {"n": 4, "pbft": {"view_timeout_s": 0.12, "timeout_growth": 1.2}},
    "asks again at once": {"n": 4, "retransmit_s": 0.15},
    "a checkpoint at once": {"n": 4, "pbft": {"checkpoint_interval": 1, "window": 2}},
    "slow links": {"n": 5, "network": {"delay": {"law": "lognormal", "median_s": 0.5, "log_sd": 2.0}}},
    "one view": {"n": 4, "views": 1, "validators": {"kind": "statistical", "accuracy": 0.5}},
    "stakes": {"n": 5, "stakes": [2, 1, 1, 1, 1]},
    "a larger quorum": {"n": 5, "quorum": 5},
}


def state_of(replica: PbftReplica) -> State:
    return replica._state


@pytest.mark.parametrize("name", SCENARIOS)
def test_runs_are_the_same_with_memory_and_without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(remembering, "FIRST", 1)
    scenario = bft.Scenario(**SCENARIOS[name])
    with_memory, without = bft.Simulator(scenario, 11), bft.Simulator(scenario, 11, remember=False)
    for replication in range(25):
        run, plain = with_memory.run(replication), without.run(replication)
        assert (run.trace_hash, run.outcome, run.metrics) == (plain.trace_hash, plain.outcome, plain.metrics)


def drawn(number: int) -> bft.Scenario:
    """Return a random scenario in which steps are remembered."""
    random = Random(f"remembered steps {number}")
    n = random.choice((4, 4, 4, 5, 6, 7, 7, 8, 10, 13))
    fields: dict[str, Any] = {"n": n}
    right = {"kind": "statistical", "accuracy": random.choice((0.5, 0.7, 0.9))}
    fields["validators"] = random.choice(("perfect", "statistical", right))
    if random.random() < 0.5:
        fields["pbft"] = {"view_timeout_s": random.choice((0.2, 0.5, 1.0, 2.0))}
    if random.random() < 0.2:
        fields["quorum"] = random.randint(n // 2 + 1, n)
    delay = random.choice((None, {"law": "exponential"}, {"law": "normal", "mean_s": 0.25}, {"law": "constant"}))
    if delay is not None:
        fields["network"] = {"delay": delay}
    return bft.Scenario(**fields)


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(10))
def test_a_hundred_thousand_random_runs_are_the_same_with_memory_and_without(chunk: int) -> None:
    for number in range(335 * chunk, 335 * (chunk + 1)):
        scenario = drawn(number)
        with_memory, without = bft.Simulator(scenario, number), bft.Simulator(scenario, number, remember=False)
        assert with_memory._memory is not None
        for replication in range(30):
            run, plain = with_memory.run(replication), without.run(replication)
            same = (run.trace_hash, run.outcome, run.metrics) == (plain.trace_hash, plain.outcome, plain.metrics)
            assert same, (number, replication)


def test_a_journal_is_the_same_with_memory() -> None:
    scenario = bft.Scenario(n=4)
    with_memory = bft.Simulator(scenario, 3, journal=True)
    without = bft.Simulator(scenario, 3, journal=True, remember=False)
    for replication in range(20):
        assert repr(with_memory.run(replication).journal) == repr(without.run(replication).journal)


def test_a_warm_memory_lets_no_replica_become_real() -> None:
    simulator = bft.Simulator(bft.Scenario(n=4), 5)
    for replication in range(60):
        simulator.run(replication)
    memory = simulator._memory
    memory._became_real = 0
    for replication in range(60):  # the same again
        simulator.run(replication)
    assert (memory._became_real, memory._steps > 20) == (0, True)


def test_where_most_replicas_become_real_nothing_more_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "JUDGED_EVERY", 16)
    simulator = bft.Simulator(bft.Scenario(**SCENARIOS["a checkpoint at once"]), 5)
    for replication in range(34):
        simulator.run(replication)
    assert not simulator._memory._pays


def test_every_part_of_a_state_is_in_the_summary_or_the_same_at_all_replicas() -> None:
    slots = {name for each in State.__mro__ for name in getattr(each, "__slots__", ())}
    parts = [*PLAIN, *LISTED, *UNORDERED, *EMPTY, *SAME_AT_ALL, *IN_WORDS_OF_THEIR_OWN]
    assert sorted(slots) == sorted(parts)


class Decision:
    """Replica 3 of four and what it is told while something is decided, by a memory's replica and by a real one.

    `known` are votes that remembered steps take; both replicas must do the same, whatever they are given.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remembering, "FIRST", 0)
        self.memory = Memory(PBFT, PbftConfig(system=QuorumSystem.of(4), durable=False), 4)
        self.keyring = SymbolicKeyring()
        request = self.keyring.sign(Request(client="alice", timestamp=1, operation="question"))
        proposal = Proposal(request=request, answer="answer")
        first = self.known(PrePrepare(0, 1, proposal.digest, proposal, 0))
        self.begin = [ClientRequest(request), first, VerdictReady(0, 1, proposal.digest, Verdict.ACCEPT)]
        self.prepares = [self.known(Prepare(0, 1, proposal.digest, voter)) for voter in range(3)]
        self.commits = [self.known(Commit(0, 1, proposal.digest, voter)) for voter in range(3)]
        self.others = [self.known(Commit(0, 1, digest_of("other"), voter)) for voter in range(3)]

    def known(self, message: Any) -> Deliver:
        self.memory._tell(Broadcast(self.keyring.sign(message)))
        return Deliver(message.replica, message)

    def follow(self, *events: Any) -> tuple[PbftReplica, PbftReplica]:
        """Give both replicas these inputs and compare what they do; return the memory's, now real, and the other."""
        remembers = self.memory.replica(3, self.memory._given[1], self.keyring)
        real = PbftReplica(3, self.memory._given[1], self.keyring)
        for event in events:
            assert list(remembers.step(0.0, event)) == list(real.step(0.0, event))
        assert isinstance(remembers, RememberingReplica)
        _ = remembers.progress  # to have it, it becomes a real one
        assert remembers._real is not None
        return remembers._real, real

    def warm(self) -> None:
        """Let the usual way of deciding be remembered."""
        self.follow(*self.begin, self.prepares[1], *self.commits, self.prepares[2])
        self.follow(*self.begin[:2], self.prepares[1], self.begin[2], *self.commits)
        steps = self.memory._steps
        self.follow(*self.begin, self.prepares[2], *reversed(self.commits), self.prepares[1])
        assert self.memory._steps == steps


UNUSUAL: dict[str, Callable[[Decision], list[Any]]] = {
    "the same vote twice": lambda each: [each.commits[0], each.commits[0]],
    "a vote in another's name": lambda each: [each.commits[0], Deliver(2, each.commits[1].message)],
    "another value": lambda each: [each.commits[0], each.others[1], each.commits[1], each.commits[2]],
    "a later view": lambda each: [each.commits[0], Deliver(1, Prepare(5, 1, digest_of("later"), 1)), each.commits[2]],
    "a timer": lambda each: [each.commits[0], TimerFired("status"), each.commits[1]],
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_inputs_do_what_they_do_at_a_real_replica(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    decision = Decision(monkeypatch)
    decision.warm()
    became, real = decision.follow(*decision.begin, decision.prepares[1], *UNUSUAL[name](decision))
    assert (became.progress, became.drops) == (real.progress, real.drops)
    assert state_of(became).slots[1].commits == state_of(real).slots[1].commits


def test_a_prepare_of_the_primary_is_no_known_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = Decision(monkeypatch)
    decision.warm()
    decision.follow(*decision.begin[:2], decision.prepares[0], decision.begin[2], *decision.commits)


def test_votes_that_came_early_for_two_values_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = Decision(monkeypatch)
    (one, two, three), (_, other, another) = decision.commits, decision.others
    for votes in ((one, two, another), (one, other, another), (one, other, another), (one, other, three)):
        decision.follow(*votes, *decision.begin, decision.prepares[1])


def test_a_copy_of_a_memory_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = Decision(monkeypatch)
    decision.warm()
    copy = pickle.loads(pickle.dumps(decision.memory))
    assert (decision.memory._steps > 5, copy._steps, copy.told) == (True, 0, {})


class Other(PbftReplica):
    """Somebody's own."""


@pytest.mark.parametrize("different", ["replicas", "rules", "weights", "durable"])
def test_other_replicas_rules_and_weights_are_not_remembered(monkeypatch: pytest.MonkeyPatch, different: str) -> None:
    monkeypatch.setattr(remembering, "FIRST", 0)
    protocol = replace(PBFT, name="mine", replica=Other) if different == "replicas" else PBFT
    rules = Rules(commit_quorum=lambda system: system.weak) if different == "rules" else Rules()
    system = QuorumSystem.of(4, stakes=[2, 1, 1, 1]) if different == "weights" else QuorumSystem.of(4)
    config = PbftConfig(system=system, rules=rules, durable=different == "durable")
    replica: object = Memory(protocol, config, 4).replica(0, config, SymbolicKeyring())
    assert type(replica) is (Other if different == "replicas" else PbftReplica)
