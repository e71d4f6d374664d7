"""The laws of Tendermint against its runs.

Each comparison is an exact binomial test at 1e-4, two-sided; there are less than a hundred of them, so that all of them
together raise a false alarm with probability below 1 % for a given seed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import stats

import bft
from bft.adversary.node import Crash, FaultyNode, Started
from bft.core.effects import Broadcast
from bft.core.inputs import Input
from bft.core.quorum import QuorumSystem
from bft.experiments.laws import law_of
from bft.protocols.tendermint.messages import Prevote
from bft.record.outcome import Outcome
from bft.theory import tendermint as law

ALPHA = 1e-4


def agrees(count: int, runs: int, probability: float) -> bool:
    """Return whether a count may come of a probability."""
    return bool(stats.binomtest(count, runs, min(max(probability, 0.0), 1.0)).pvalue > ALPHA)


def outcomes(scenario: bft.Scenario, runs: int, seed: int = 3) -> Counter[Outcome]:
    simulator = bft.Simulator(scenario, seed)
    return Counter(simulator.run(replication).outcome for replication in range(runs))


STAKES = (3, 1, 2, 1, 5)
SCENARIOS: list[dict[str, Any]] = [
    *({"n": n, "faults": {"delta": 0.25, "behaviour": kind}} for n in (4, 6) for kind in ("crash", "equivocate")),
    {"n": 1, "faults": {"delta": 0.3}},
    {"n": 2, "faults": {"delta": 0.3}},
    {"n": 7, "faults": {"delta": 0.3, "behaviour": "withhold"}},
    {"n": 4, "faults": {"delta": 0.4, "behaviour": "silent_primary"}, "views": 2},
    {"n": 5, "stakes": STAKES, "faults": {"delta": 0.3}, "views": 2},
    {"n": 5, "stakes": STAKES, "faults": {"delta": 0.3, "behaviour": "equivocate"}},
    {"n": 6, "quorum": 3, "faults": {"delta": 0.25, "behaviour": "equivocate"}},
    {"n": 7, "faults": {"delta": 0.3, "behaviour": "equivocate"}, "views": 3},
    {"n": 4, "faults": {"delta": 0.3, "behaviour": "lie"}},
    {"n": 4, "validators": {"kind": "statistical", "accuracy": 0.8}},
    {
        "n": 4,
        "faults": {"delta": 0.1},
        "views": 1,  # in a later round a value comes again that is judged already
        "validators": {
            "kind": "statistical",
            "accuracy": 0.7,
            "check": {"kind": "judge", "accept_given_right": 0.9, "accept_given_wrong": 0.4, "redraw": True},
        },
    },
]


@pytest.mark.parametrize("given", SCENARIOS, ids=str)
def test_every_law_holds_for_the_runs(given: dict[str, Any]) -> None:
    scenario, runs = bft.Scenario(protocol="tendermint", **given), 150
    expected = law_of(scenario)
    assert expected is not None
    found = outcomes(scenario, runs)
    assert agrees(sum(count for outcome, count in found.items() if outcome.agreed), runs, float(expected.agree))
    assert agrees(found[Outcome.STALLED], runs, float(expected.stalled))
    assert agrees(found[Outcome.SPLIT], runs, float(expected.split))
    if expected.correct is not None:
        assert agrees(found[Outcome.AGREED_CORRECT], runs, float(expected.correct))


def test_there_is_no_law_where_none_was_written() -> None:
    quick = bft.Scenario(protocol="tendermint", tendermint={"propose_s": 0.1})
    lossy = bft.Scenario(protocol="tendermint", network={"loss": 0.1})
    alone = bft.Scenario(protocol="tendermint", n=3, stakes=(10, 1, 1))
    weighted = bft.Scenario(protocol="tendermint", n=3, stakes=(2, 2, 3), faults={"delta": 0.1, "behaviour": "lie"})
    assert [law_of(each) for each in (quick, lossy, alone, weighted)] == [None] * 4


def test_the_figures_of_the_validation_cases(shared_data: Path) -> None:
    cases = json.loads((shared_data / "validation" / "protocols.json").read_text())
    for where, figures in cases["fallible_tendermint"].items():
        n, accept = (float(part.split("=")[1]) for part in where.split())
        q = QuorumSystem.of(int(n)).quorum
        assert np.isclose(law.decides(int(n), q, accept), figures["P0"], atol=1e-9)
        backup = law.decides_though_a_backup_crashes(int(n), q, accept)
        proposer = law.decides_though_the_proposer_crashes(int(n), q, accept)
        assert np.isclose(backup, figures["backup crashes, paper"], atol=1e-9)
        assert np.isclose(proposer, figures["proposer crashes, paper"], atol=1e-9)
        assert np.isclose(law.deadlock(int(n), q, accept), figures["deadlock, backup"], atol=1e-9)
    for where, figures in cases["law"].items():
        n, delta = (float(part.split("=")[1]) for part in where.split())
        found = law_of(bft.Scenario(protocol="tendermint", n=int(n), faults={"delta": delta}))
        assert found is not None
        assert np.isclose(found.agree, figures["one leader (PBFT, Tendermint, basic HotStuff)"], atol=1e-6)


@pytest.mark.parametrize(("n", "q", "accept"), [(4, 3, 0.8), (7, 5, 0.6), (10, 7, 0.9)])
def test_the_deadlock_is_what_its_formula_says(n: int, q: int, accept: float) -> None:
    from math import comb

    backup = comb(n - 2, q - 2) * accept ** (q - 1) * (1 - accept) ** (n - q)
    proposer = comb(n - 1, q - 1) * accept ** (q - 1) * (1 - accept) ** (n - q)
    assert np.isclose(law.deadlock(n, q, accept), backup)
    assert np.isclose(law.deadlock(n, q, accept, proposer=True), proposer)


@dataclass(frozen=True)
class CrashAfterThePrevote:
    """The node stops once its first prevote is on its way."""

    byzantine: ClassVar[bool] = False

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Be honest up to the first prevote."""
        sent = any(isinstance(each, Broadcast) and isinstance(each.message, Prevote) for each in effects)
        if not sent:
            return effects
        node.count("crashes")
        place = next(at for at, each in enumerate(effects) if isinstance(getattr(each, "message", None), Prevote))
        return [*effects[: place + 1], Crash()]


