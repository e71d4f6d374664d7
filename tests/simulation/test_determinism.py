"""The same seed gives the same run: in every process, for every hash seed and every Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bft
from bft.network.delays import UniformDelay

PROGRAM = """
import bft
from bft.network.delays import UniformDelay
hashes = []
for behaviour in ("equivocate", "lie", "crash_recover", ["slow", "withhold"]):
    scenario = bft.Scenario(
        n=7,
        faults=bft.Faults(delta=0.3, behaviour=behaviour),
        network=bft.Network(delay=UniformDelay(low_s=0.125, high_s=0.375), loss=0.05, duplication=0.05),
        requests=bft.Requests(count=5, rate_per_s=0.5),
        horizon_s=400,
    )
    simulator = bft.Simulator(scenario, seed=11)
    hashes += [simulator.run(replication).trace_hash[:16] for replication in range(3)]
print(" ".join(hashes))
"""


def hashes(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_the_trace_hash_is_the_same_in_every_process_and_for_every_hash_seed() -> None:
    first = hashes("0")
    assert len(set(first.split())) == 12, "every replication and behaviour has a run of its own"
    assert hashes("1") == first
    assert hashes("4242") == first


def scenario(**given: object) -> bft.Scenario:
    network = bft.Network(delay=UniformDelay(low_s=0.125, high_s=0.375))
    return bft.Scenario(n=7, network=network, faults=bft.Faults(delta=0.3, behaviour="equivocate"), **given)


def test_replications_do_not_depend_on_what_ran_before() -> None:
    simulator = bft.Simulator(scenario(), seed=3)
    forwards = [simulator.run(replication).trace_hash for replication in range(6)]
    again = bft.Simulator(scenario(), seed=3)
    backwards = [again.run(replication).trace_hash for replication in reversed(range(6))]
    assert backwards == forwards[::-1]
    assert bft.simulate(scenario(), 3, replication=4).trace_hash == forwards[4]


def test_another_seed_or_replication_is_another_run() -> None:
    runs = {
        bft.simulate(scenario(), seed, replication=replication).trace_hash for seed in (1, 2) for replication in (0, 1)
    }
    assert len(runs) == 4


def test_turning_on_loss_leaves_all_other_draws_as_they_were() -> None:
    calm = bft.Simulator(scenario(), seed=9)
    lossy = bft.Simulator(scenario().replace("network.loss", 0.01), seed=9)
    assert [sorted(calm.run(k).faults) for k in range(20)] == [sorted(lossy.run(k).faults) for k in range(20)]


def test_along_delta_the_faulty_sets_of_one_replication_only_grow() -> None:
    sets = [
        [
            set(bft.simulate(scenario().replace("faults.delta", delta), 5, replication=k).faults)
            for delta in (0.1, 0.3, 0.6)
        ]
        for k in range(20)
    ]
    assert all(low <= middle <= high for low, middle, high in sets)
    assert any(low < high for low, _, high in sets)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(bft.BftError, match="seed = -1: must be a whole number, 0 or more"):
        bft.simulate(bft.Scenario(), -1)


def test_this_run_is_the_same_on_every_python() -> None:
    """A run of additions and comparisons only (no logarithm, whose last digit may depend on the machine)."""
    run = bft.simulate(scenario(), 11)
    assert run.trace_hash == "5afcd1b29580a1481fff4508e3e602062310ea2b4d0b9f2e09fde26b025cc00b"
