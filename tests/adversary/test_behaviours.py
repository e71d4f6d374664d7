"""Every behaviour is seen to fire, does what it says, and cannot do more than the bounds allow."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.cli import main
from bft.errors import ScenarioError
from bft.record.outcome import Outcome

Kind = str | dict[str, Any]


def run(kind: Kind, nodes: tuple[int, ...], n: int = 7, seed: int = 1, **given: Any) -> bft.Run:
    return bft.simulate(bft.Scenario(n=n, faults=bft.Faults(nodes=nodes, behaviour=kind), **given), seed)


FIRES = {
    "crash": "crashes",
    "crash_recover": "recoveries",
    "silent_primary": "proposals kept back",
    "slow": "delayed messages",
    "withhold": "votes withheld",
    "equivocate": "equivocations",
    "twins": "equivocations",
    "lie": "lies proposed",
    "collude": "lies proposed",
    "inject": "injections written",
}


@pytest.mark.parametrize("kind", BEHAVIOURS)
def test_a_configured_fault_is_seen_to_fire(kind: str) -> None:
    done = run(kind, (0,))
    assert done.faults[0]["behaviour"] == kind
    assert done.faults[0][FIRES[kind]] > 0


@pytest.mark.parametrize("kind", BEHAVIOURS)
@pytest.mark.parametrize(
    ("n", "nodes"), [(4, (0,)), (4, (3,)), (7, (0, 1)), (7, (2, 5)), (10, (0, 1, 2)), (5, (0,)), (8, (0, 7))]
)
def test_up_to_f_faulty_nodes_never_prevent_agreement_on_the_right_answer(
    kind: str, n: int, nodes: tuple[int, ...]
) -> None:
    for seed in range(5):
        done = run(kind, nodes, n, seed)
        assert done.outcome is Outcome.AGREED_CORRECT, (seed, done.outcome)
        assert not done.breaches


def test_a_crash_at_a_time_lets_the_node_work_until_then() -> None:
    late = run({"kind": "crash", "at_s": 100.0}, (0,))
    assert late.metrics.views == 1
    assert run({"kind": "crash", "at_s": 0.0}, (0,)).metrics.views == 2


def test_a_node_that_comes_back_takes_part_again() -> None:
    """Three of seven are down: no quorum until they return with what they persisted."""
    done = run({"kind": "crash_recover", "at_s": 0.05, "back_s": 40.0}, (4, 5, 6))
    assert done.outcome is Outcome.AGREED_CORRECT
    assert done.metrics.decided_at_s is not None
    assert done.metrics.decided_at_s > 40.0
    assert run("crash", (4, 5, 6)).outcome is Outcome.STALLED


def test_a_slow_primary_just_below_the_timeout_leads_and_just_above_is_left() -> None:
    assert run({"kind": "slow", "delay_s": 9.0}, (0,)).metrics.views == 1
    assert run({"kind": "slow", "delay_s": 11.0}, (0,)).metrics.views == 2


@pytest.mark.parametrize("nodes", [(0, 1, 2), (3, 4, 5), (0, 5, 6), (1, 3, 5), (2, 3, 4, 5), (0, 1, 2, 3, 4)])
def test_f_plus_1_equivocators_split_whoever_leads(nodes: tuple[int, ...]) -> None:
    for seed in range(5):
        done = run("equivocate", nodes, seed=seed)
        assert done.outcome is Outcome.SPLIT
        assert "S1" in {breach.invariant for breach in done.breaches}


def test_one_honest_node_alone_can_only_be_stalled() -> None:
    assert run("equivocate", (0, 1, 2, 3, 4, 5)).outcome is Outcome.STALLED


def test_without_honest_nodes_nothing_is_decided() -> None:
    for kind in set(BEHAVIOURS) - {"lie", "collude", "inject"}:
        assert run(kind, tuple(range(7))).outcome is Outcome.STALLED


@pytest.mark.parametrize("kind", ["lie", "collude", "inject"])
def test_honest_replicas_with_lying_validators_only_agree_on_a_lie(kind: str) -> None:
    assert run(kind, tuple(range(7))).outcome is Outcome.AGREED_WRONG


def test_six_nodes_two_equivocators_split_only_a_view_of_their_own_unless_they_rush() -> None:
    """Here the honest are a quorum by themselves (validation: 2q − n ≤ K ≤ n − q)."""
    assert run("equivocate", (1, 2), 6).outcome is Outcome.AGREED_CORRECT
    assert run("equivocate", (0, 2), 6).outcome is Outcome.SPLIT
    rushed = run({"kind": "equivocate", "rush": True}, (1, 2), 6)
    assert rushed.outcome is Outcome.SPLIT
    assert rushed.faults[1]["view changes forced"] > 0


def test_stake_decides_who_can_split() -> None:
    """Node 0 holds 4 of 10: with it alone two groups of 3 each are a quorum of 7."""
    heavy = bft.Scenario(n=4, stakes=(4, 3, 2, 1), faults=bft.Faults(nodes=(0,), behaviour="equivocate"))
    assert heavy.system.quorum == 7
    assert bft.simulate(heavy, 1).outcome is Outcome.SPLIT
    light = heavy.replace_all({"faults.nodes": (1,)})
    assert bft.simulate(light, 1).outcome is Outcome.AGREED_CORRECT


@pytest.mark.parametrize(
    ("n", "quorum", "nodes"),
    [(5, 3, (0,)), (6, 3, (0,)), (8, 5, (0, 1)), (4, 2, (0,)), (3, 2, (0,)), (7, 4, (0, 1)), (7, 5, (0, 1, 2))],
)
def test_a_quorum_that_is_too_small_is_split(n: int, quorum: int, nodes: tuple[int, ...]) -> None:
    assert run("equivocate", nodes, n, quorum=quorum).outcome is Outcome.SPLIT


@pytest.mark.parametrize(("n", "quorum", "f"), [(5, 4, 1), (6, 4, 1), (6, 5, 1), (7, 5, 2), (8, 6, 2), (10, 7, 3)])
def test_a_quorum_that_is_large_enough_is_not(n: int, quorum: int, f: int) -> None:
    for first in range(n):
        nodes = tuple(sorted((first + step) % n for step in range(f)))
        done = run("equivocate", nodes, n, quorum=quorum)
        assert done.outcome is not Outcome.SPLIT
        assert not done.breaches


def test_liars_mislead_but_never_split() -> None:
    """A lying or fallible LLM endangers correctness and progress, never safety."""
    outcomes = set()
    for kind in ("lie", "collude"):
        for count in range(8):
            for seed in range(4):
                done = run(kind, tuple(range(count)), seed=seed)
                assert not done.breaches
                outcomes.add(done.outcome)
    assert outcomes == {Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG, Outcome.STALLED}


def test_fallible_judges_never_endanger_safety() -> None:
    """Judges at random, half of the proposals wrong, verdicts late: many outcomes, no breach, no split."""
    scenario = bft.Scenario(
        n=7,
        validators={
            "kind": "statistical",
            "accuracy": 0.5,
            "check": {"kind": "judge", "accept_given_right": 0.7, "accept_given_wrong": 0.6},
        },
        faults=bft.Faults(delta=0.15, behaviour=["crash", "lie", "slow"]),
    )
    simulator = bft.Simulator(scenario, 5)
    runs = [simulator.run(replication) for replication in range(300)]
    outcomes = {done.outcome for done in runs}
    assert {Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG} <= outcomes
    assert Outcome.SPLIT not in outcomes
    assert not any(done.breaches for done in runs)


def test_mixed_behaviours_are_drawn_by_share() -> None:
    """Of 2,000 faulty nodes a share of 0.8 lies within 5 standard errors: false alarm below 1e-6."""
    faults = bft.Faults(delta=1.0, behaviour=["crash", "withhold"], shares=(4, 1))
    simulator = bft.Simulator(bft.Scenario(n=20, faults=faults, horizon_s=0.0), 3)
    kinds = [told["behaviour"] for replication in range(100) for told in simulator.run(replication).faults.values()]
    assert len(kinds) == 2000
    assert abs(kinds.count("crash") / 2000 - 0.8) < 5 * (0.8 * 0.2 / 2000) ** 0.5


def test_a_fraction_is_exact_and_every_node_gets_its_turn() -> None:
    faults = bft.Faults(delta=0.29, draw="fraction", behaviour="crash")
    simulator = bft.Simulator(bft.Scenario(n=100, faults=faults, horizon_s=0.0), 3)
    drawn = [set(simulator.run(replication).faults) for replication in range(40)]
    assert {len(nodes) for nodes in drawn} == {29}
    # A node is missed by all 40 with probability 0.71^40 = 1e-6: false alarm below 2e-4 for a hundred nodes.
    assert set.union(*drawn) == set(range(100))


def faulty_leader_agrees_in(runs: int, n: int, kind: Kind) -> None:
    f = (n - 1) // 3
    simulator = bft.Simulator(bft.Scenario(n=n, faults=bft.Faults(nodes=tuple(range(f)), behaviour=kind)), 17)
    for replication in range(runs):
        done = simulator.run(replication)
        assert done.outcome is Outcome.AGREED_CORRECT, replication
        assert not done.breaches, replication


@pytest.mark.parametrize("n", [4, 7])
@pytest.mark.parametrize("kind", ["crash", "slow", "equivocate"])
def test_a_faulty_leader_with_f_faults_in_all(n: int, kind: str) -> None:
    faulty_leader_agrees_in(300, n, kind)


@pytest.mark.nightly
@pytest.mark.parametrize("n", [4, 7])
@pytest.mark.parametrize("kind", ["crash", "slow", "equivocate"])
def test_a_faulty_leader_in_ten_thousand_runs(n: int, kind: str) -> None:
    faulty_leader_agrees_in(10_000, n, kind)


OWN = """
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Mute:
    nodes: tuple[int, ...] = ()
    share: float = 1.0
    byzantine: ClassVar[bool] = False

    def bend(self, node, now, event, effects):
        node.count("mute")
        return []


