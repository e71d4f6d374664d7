"""Exponential processing times: the law of IBFT, IBFT and PBFT simulated naively, and the simulation of the package.

Means of batches are compared at four standard errors: with seeds drawn afresh each comparison would fail once in
16,000 times.
"""

from __future__ import annotations

import heapq
import math
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise

import pytest

import bft
from bft.core.effects import Execute
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.theory.processing_times import ibft_decision_time, ibft_utilisation
from simulations.processing_times import run_of

BATCHES = 20
PRINTED = {4: 11.541, 16: 36.765, 32: 69.409, 64: 133.968, 82: 170.135}


class Naive:
    """n nodes that take in messages one after another; what they say to each other is one letter and a number.

    Parameters
    ----------
    itself : bool
        Whether a node takes in its own messages like those of others, instead of knowing them at once.
    """

    def __init__(self, n: int, seed: int, *, itself: bool) -> None:
        self.n, self.itself = n, itself
        self.quorum = QuorumSystem.of(n).quorum
        self.random = random.Random(seed)
        self.free_s = [0.0] * n
        self.due: list[tuple[float, int, int, str, int]] = []
        self.sent = 0
        self.seen: list[Counter[tuple[str, int]]] = [Counter() for _ in range(n)]
        self.said: list[set[tuple[str, int]]] = [set() for _ in range(n)]
        self.decided_s: list[list[float]] = [[] for _ in range(n)]
        self.on_decision: Callable[[int, float], None]

    def broadcast(self, node: int, kind: str, number: int, now_s: float) -> None:
        self.said[node].add((kind, number))
        for other in range(self.n):
            if other != node or self.itself:
                self.free_s[other] = max(self.free_s[other], now_s) + self.random.expovariate(1.0)
                self.sent += 1
                heapq.heappush(self.due, (self.free_s[other], self.sent, other, kind, number))
        if not self.itself:
            self.seen[node][kind, number] += 1

    def run(self, decisions: int) -> None:
        while min(map(len, self.decided_s)) < decisions:
            now_s, _, node, kind, number = heapq.heappop(self.due)
            self.seen[node][kind, number] += 1
            self.react(node, now_s)

    def react(self, node: int, now_s: float) -> None:
        """Do what the messages taken in allow, for the instance that the node is in."""
        while True:
            number = len(self.decided_s[node]) + 1
            seen, said = self.seen[node], self.said[node]
            if seen["pre-prepare", number] and ("prepare", number) not in said and not self.leads(node, number):
                self.broadcast(node, "prepare", number, now_s)
            stands_for = int(not self.itself)  # the primary's pre-prepare stands for its prepare, in PBFT
            prepared = seen["prepare", number] + stands_for * seen["pre-prepare", number] >= self.quorum
            if prepared and seen["pre-prepare", number] and ("commit", number) not in said:
                self.broadcast(node, "commit", number, now_s)
            if seen["commit", number] < self.quorum or ("commit", number) not in said:
                return
            self.decided_s[node].append(now_s)
            self.on_decision(node, now_s)

    def leads(self, node: int, number: int) -> bool:
        """Whether the node sent the pre-prepare, and so has nothing to prepare (PBFT alone)."""
        return not self.itself and ("pre-prepare", number) in self.said[node]


def ibft(n: int, decisions: int, seed: int) -> Naive:
    """Own messages are taken in like others; the next leader, drawn at random, starts as soon as it has decided."""
    naive = Naive(n, seed, itself=True)
    leader = [naive.random.randrange(n) for _ in range(decisions + 10 * n)]

    def next_one(node: int, now_s: float) -> None:
        number = len(naive.decided_s[node]) + 1
        if leader[number] == node:
            naive.broadcast(node, "pre-prepare", number, now_s)

    naive.on_decision = next_one
    naive.broadcast(leader[1], "pre-prepare", 1, 0.0)
    naive.run(decisions)
    return naive


def pbft(n: int, decisions: int, seed: int) -> Naive:
    """Own votes are known at once; one client asks anew when f + 1 nodes have executed; node 0 leads."""
    naive = Naive(n, seed, itself=False)
    replies: Counter[int] = Counter()
    weak = QuorumSystem.of(n).weak

    def reply(node: int, now_s: float) -> None:
        number = len(naive.decided_s[node])
        replies[number] += 1
        if replies[number] == weak:
            naive.broadcast(0, "pre-prepare", number + 1, now_s)

    naive.on_decision = reply
    naive.broadcast(0, "pre-prepare", 1, 0.0)
    naive.run(decisions)
    return naive


