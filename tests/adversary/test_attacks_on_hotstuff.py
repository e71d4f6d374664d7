"""Equivocators against HotStuff: every faulty set of small systems ends as the law says; K < 2q − n never splits."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.experiments.laws import law_of
from bft.simulation.simulate import Simulator

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("hotstuff", {}),
    ("hotstuff-2", {}),
    ("hotstuff-chained", {}),
    ("hotstuff-chained", {"hotstuff-chained": {"chain": 2}}),
]
OUTCOMES = {"agreed_correct": "agree", "split": "split", "stalled": "stalled", "partial": "partial"}


def attacked(protocol: str, own: dict[str, Any], n: int, nodes: tuple[int, ...], behaviour: str) -> Any:
    scenario = bft.Scenario(protocol=protocol, n=n, faults={"nodes": nodes, "behaviour": behaviour}, **own)
    return scenario, Simulator(scenario, 1).run()


@pytest.mark.parametrize(("protocol", "own"), VARIANTS)
@pytest.mark.parametrize("n", [4, 5, pytest.param(6, marks=pytest.mark.nightly)])
def test_equivocators_do_to_every_set_of_honest_nodes_what_the_law_says(
    protocol: str, own: dict[str, Any], n: int
) -> None:
    judged = 0
    for k in range(1, n):
        for nodes in combinations(range(n), k):
            scenario, run = attacked(protocol, own, n, nodes, "equivocate")
            law = law_of(scenario)
            found = OUTCOMES[run.outcome.value]
            if law is not None:
                judged += 1
                assert getattr(law, found) == 1.0, (nodes, found)
            if k < QuorumSystem.of(n).safe_below:
                assert found != "split"
    apart = QuorumSystem.of(n).live_up_to < QuorumSystem.of(n).safe_below
    assert judged == (2**n - 2 if apart or protocol != "hotstuff-chained" else 0)


@pytest.mark.parametrize(("protocol", "own"), VARIANTS)
def test_a_split_needs_as_many_own_leaders_in_a_row_as_a_commit_does(protocol: str, own: dict[str, Any]) -> None:
    length = {"hotstuff": 1, "hotstuff-2": 1}.get(protocol, 3 if own else 4)
    together = tuple(range(2, 2 + max(length, 3)))
    assert attacked(protocol, own, 7, together, "equivocate")[1].outcome.value == "split"
    if length > 1:
        apart = (0, 2, 4, 6)[: len(together)]
        assert attacked(protocol, own, 7, apart, "equivocate")[1].outcome.value == "stalled"


@pytest.mark.parametrize(("protocol", "own"), VARIANTS)
def test_twins_split_where_they_lead_and_are_found_out_below_the_bound(protocol: str, own: dict[str, Any]) -> None:
    leaders = (0, 1, 2, 3) if protocol == "hotstuff-chained" and not own else (0, 1, 2)
    assert attacked(protocol, own, 7, leaders, "twins")[1].outcome.value == "split"
    for nodes in combinations(range(4), 1):
        assert not attacked(protocol, own, 4, nodes, "twins")[1].breaches


@pytest.mark.parametrize("behaviour", ["withhold", "silent_primary", "equivocate", "slow", "lie", "collude"])
@pytest.mark.parametrize(("protocol", "own"), VARIANTS)
def test_up_to_f_faulty_nodes_of_seven_break_nothing_and_stall_nothing_where_leaders_enough_are_in_a_row(
    protocol: str, own: dict[str, Any], behaviour: str
) -> None:
    scenario, run = attacked(protocol, own, 7, (2, 3), behaviour)
    assert not run.breaches
    if behaviour in ("withhold", "equivocate"):
        assert any(len(told) > 1 for told in run.faults.values()), "the fault was seen to fire"
    assert run.outcome.value in ("agreed_correct", "agreed_wrong")
    law = law_of(scenario)
    assert law is None or law.agree == 1.0


@pytest.mark.parametrize("chain", [2, 3])
def test_agreement_against_delta_lies_in_its_interval_beside_the_law(chain: int) -> None:
    """80 runs each of 2 values of δ; intervals of 99.9 % of the binomial law: a false alarm in 500 such tests."""
    own = {"hotstuff-chained": {"chain": chain}}
    scenario = bft.Scenario(protocol="hotstuff-chained", n=7, **own)
    for delta in (0.15, 0.35):
        told = scenario.replace("faults.delta", delta)
        law = law_of(told)
        assert law is not None
        simulator = Simulator(told, 11)
        agreed = sum(simulator.run(each).outcome.value == "agreed_correct" for each in range(80))
        assert abs(agreed / 80 - law.agree) < 3.29 * float(np.sqrt(law.agree * (1 - law.agree) / 80))


def test_a_sweep_tells_the_laws_of_all_variants_beside_its_rows() -> None:
    sweep = bft.sweep(
        bft.Scenario(n=4),
        over={"protocol": ["hotstuff", "hotstuff-2", "hotstuff-chained"], "faults.delta": [0.1]},
        replications=2,
        seed=1,
    )
    exact = {row["protocol"]: row["exact_agree"] for row in sweep.rows}
    assert {name: round(value, 4) for name, value in exact.items()} == {
        "hotstuff": 0.9477,
        "hotstuff-2": 0.9477,
        "hotstuff-chained": 0.6561,
    }


@pytest.mark.parametrize("behaviour", ["crash", "collude"])
@pytest.mark.parametrize("accuracy", [None, 0.75])
def test_in_phases_validators_decide_replication_by_replication_as_under_pbft(
    behaviour: str, accuracy: float | None
) -> None:
    """Both draw who is faulty and who answers what from the same streams, so their law is the same, too."""
    validators = {"kind": "perfect"} if accuracy is None else {"kind": "statistical", "accuracy": accuracy}
    faults = {"delta": 0.25, "behaviour": behaviour}
    scenarios = [
        bft.Scenario(protocol=protocol, n=4, faults=faults, validators=validators)
        for protocol in ("pbft", "hotstuff", "hotstuff-2")
    ]
    laws = [law_of(scenario) for scenario in scenarios]
    assert all(law is not None and law.agree == laws[0].agree for law in laws if laws[0] is not None)
    simulators = [Simulator(scenario, 5) for scenario in scenarios]
    for each in range(30):
        assert len({simulator.run(each).outcome for simulator in simulators}) == 1
