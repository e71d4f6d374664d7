"""A few small sweeps that figures are drawn from."""

from __future__ import annotations

import pytest

import bft


@pytest.fixture(scope="session")
def by_n() -> bft.Sweep:
    """Agreement along δ for two sizes."""
    return bft.sweep(over={"n": [4, 7], "faults.delta": "0:0.5:3"}, replications=20, seed=1, workers=1)


@pytest.fixture(scope="session")
def llms() -> bft.Sweep:
    """All outcomes of fallible validators along δ."""
    scenario = bft.Scenario(n=4, validators="statistical")
    return bft.sweep(scenario, over={"faults.delta": "0:0.5:3"}, replications=20, seed=1, workers=1)


@pytest.fixture(scope="session")
def behaviours() -> bft.Sweep:
    """Outcomes over categories, one of them with splits and one without a law."""
    scenario = bft.Scenario(n=4, faults=bft.Faults(delta=0.4))
    over = {"faults.behaviour": ["crash", "equivocate", "slow"]}
    return bft.sweep(scenario, over=over, replications=20, seed=1, workers=1)
