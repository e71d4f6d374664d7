"""Texts that give orders are obeyed as often as set, and seen to be; calls that never answer become failures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bft
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, UnsupportedError
from bft.experiments.laws import law_of
from bft.randomness import Randomness
from bft.record.outcome import Outcome
from bft.validators.injection import INSTRUCTION, instruction_by
from bft.validators.settings import StatisticalValidators
from bft.vectorised import VectorisedSimulator

RUNS = 2000
NEVER = {"kind": "judge", "accept_given_right": 0.0, "accept_given_wrong": 0.0}


def test_a_judge_obeys_with_its_own_probability_and_keeps_to_it():
    """Five standard errors: a false alarm in a million."""
    model = StatisticalValidators(check=NEVER, injection={"accept": (0.0, 0.3, 1.0)}).model(3)
    accepted = np.zeros(3)
    for replication in range(RUNS):
        panel = model.panel(Randomness(2), replication)
        for node in range(3):
            verdicts = {panel.judge(node, 0, "wrong-1", instruction_by(9)).verdict for _ in range(2)}
            assert len(verdicts) == 1
            accepted[node] += verdicts == {Verdict.ACCEPT}
    assert accepted[0] == 0
    assert accepted[2] == RUNS
    assert abs(accepted[1] / RUNS - 0.3) < 5 * np.sqrt(0.21 / RUNS)


def test_without_an_instruction_nobody_is_led():
    model = StatisticalValidators(check=NEVER, injection={"accept": 1.0}).model(2)
    panel = model.panel(Randomness(2), 0)
    assert panel.judge(0, 0, "right", "please accept").verdict is Verdict.REJECT
    assert panel.judge(0, 0, "right", INSTRUCTION).verdict is Verdict.ACCEPT
    assert dict(panel.obeyed) == {INSTRUCTION: 1}


def wrong_agreement(accept: float, protocol: str = "pbft", **given: Any) -> tuple[int, int, int]:
    scenario = bft.Scenario(
        n=7,
        protocol=protocol,
        validators={"kind": "statistical", "accuracy": 1.0, "injection": {"accept": accept}},
        faults={"nodes": (0,), "behaviour": "inject"},
        **given,
    )
    simulator = bft.Simulator(scenario, 1)
    runs = [simulator.run(replication) for replication in range(60)]
    written = sum(run.faults[0]["injections written"] for run in runs)
    obeyed = sum(run.faults[0]["injections obeyed"] for run in runs)
    return sum(run.outcome is Outcome.AGREED_WRONG for run in runs), written, obeyed


@pytest.mark.parametrize(("protocol", "given"), [("pbft", {}), ("ballot", {"rule": "judge"})])
def test_injected_texts_turn_a_perfect_panel_and_are_counted(protocol: str, given: dict[str, Any]) -> None:
    assert wrong_agreement(0.0, protocol, **given) == (0, 60, 0), "a fault that never fires shows as 0"
    wrong, written, obeyed = wrong_agreement(1.0, protocol, **given)
    assert written == 60
    assert obeyed == 360
    assert wrong == 60, "seven approve of it, six of the right one"


def test_votes_on_own_answers_are_not_judged_and_not_led() -> None:
    assert wrong_agreement(1.0, "ballot") == (0, 60, 0)


def test_readers_that_cannot_be_led_are_not_and_the_run_says_so() -> None:
    for validators in ("perfect", {"kind": "statistical", "accuracy": 1.0}):
        run = bft.simulate(bft.Scenario(validators=validators, faults={"nodes": (0,), "behaviour": "inject"}), 1)
        assert run.outcome is Outcome.AGREED_CORRECT
        assert run.faults[0]["injections written"] == 1
        assert run.faults[0]["injections obeyed"] == 0


def test_impossible_susceptibilities_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"validators\.injection\.accept = 2"):
        bft.Scenario(validators={"kind": "statistical", "injection": {"accept": 2}})
    with pytest.raises(ScenarioError, match=r"validators\.injection\.accept = \[0\.1, 0\.2\]: must have one value"):
        bft.Scenario(validators={"kind": "statistical", "injection": {"accept": (0.1, 0.2)}})


def test_a_call_that_times_out_gives_nothing_late():
    model = StatisticalValidators(accuracy=1.0, timeouts={"share": (0.0, 0.2), "after_s": 30.0}).model(2)
    late = 0
    for replication in range(RUNS):
        panel = model.panel(Randomness(2), replication)
        assert panel.propose(0, 0).answer == "right"
        proposed = panel.propose(1, 0)
        assert (proposed.answer is None) == (proposed.latency_s == 30.0)
        judged = panel.judge(1, 0, "right")
        assert (judged.verdict is Verdict.UNSURE) == (judged.latency_s == 30.0)
        late += (proposed.answer is None) + (judged.verdict is Verdict.UNSURE)
    assert abs(late / (2 * RUNS) - 0.2) < 5 * np.sqrt(0.16 / (2 * RUNS))


def test_timeouts_cost_progress_and_never_truth():
    validators = {"kind": "statistical", "accuracy": 1.0, "timeouts": {"share": 0.3, "after_s": 5.0}}
    for protocol in ("pbft", "ballot"):
        simulator = bft.Simulator(bft.Scenario(n=4, protocol=protocol, validators=validators), 4)
        outcomes = {simulator.run(replication).outcome for replication in range(60)}
        assert Outcome.AGREED_CORRECT in outcomes
        assert Outcome.STALLED in outcomes
        assert Outcome.AGREED_WRONG not in outcomes


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_of_the_range(share: float) -> None:
    validators = {"kind": "statistical", "accuracy": 1.0, "timeouts": {"share": share, "after_s": 1.0}}
    outcome = bft.simulate(bft.Scenario(n=4, validators=validators), 1).outcome
    assert outcome is (Outcome.STALLED if share else Outcome.AGREED_CORRECT)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"debate": {}}, "validators.debate"), ({"timeouts": {}}, "validators.timeouts")],
)
def test_what_no_law_and_no_other_engine_knows_is_refused_by_name(given: dict[str, Any], field: str) -> None:
    scenario = bft.Scenario(n=4, validators={"kind": "statistical", **given})
    assert law_of(scenario) is None
    with pytest.raises(UnsupportedError, match=field.replace(".", r"\.")):
        VectorisedSimulator(scenario, 1)


def test_injecting_nodes_are_refused_by_the_vectorised_engine() -> None:
    scenario = bft.Scenario(
        n=4,
        validators={"kind": "statistical", "injection": {"accept": 0.5}},
        faults={"delta": 0.2, "behaviour": "inject"},
    )
    with pytest.raises(UnsupportedError, match=r"faults\.behaviour = 'inject'"):
        VectorisedSimulator(scenario, 1)


def test_what_pbft_does_not_ask_for_changes_nothing_in_either_engine() -> None:
    unasked = {"confidence": {}, "injection": {"accept": 0.5}}
    plain, more = (bft.Scenario(n=5, validators={"kind": "statistical", **given}) for given in ({}, unasked))
    one, other = (VectorisedSimulator(each, 3).run(range(40)) for each in (plain, more))
    assert [one.outcome(place) for place in range(40)] == [other.outcome(place) for place in range(40)]
    assert bft.simulate(plain, 3).trace_hash == bft.simulate(more, 3).trace_hash


def test_shared_models_are_the_same_in_both_engines() -> None:
    clones = {"models": ("a", "a", "b", "a", "c")}
    scenario = bft.Scenario(n=5, validators={"kind": "statistical", "clones": clones}, faults={"delta": 0.2})
    assert law_of(scenario) is None
    batch = VectorisedSimulator(scenario, 3).run(range(60))
    simulator = bft.Simulator(scenario, 3)
    assert [batch.outcome(place) for place in range(60)] == [simulator.run(place).outcome for place in range(60)]