def between(at_s: list[float]) -> tuple[float, float]:
    """Return the mean time between decisions, with its standard error from batches; the first tenth is left out."""
    first = len(at_s) // 10
    length = (len(at_s) - 1 - first) // BATCHES
    gaps = [(later - sooner) / length for sooner, later in pairwise(at_s[first::length])]
    return statistics.mean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps))


def test_the_law_has_the_printed_values() -> None:
    for n, printed in PRINTED.items():
        assert ibft_decision_time(n) == pytest.approx(printed, abs=5e-4)
        assert ibft_decision_time(n, per_s=4.0) == pytest.approx(printed / 4.0, abs=5e-4)
        assert 0.0 < ibft_utilisation(n) < 1.0
    assert ibft_utilisation(10**6) == pytest.approx(1.0, abs=1e-4), "in the end work is all there is"


@pytest.mark.parametrize("n", [3, 4.0, True])
def test_the_law_refuses_what_is_no_number_of_nodes(n: object) -> None:
    with pytest.raises(ScenarioError, match=r"^n = .*: must be a whole number, 4 or more"):
        ibft_decision_time(n)  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "decisions", "share"), [(4, 3000, 0.9147), (16, 300, 0.9744)])
def test_ibft_is_a_little_faster_than_its_law(n: int, decisions: int, share: float) -> None:
    # The law is an approximation. Of it 40,000 and 3,000 decisions took .9147 and .9744, with standard errors of .0009
    # and .0022; 800 at n = 32 took .992, with .003.
    mean, error = between(ibft(n, decisions, 1).decided_s[0])
    assert abs(mean / ibft_decision_time(n) - share) < 4.0 * error / ibft_decision_time(n)
    assert error < 0.03 * mean


@pytest.mark.parametrize(("n", "decisions"), [(4, 1000), (16, 120)])
def test_runs_take_as_long_as_pbft_simulated_naively(n: int, decisions: int) -> None:
    run = run_of(n, decisions, 1)
    assert run.requests.executed == decisions
    at_s: dict[int, list[float]] = defaultdict(list)
    for time_s, node, _ in run.trace.of(Execute):
        at_s[node].append(time_s)
    ours, error = between(at_s[0])
    naive, naive_error = between(pbft(n, 2 * decisions, 2).decided_s[0])
    assert abs(ours - naive) < 4.0 * math.hypot(error, naive_error)
    assert math.hypot(error, naive_error) < 0.04 * ours, "an interval this wide shows nothing"
    assert run.metrics.messages_delivered == pytest.approx((2 * n - 2) * n * decisions, rel=0.01)
    assert ours < ibft_decision_time(n), "fewer messages, and own votes for nothing"


def test_constant_times_are_as_before_and_an_unknown_law_is_refused() -> None:
    plain = bft.Scenario(network={"processing": {"message_s": 1.0}})
    assert "law" not in plain.to_dict()["network"]["processing"]
    named = bft.Scenario(network={"processing": {"message_s": 1.0, "law": "constant"}})
    assert bft.simulate(named, 3).trace_hash == bft.simulate(plain, 3).trace_hash
    drawn = plain.replace("network.processing.law", "exponential")
    assert bft.Scenario.from_dict(drawn.to_dict()) == drawn
    assert bft.simulate(drawn, 3).trace_hash != bft.simulate(plain, 3).trace_hash
    with pytest.raises(
        ScenarioError, match=r"^network\.processing\.law = 'normal': must be 'constant' or 'exponential'"
    ):
        plain.replace("network.processing.law", "normal")


def test_signing_takes_exponential_times_too() -> None:
    # A broadcast of one node, in the end: with n = 1 there is none, so two nodes, whose pre-prepare waits for signing.
    scenario = bft.Scenario(
        n=2,
        network={
            "delay": {"law": "constant", "delay_s": 0.0},
            "processing": {"message_s": 0.0, "verify_s": 0.0, "sign_s": 1.0, "law": "exponential"},
        },
        pbft={"view_timeout_s": 1e6},
        retransmission=False,
    )
    simulator = bft.Simulator(scenario, 5)
    times = [simulator.run(number).metrics.last_decided_at_s for number in range(200)]
    assert all(time_s is not None for time_s in times)
    assert len(set(times)) == 200
