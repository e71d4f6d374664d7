"""The scripts on networks, run small: what their docstrings expect, beside what others have published.

Statistical statements hold at five standard errors, or are certain: false alarms below 1e-5.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bft.theory.processing_times import ibft_decision_time
from simulations import (
    agreement_against_connectivity,
    link_and_crash_failures,
    partition_heals,
    processing_times,
    quorum_connectivity,
    saturation,
    topologies,
    wan_latency,
)


def assert_figure(folder: Path, name: str) -> None:
    assert (folder / f"{name}.png").stat().st_size > 10_000
    assert "<svg" in (folder / f"{name}.svg").read_text(encoding="utf-8")


def test_wan_latency_lies_between_the_published_figures(tmp_path: Path) -> None:
    found = wan_latency.main(replications=60, out=tmp_path)
    real, simulated = wan_latency.PUBLISHED_MS["consensus"]
    assert real < found["consensus"].value < simulated
    for name, (on_machines, _) in wan_latency.PUBLISHED_MS.items():
        assert abs(found[name].value / on_machines - 1.0) < 0.04, name
    assert_figure(tmp_path, "wan_latency")


def test_a_decision_follows_the_first_question_after_healing(tmp_path: Path) -> None:
    found = partition_heals.main(replications=2, out=tmp_path)
    for (timeout_s, ask_s), each in found.items():
        if ask_s is None:
            assert each is None, "who never asks stays where it is"
        else:
            assert each is not None
            asked_s = partition_heals.next_ask_s(timeout_s, ask_s) - partition_heals.HEALS_S
            assert each.value > 0, "neither half is a quorum"
            assert asked_s + 0.75 < each.value < asked_s + 1.5, "four to five delays of 250 ms"
    assert_figure(tmp_path, "partition_heals")


def test_a_partition_that_delays_is_decided_through_when_published_simulators_do() -> None:
    delayed, held = (each for _, each in partition_heals.crossing(replications=12))
    assert delayed.value == pytest.approx(69.3, abs=0.5), "five standard errors of .08 s, and their last digit"
    assert 60.75 < held.value < 61.5, "four to five delays of 250 ms after healing"


def test_lossy_links_and_crashes_meet_the_exact_probability(tmp_path: Path) -> None:
    runs = 40
    found = link_and_crash_failures.main(replications=runs, out=tmp_path, nodes=(4, 7))
    for cell, (each, exact) in found.items():
        error = np.sqrt(exact * (1.0 - exact) / runs)
        assert abs(each.value - exact) <= 5 * error + 1 / runs, cell
    law = {cell: exact for cell, (_, exact) in found.items()}
    assert law[4, 0.0, 0.0] == pytest.approx(1.0)
    assert law[4, 0.1, 0.0] < law[4, 0.0, 0.1], "links hurt more than crashes"
    assert law[4, 0.05, 0.0] < law[7, 0.05, 0.0]
    assert law[4, 0.2, 0.0] > law[7, 0.2, 0.0], "and the curves cross"
    assert_figure(tmp_path, "link_and_crash_failures")


def test_a_quorum_must_be_quorum_connected_unless_messages_are_relayed(tmp_path: Path) -> None:
    found = quorum_connectivity.main(replications=2, out=tmp_path)
    for (way, core), (each, views) in found.items():
        expected = 1.0 if way != "direct" or core >= 4 else 0.0
        assert each.value == expected, (way, core)
        assert views == 1 or expected == 0.0, "nobody waits for a timeout"
    assert_figure(tmp_path, "quorum_connectivity")


def test_dolevs_bounds_are_met(tmp_path: Path) -> None:
    found = agreement_against_connectivity.main(replications=1, out=tmp_path, connectivities=(1, 4, 6, 7))
    agreed = {cell: each["agreed"].value for cell, each in found.items()}
    for way, enough in (("κ paths, signed", 4), ("gossip, signed", 4), ("κ paths, unsigned", 7)):
        assert [agreed[way, kappa] for kappa in (1, 4, 6, 7)] == [float(kappa >= enough) for kappa in (1, 4, 6, 7)]
    assert agreed["one path, signed", 7] == 0.0
    assert found["κ paths, unsigned", 1]["split"].value == 1.0
    assert not any(each["split"].value for (way, _), each in found.items() if way.endswith(" signed"))
    assert_figure(tmp_path, "agreement_against_connectivity")


def test_fewer_links_cost_time_and_survive_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: topologies.TOPOLOGIES[name] for name in ("complete", "ring", "harary 6")}
    monkeypatch.setattr(topologies, "TOPOLOGIES", kept)
    found = topologies.main(replications=3, out=tmp_path)
    assert found["ring", "routed"].latency_ms > 3 * found["complete", "routed"].latency_ms
    assert found["ring", "gossip"].transmissions < found["ring", "routed"].transmissions == 2048
    assert found["complete", "routed"].transmissions == 480
    assert found["complete", "gossip"].transmissions == 32 * (15 + 15 * 14), "everybody tells all but who told it"
    assert found["ring", "gossip"].agree.value < 1.0 == found["complete", "routed"].agree.value
    assert found["harary 6", "gossip"].agree.value == 1.0, "connectivity 6 survives 5 crashes"
    assert_figure(tmp_path, "topologies")


def test_the_uplink_of_the_primary_saturates_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saturation, "LOADS", (0.2, 1.1))
    found = saturation.main(requests=100, out=tmp_path, nodes=(4, 8))
    for n in (4, 8):
        ours = found["votes free, as with batches", n]
        assert ours * (n - 1) / n == pytest.approx(saturation.PUBLISHED_PER_S[n], rel=0.05), n
        assert 0.6 < found["votes as they are", n] / ours < 0.85
        assert found["processors", n] == pytest.approx(1.0 / (saturation.VERIFY_S * (2 * n - 1)), rel=0.1)
    assert_figure(tmp_path, "saturation")
    assert_figure(tmp_path, "knee")


def test_pbft_decides_sooner_than_the_law_of_ibft_says_where_processors_are_the_bottleneck(tmp_path: Path) -> None:
    found = processing_times.main(messages=16_000, out=tmp_path, nodes=(4,))
    ratio = found[4].value / ibft_decision_time(4)
    assert ratio == pytest.approx(0.607, abs=0.05), "five standard errors"
    assert_figure(tmp_path, "processing_times")