def fallible(
    node: int | None, *, follow_polka: bool, views: int | str, n: int = 4, accept: float = 0.8
) -> bft.Scenario:
    """Validators whose answers all differ, and who accept another's with a probability, once."""
    judge = {"kind": "judge", "accept_given_right": accept, "accept_given_wrong": accept}
    return bft.Scenario(
        n=n,
        protocol="tendermint",
        tendermint={"follow_polka": follow_polka},
        validators={"kind": "statistical", "accuracy": 0.0, "options": 10**6, "check": judge},
        faults={"nodes": () if node is None else (node,), "behaviour": CrashAfterThePrevote()},
        views=views,
        horizon_s=5000.0,
    )


@pytest.mark.parametrize("follow_polka", [False, True])
@pytest.mark.parametrize("node", [None, 0, 1])
def test_fallible_validators_decide_round_0_as_the_law_says(node: int | None, follow_polka: bool) -> None:
    runs = 200
    expected = law.decides(4, 3, 0.8)
    if node == 0:
        expected = law.decides_though_the_proposer_crashes(4, 3, 0.8, follow_polka=follow_polka)
    elif node == 1:
        expected = law.decides_though_a_backup_crashes(4, 3, 0.8, follow_polka=follow_polka)
    found = outcomes(fallible(node, follow_polka=follow_polka, views=1), runs)
    assert agrees(sum(count for outcome, count in found.items() if outcome.agreed), runs, expected)


@pytest.mark.parametrize("node", [0, 1])
def test_a_crash_between_the_votes_is_a_deadlock_as_often_as_the_law_says(node: int) -> None:
    runs = 120
    paper = outcomes(fallible(node, follow_polka=False, views="unlimited"), runs)
    assert agrees(paper[Outcome.STALLED], runs, law.deadlock(4, 3, 0.8, proposer=node == 0))
    followed = outcomes(fallible(node, follow_polka=True, views="unlimited"), runs // 2)
    assert followed[Outcome.STALLED] == 0


def test_without_certificates_those_who_rejected_never_decide() -> None:
    """All living decide in .57 of the runs at n = 4, a = .8: .512 in each round that decides for some, .896 of them."""
    runs = 200
    scenario = fallible(None, follow_polka=False, views="unlimited").replace("retransmission", False)
    found = outcomes(scenario, runs)
    everybody = 0.8**3 / (0.8**3 + 3 * 0.8**2 * 0.2)
    assert round(everybody, 2) == 0.57
    assert agrees(sum(count for outcome, count in found.items() if outcome.agreed), runs, everybody)


def test_faulty_proposers_within_the_bound_delay_agreement_and_no_more() -> None:
    """Some runs each; ten thousand of each kind at n = 4 and 7 are part of the nightly tests."""
    for kind, n, runs in ((kind, n, 15) for kind in ("crash", "slow", "equivocate") for n in (4, 7)):
        faulty = tuple(range(QuorumSystem.of(n).tolerated))
        scenario = bft.Scenario(n=n, protocol="tendermint", faults={"nodes": faulty, "behaviour": kind})
        assert outcomes(scenario, runs) == {Outcome.AGREED_CORRECT: runs}


@pytest.mark.nightly
@pytest.mark.parametrize("n", [4, 7])
@pytest.mark.parametrize("kind", ["crash", "slow", "equivocate"])
def test_faulty_proposers_in_ten_thousand_runs(kind: str, n: int) -> None:
    faulty = tuple(range(QuorumSystem.of(n).tolerated))
    scenario = bft.Scenario(n=n, protocol="tendermint", faults={"nodes": faulty, "behaviour": kind})
    assert outcomes(scenario, 10_000) == {Outcome.AGREED_CORRECT: 10_000}
