"""Figures that others have published or computed, met by the simulator.

Sources: the reference tables handed down with the project (independent Monte Carlo, with 95 % intervals) and
csienslab/BFT-Simulator (Wang et al., DSN 2022). Each comparison allows 4.4 standard errors of both sides together, so
that all of them together raise a false alarm with probability below 1e-4 for a given seed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.network.delays import NormalDelay
from bft.record.outcome import Outcome
from bft.theory import lossy_links_law

WITHIN = 4.4  # standard errors; two-sided tail 1.1e-5

LATENCIES = [
    # n, crashed backups, quorum, mean ms, half-width of its 95 % interval, runs
    (4, 0, None, 733.82, 0.61, 2000),
    (16, 0, None, 793.09, 0.46, 500),
    (32, 0, 21, 792.77, 0.43, 150),
    (64, 0, None, 802.18, 0.56, 50),
    (16, 5, None, 1009.4, 2.3, 500),
    (32, 10, 21, 974.0, 1.3, 150),
    (64, 21, None, 1105.9, 1.7, 50),
]


@pytest.mark.parametrize(("n", "crashed", "quorum", "mean_ms", "half_width_ms", "runs"), LATENCIES)
def test_latency_of_one_decision(
    n: int, crashed: int, quorum: int | None, mean_ms: float, half_width_ms: float, runs: int
) -> None:
    """Delays N(250, 50) ms, until n − f replicas decided.

    The published figures for n = 32 wait for 2f + 1 = 21 votes. Two such sets may share faulty replicas only; the
    quorum that is safe for n = 32 is 22, and takes 803 ms. So this figure is reproduced with a tuned quorum.
    """
    scenario = bft.Scenario(
        n=n,
        quorum=quorum,
        network=bft.Network(delay=NormalDelay(mean_s=0.25, sd_s=0.05)),
        faults=bft.Faults(nodes=tuple(range(n - crashed, n)), behaviour="crash"),
        pbft={"view_timeout_s": 60.0},
    )
    simulator = bft.Simulator(scenario, 41)
    times = [simulator.run(replication).metrics.decided_at_s for replication in range(runs)]
    decided_ms = 1000.0 * np.array([time for time in times if time is not None])
    assert len(decided_ms) == runs
    error = np.hypot(decided_ms.std(ddof=1) / np.sqrt(runs), half_width_ms / 1.96)
    assert abs(decided_ms.mean() - mean_ms) < WITHIN * error


@pytest.mark.parametrize(("n", "messages"), [(4, 24), (16, 480), (32, 1984), (64, 8064)])
def test_messages_of_one_decision(n: int, messages: int) -> None:
    assert bft.simulate(bft.Scenario(n=n), 1).metrics.messages_delivered == messages


LOSSY = [
    (4, 0.01, 0.96856, 0.00146, 0.02998),
    (4, 0.1, 0.61371, 0.11376, 0.27253),
    (4, 0.3, 0.07656, 0.60538, 0.31806),
    (7, 0.01, 0.94128, 0.00023, 0.05849),
    (7, 0.1, 0.44416, 0.11138, 0.44446),
    (7, 0.3, 0.00381, 0.83369, 0.16251),
]


@pytest.mark.parametrize(("n", "loss", "everybody", "nobody", "some"), LOSSY)
def test_lossy_links_in_a_single_view_without_retransmission(
    n: int, loss: float, everybody: float, nobody: float, some: float
) -> None:
    runs = 2000
    scenario = bft.Scenario(n=n, network=bft.Network(loss=loss), views=1, retransmission=False)
    simulator = bft.Simulator(scenario, 43)
    outcomes = [simulator.run(replication).outcome for replication in range(runs)]
    law = lossy_links_law(QuorumSystem.of(n), loss)
    expected = {Outcome.AGREED_CORRECT: everybody, Outcome.STALLED: nobody, Outcome.PARTIAL: some}
    assert (law.agree, law.stalled, law.partial) == (
        pytest.approx(everybody, abs=6e-6),
        pytest.approx(nobody, abs=6e-6),
        pytest.approx(some, abs=6e-6),
    )
    for outcome, probability in expected.items():
        error = np.sqrt(probability * (1 - probability) / runs)
        # A rare outcome is not normal: one run more than the 4.4 errors is Poisson's due.
        assert abs(outcomes.count(outcome) / runs - probability) < WITHIN * error + 1 / runs


@pytest.mark.parametrize("panel", ["mmlu_pro/strong7", "gsm8k/diverse10"])
@pytest.mark.parametrize(("behaviour", "column"), [("crash", "crash"), ("collude", "collude_popular")])
@pytest.mark.parametrize("runs", [150, pytest.param(4000, marks=pytest.mark.nightly)])
def test_recorded_panels_of_real_models(shared_data: Path, panel: str, behaviour: str, column: str, runs: int) -> None:
    """Correct and wrong quorums of recorded answers against δ; the exact figures enumerate all sets of faulty nodes."""
    reference = json.loads((shared_data / "validation" / "recorded_answers.json").read_text())[panel]
    n = reference["n"]
    for delta, correct, wrong in reference[column]:
        scenario = bft.Scenario(
            n=n,
            validators={
                "kind": "recorded",
                "file": str(shared_data / "data" / "answers" / f"{panel.split('/')[0]}.parquet"),
                "models": reference["panel"],
            },
            faults=bft.Faults(delta=delta, behaviour=behaviour),
        )
        assert scenario.system.quorum == reference["q"]
        simulator = bft.Simulator(scenario, 47)
        outcomes = [simulator.run(replication).outcome for replication in range(runs)]
        for outcome, probability in ((Outcome.AGREED_CORRECT, correct), (Outcome.AGREED_WRONG, wrong)):
            error = np.sqrt(probability * (1 - probability) / runs)
            assert abs(outcomes.count(outcome) / runs - probability) < WITHIN * error + 1 / runs, (delta, outcome)


TENDERMINT = [(4, 733.55, 0.6, 1200), (7, 773.22, 0.37, 600), (16, 793.54, 0.21, 200), (31, 799.41, 0.36, 50)]


@pytest.mark.parametrize(("n", "mean_ms", "half_width_ms", "runs"), TENDERMINT)
def test_latency_of_one_decision_of_tendermint(n: int, mean_ms: float, half_width_ms: float, runs: int) -> None:
    """Delays N(250, 50) ms, until n − f replicas decided; every run has (n − 1)(2n + 1) messages."""
    scenario = bft.Scenario(n=n, protocol="tendermint", network=bft.Network(delay=NormalDelay(mean_s=0.25, sd_s=0.05)))
    simulator = bft.Simulator(scenario, 41)
    done = [simulator.run(replication).metrics for replication in range(runs)]
    assert {each.messages_sent for each in done} == {(n - 1) * (2 * n + 1)}
    decided_ms = 1000.0 * np.array([each.decided_at_s for each in done if each.decided_at_s is not None])
    assert len(decided_ms) == runs
    error = np.hypot(decided_ms.std(ddof=1) / np.sqrt(runs), half_width_ms / 1.96)
    assert abs(decided_ms.mean() - mean_ms) < WITHIN * error
