"""Debates: a martingale unless something breaks it; exact laws against runs; time and calls."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bft
from bft.core.verdict import Verdict
from bft.errors import ScenarioError
from bft.randomness import Randomness
from bft.record.outcome import Outcome
from bft.validators.answers import Answers
from bft.validators.debate import Debate, DebateSettings
from bft.validators.debate_law import DebateLaw
from bft.validators.settings import StatisticalValidators

RUNS = 4000


def right(answer: str) -> bool:
    return answer == "R"


def expected_right(law: dict[tuple[str | None, ...], float]) -> float:
    return sum(chance * state.count("R") for state, chance in law.items())


def law(**given: float) -> DebateLaw:
    return DebateSettings(**{"rounds": 1, **given}).law()


@given(
    said=st.lists(st.sampled_from(("R", "W", "X", None)), min_size=1, max_size=5),
    persuasion=st.floats(0, 1),
    rounds=st.integers(1, 2),
)
def test_by_default_expected_correctness_does_not_change(said, persuasion, rounds):
    after = law(persuasion=persuasion, rounds=rounds).after(said, right)
    assert sum(after.values()) == pytest.approx(1.0)
    assert expected_right(after) == pytest.approx(said.count("R"))


def test_yet_a_debate_moves_a_panel_towards_agreement():
    said = ["R", "R", "W", "X"]
    after = law(rounds=6).after(said, right)
    united = sum(chance for state, chance in after.items() if len(set(state)) == 1)
    assert united > 0.4
    assert after.get(tuple(said), 0.0) < 0.2


def test_what_breaks_the_martingale():
    said = ["R", "R", "W", "W", "W"]
    start = said.count("R")
    assert expected_right(law(sycophancy=0.5).after(said, right)) < start - 0.1
    assert expected_right(law(right_to_wrong=0.9, wrong_to_right=0.1).after(said, right)) < start - 0.1
    assert expected_right(law(right_to_wrong=0.1, wrong_to_right=0.9).after(said, right)) > start + 0.1
    assert expected_right(law().after(said, right, stubborn=[2])) < start - 0.1


def test_chances_by_hand():
    said = ["R", "W", "W", "X", None]
    plain = law(persuasion=0.6).chances(0, said, right)
    assert plain == pytest.approx({"R": 0.4, "W": 0.4, "X": 0.2})
    steep = law(persuasion=0.6, steepness=2.0).chances(1, said, right)  # two of three disagree
    assert steep == pytest.approx({"W": 1 - 0.6 * (2 / 3) ** 2, "R": 0.6 * 2 / 9, "X": 0.6 * 2 / 9})
    following = law(persuasion=0.0, sycophancy=0.7).chances(0, said, right)
    assert following == pytest.approx({"R": 0.3, "W": 0.7, "X": 0.0})
    torn = law(persuasion=0.0, sycophancy=0.7).chances(1, ["R", "W", "X"], right)
    assert torn == pytest.approx({"W": 1.0, "R": 0.0, "X": 0.0})
    assert law().chances(0, ["R", None], right) == {"R": 1.0}


def test_the_runs_follow_the_exact_law():
    """Every end state within five standard errors: false alarms below 1e-4 over all of them."""
    settings = DebateSettings(rounds=2, persuasion=0.6, sycophancy=0.2, right_to_wrong=0.8)
    own = ("R", "W", "W", None)
    answers = Answers(truth="R", own=own, wrong=("W", "W", "W", "W"))
    exact = settings.law().after(own, right)
    seen: dict[tuple[str | None, ...], int] = {}
    for replication in range(RUNS):
        debate = Debate(settings.law(), lambda one, other: one == other, 4, Randomness(3), replication)
        end = debate.settle(0, answers).own
        seen[end] = seen.get(end, 0) + 1
    assert set(seen) <= {state for state, chance in exact.items() if chance > 0}
    for state, chance in exact.items():
        assert abs(seen.get(state, 0) / RUNS - chance) < 5 * np.sqrt(chance * (1 - chance) / RUNS) + 1e-9


def test_colluders_never_give_in_and_the_others_follow_the_exact_law():
    """The number of honest validators that are right, within five standard errors: a false alarm in a million each."""
    settings = DebateSettings(rounds=3, persuasion=0.9)
    answers = Answers(truth="R", own=("R", "R", "R", "W"), wrong=("W", "W", "W", "W"))
    exact = settings.law().after(("R", "R", "W", "W"), right, stubborn=[2])
    counts = np.zeros(4)
    for replication in range(RUNS):
        debate = Debate(settings.law(), lambda one, other: one == other, 4, Randomness(5), replication)
        debate.voices = {2: "popular_wrong"}
        own = debate.settle(0, answers).own
        counts[sum(own[node] == "R" for node in (0, 1, 3))] += 1
    for number in range(4):
        chance = sum(p for state, p in exact.items() if sum(state[node] == "R" for node in (0, 1, 3)) == number)
        assert abs(counts[number] / RUNS - chance) < 5 * np.sqrt(chance * (1 - chance) / RUNS) + 1e-9


def test_what_was_wrong_before_or_after_stays_a_wrong_answer():
    settings = DebateSettings(rounds=3, persuasion=1.0)
    for own in product(("R", "W", None), repeat=3):
        answers = Answers(truth="R", own=own, wrong=("V", "V", "V"))
        end = Debate(settings.law(), lambda one, other: one == other, 3, Randomness(1), 0).settle(0, answers)
        assert all(end.wrong[node] != "R" for node in range(3))
        assert all(answer in ("R", None) or end.wrong[node] == answer for node, answer in enumerate(end.own))
        assert [answer is None for answer in end.own] == [answer is None for answer in own]


def test_colluders_say_the_popular_wrong_answer_and_the_silent_nothing():
    answers = Answers(truth="R", own=("W", "W", "X", "R", "R"), wrong=("W", "W", "X", "Y", "Y"))
    debate = Debate(law(persuasion=1.0), lambda one, other: one == other, 5, Randomness(1), 0)
    debate.voices = {3: "popular_wrong", 4: "silent"}
    assert debate.statements(answers) == {3: "W"}
    debate.voices = {0: "wrong", 1: "own"}
    assert debate.statements(answers) == {0: "W"}
    debate.voices = dict.fromkeys(range(1, 5), "silent")
    assert debate.settle(0, answers).own == answers.own, "nobody to be persuaded by"


@pytest.mark.parametrize("protocol", ["pbft", "ballot"])
def test_a_debate_costs_a_call_of_everybody_for_each_round_and_the_time_of_the_slowest(protocol: str) -> None:
    latency = {"first_token_log_sd": 0.0, "slow_share": 0.0, "tokens_median": 0.0, "first_token_median_s": (1, 2, 3, 4)}
    validators = {"kind": "statistical", "accuracy": 1.0, "latency": latency, "debate": {"rounds": 3}}
    own = {"pbft": {"view_timeout_s": 60}, "ballot": {"deadline_s": 60}}[protocol]
    run = bft.simulate(bft.Scenario(n=4, protocol=protocol, validators=validators, **{protocol: own}), 1)
    assert run.outcome is Outcome.AGREED_CORRECT
    assert run.metrics.calls == 4 * 4
    third_vote_s = 3 * 4.0 + 3.0  # three rounds of the slowest, then the third fastest makes the quorum
    assert third_vote_s <= run.metrics.first_decided_at_s < third_vote_s + 1.0


def test_judges_judge_after_the_debate() -> None:
    validators = {"kind": "statistical", "accuracy": 1.0, "latency": {}, "debate": {}, "check": "judge"}
    run = bft.simulate(bft.Scenario(n=4, validators=validators, pbft={"view_timeout_s": 200}, views=1), 1)
    assert run.metrics.calls == 4 * 3 + 3


@pytest.mark.parametrize("protocol", ["pbft", "ballot"])
def test_colluders_who_argue_make_more_wrong_agreement(protocol: str) -> None:
    """Common random numbers with and without debate: 200 runs, differences of many standard errors."""
    counts = []
    for debate in (None, {"rounds": 2, "persuasion": 0.8}):
        scenario = bft.Scenario(
            n=7,
            protocol=protocol,
            validators={"kind": "statistical", "debate": debate},
            faults={"nodes": (0, 1), "behaviour": "collude"},
        )
        simulator = bft.Simulator(scenario, 1)
        counts.append([simulator.run(replication).outcome for replication in range(200)])
    without, after = (outcomes.count(Outcome.AGREED_WRONG) for outcomes in counts)
    assert after > without + 20


def test_a_debate_is_replayed_by_its_seed() -> None:
    scenario = bft.Scenario(n=5, validators={"kind": "statistical", "debate": {}, "latency": {}}, protocol="ballot")
    assert bft.simulate(scenario, 9).trace_hash == bft.simulate(scenario, 9).trace_hash
    assert bft.Scenario.from_dict(scenario.to_dict()) == scenario


@pytest.mark.parametrize(
    ("debate", "message"),
    [
        ({"rounds": 0}, "validators.debate.rounds = 0: must be at least 1"),
        ({"persuasion": 1.5}, "validators.debate.persuasion = 1.5: must be between 0 and 1"),
        ({"steepness": 0.5}, "validators.debate.steepness = 0.5"),
        ({"heat": 1}, "validators.debate.heat = 1: unknown key"),
    ],
)
def test_impossible_debates_are_refused(debate, message):
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(validators={"kind": "statistical", "debate": debate})
    assert message in str(refused.value)


def with_timeouts(share: float | tuple[float, ...], n: int, rounds: int = 2, accuracy: float = 0.6):
    return StatisticalValidators(
        accuracy=accuracy, debate={"rounds": rounds}, timeouts={"share": share, "after_s": 30.0}
    ).model(n)


def test_who_never_answers_in_a_debate_has_no_answer_and_persuades_nobody():
    alone = StatisticalValidators(accuracy=(0.5, 0.5, 0.5), debate={"rounds": 3}).model(3)
    model = with_timeouts((0.0, 1.0, 1.0), 3, rounds=3, accuracy=0.5)
    for replication in range(200):
        panel, free = model.panel(Randomness(3), replication), alone.panel(Randomness(3), replication)
        assert [panel.propose(node, 0).answer for node in (1, 2)] == [None, None]
        before = StatisticalValidators(accuracy=0.5).model(3).panel(Randomness(3), replication).own_answer(0, 0)
        assert panel.own_answer(0, 0) == before  # it heard nobody
        assert None not in [free.own_answer(node, 0) for node in range(3)]


def test_calls_that_time_out_leave_expected_correctness_as_it_is_but_for_who_never_answered():
    share, n, rounds = 0.3, 4, 2
    model = with_timeouts(share, n, rounds)
    rights = [
        sum(panel.own_answer(node, 0) == panel.truth(0) for node in range(n)) / n
        for panel in (model.panel(Randomness(5), replication) for replication in range(RUNS))
    ]
    error = float(np.std(rights)) / np.sqrt(RUNS)
    exact = 0.6 * (1.0 - share ** (rounds + 1))  # alike for all, so that the debate stays a martingale
    assert abs(float(np.mean(rights)) - exact) < 4.5 * error  # false alarm: 7 in a million
    free = StatisticalValidators(accuracy=0.6, debate={"rounds": rounds}).model(n)
    moved = sum(
        model.panel(Randomness(5), each).own_answer(0, 0) != free.panel(Randomness(5), each).own_answer(0, 0)
        for each in range(200)
    )
    assert moved > 10


def test_a_round_waits_for_a_call_until_it_is_given_up():
    took = [
        with_timeouts(0.2, 3, rounds=1).panel(Randomness(7), replication).propose(0, 0).latency_s
        for replication in range(400)
    ]
    assert set(took) == {0.0, 30.0, 60.0}  # its own last call, after a first round in which perhaps another hung
    first, own = 1.0 - 0.8**3, 0.2
    exact = {0.0: (1 - first) * (1 - own), 60.0: first * own}
    for seconds, chance in exact.items():
        error = np.sqrt(chance * (1.0 - chance) / 400)
        assert abs(took.count(seconds) / 400 - chance) < 4.5 * error


def test_debates_with_timeouts_cost_progress_and_never_truth():
    validators = {"kind": "statistical", "accuracy": 1.0, "debate": {}, "timeouts": {"share": 0.7, "after_s": 1.0}}
    for protocol in ("pbft", "ballot"):
        simulator = bft.Simulator(bft.Scenario(n=4, protocol=protocol, validators=validators), 4)
        outcomes = {simulator.run(replication).outcome for replication in range(60)}
        assert outcomes == {Outcome.AGREED_CORRECT, Outcome.STALLED}


def test_who_does_not_answer_in_a_round_stays_with_what_it_said():
    model = StatisticalValidators(
        accuracy=(1.0, 0.0), debate={"rounds": 1, "persuasion": 1.0}, timeouts={"share": (0.5, 0.0)}
    ).model(2)
    panels = [model.panel(Randomness(9), replication) for replication in range(400)]
    said = [panel.own_answer(0, 0) for panel in panels]
    truth = panels[0].truth(0)
    exact = {None: 0.25, truth: 0.25}  # both calls failed; only the second one did
    for answer, chance in exact.items():
        assert abs(said.count(answer) / 400 - chance) < 4.5 * np.sqrt(chance * (1.0 - chance) / 400)


def test_comparing_with_what_one_said_last_is_no_call_that_could_time_out():
    for replication in range(100):
        panel = with_timeouts(0.5, 2).panel(Randomness(11), replication)
        answer = panel.own_answer(0, 0)
        expected = Verdict.UNSURE if answer is None else Verdict.ACCEPT
        assert panel.judge(0, 0, answer or "something").verdict is expected
