"""Up to f first proposers that have crashed, are slow, or equivocate: every run ends as the law says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import bft
from bft.experiments.laws import law_of
from bft.simulation.simulate import Simulator

PROTOCOLS: list[tuple[str, dict[str, Any]]] = [
    ("pbft", {}),
    ("tendermint", {}),
    ("hotstuff", {}),
    ("hotstuff-2", {}),
    ("hotstuff-chained", {"chain": 2}),
    ("hotstuff-chained", {"chain": 3}),
]


@pytest.mark.parametrize("runs", [15, pytest.param(10_000, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("n", [4, 7])
@pytest.mark.parametrize("behaviour", ["crash", "slow", "equivocate"])
@pytest.mark.parametrize(("protocol", "own"), PROTOCOLS)
def test_f_faulty_first_proposers_stop_nobody_but_a_chain_of_three_among_four(
    protocol: str, own: dict[str, Any], behaviour: str, n: int, runs: int
) -> None:
    """One of four leaves a chain of three no four leaders in a row; a slow one is none too few."""
    faults = {"nodes": tuple(range((n - 1) // 3)), "behaviour": behaviour}
    scenario = bft.Scenario(protocol=protocol, n=n, faults=faults, **({protocol: own} if own else {}))
    stalls = own.get("chain") == 3 and n == 4 and behaviour != "slow"
    law = law_of(scenario)
    if behaviour != "slow":
        assert law is not None
        assert law.agree == (0.0 if stalls else 1.0)
    simulator = Simulator(scenario, 41)
    outcomes: Counter[str] = Counter()
    for each in range(runs):
        run = simulator.run(each)
        assert not run.breaches
        outcomes[run.outcome.value] += 1
    assert outcomes == {"stalled" if stalls else "agreed_correct": runs}