class NoBehaviour:
    pass


@dataclass(frozen=True)
class NeedsOne:
    what: int
    byzantine: ClassVar[bool] = False

    def bend(self, node, now, event, effects):
        return effects


ready = Mute()
"""


def test_a_class_of_ones_own_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_behaviours.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    scenario = bft.Scenario(faults={"nodes": [3], "behaviour": "own_behaviours:Mute"})
    run = bft.simulate(scenario, seed=1)
    assert run.faults[3]["mute"] >= 1
    table = {"kind": "own_behaviours:Mute", "nodes": [1], "share": 0.5}
    given = bft.Scenario(faults={"nodes": [3], "behaviour": table})
    assert given.faults.behaviour[0].nodes == (1,)
    assert bft.Scenario.from_dict(tomllib.loads(given.to_toml())) == given
    assert main(["run", "--set", "faults.nodes=[3]", "faults.behaviour=own_behaviours:Mute"]) == 0
    assert "node 3: own_behaviours" in capsys.readouterr().out
    for wrong, sentence in (
        ("own_behaviours:Nothing", "module own_behaviours has no Nothing"),
        ("no_such_module_here:X", "module no_such_module_here cannot be imported"),
        ("own_behaviours:NoBehaviour", "must be the class of a frozen dataclass with `byzantine` and `bend`"),
        ("own_behaviours:ready", "must be the class of a frozen dataclass"),
        ("own_behaviours:NeedsOne", "cannot be made: TypeError"),
        ({"kind": "own_behaviours:Mute", "speed": 1}, "faults.behaviour.speed = 1: unknown; own_behaviours:Mute takes"),
    ):
        with pytest.raises(ScenarioError, match=re.escape(sentence)):
            bft.Scenario(faults={"nodes": [3], "behaviour": wrong})
