"""Ballots under hostile schedules: losses, crashes, replays, timeouts, double votes, forged votes and certificates.

With a quorum no schedule splits the honest while fewer than 2q − n vote twice; without one, a single liar does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bft.checking.counterexample import run
from bft.checking.generators.draws import Draws
from bft.checking.generators.random_schedules import random_schedule
from bft.checking.setting import Setting
from bft.checking.world import Subject
from bft.core.inputs import ProposalReady
from bft.core.quorum import QuorumSystem
from bft.protocols.ballot import BallotConfig, BallotReplica
from bft.protocols.ballot.messages import Approve, Cast, Certificate
from bft.voting import Approval, Plurality, Quorum, Rule

SCHEDULES = 250


class TwoAnswers:
    """A replica whose validator gives one of two answers, as the schedule's choice says."""

    def __init__(self, replica: BallotReplica) -> None:
        self.id = replica.id
        self.replica = replica

    def step(self, now: float, event: Any) -> Any:
        if isinstance(event, ProposalReady) and event.answer is not None:
            event = replace(event, answer="B" if event.answer.startswith("answer 1") else "A")
        return self.replica.step(now, event)


def some_votes(world: Any, choices: tuple[int, ...], *, judged: bool) -> list[Any]:
    """Votes of everybody: as they were sent, or made up; only those in corrupted names will verify."""
    kind = "Approve" if judged else "Cast"
    votes = []
    for voter in range(world.setting.n):
        pick = choices[voter % len(choices)]
        sent = [each for each in world.sent.get(kind, ()) if each.replica == voter]
        if sent and pick % 3:
            votes.append(sent[0])
        elif pick % 5:
            votes.append(vote(world, voter, "AB"[pick % 2], judged=judged))
    return votes


def vote(world: Any, voter: int, answer: str, *, judged: bool) -> Any:
    made = Approve(world.request(0), (answer,), voter) if judged else Cast(world.request(0), answer, 1.0, "", voter)
    return world.keyring.sign(made) if voter in world.corrupted else made


def ballot(rule: Any, *, judged: bool = False) -> Subject:
    """The ballot as a subject; `rule` takes the setting's quorum system."""

    def make(node: int, setting: Setting, keyring: Any) -> Any:
        made: Rule = rule(setting.replica_system())
        config = BallotConfig(system=setting.replica_system(), rule=made, judged=judged)
        return TwoAnswers(BallotReplica(node, config, keyring))

    def double_vote(world: Any, node: int, choices: tuple[int, ...]) -> Any:
        return vote(world, node, "AB"[choices[0] % 2], judged=judged)

    def forged_vote(world: Any, node: int, choices: tuple[int, ...]) -> Any:
        del node
        return vote(world, choices[1] % world.setting.n, "AB"[choices[0] % 2], judged=judged)

    def forged_proof(world: Any, node: int, choices: tuple[int, ...]) -> Any:
        del node
        votes = some_votes(world, choices[1:], judged=judged)
        return Certificate(world.request(0), "AB"[choices[0] % 2], tuple(votes)) if votes else None

    return Subject(
        name="ballot",
        make_replica=make,
        recipes={"double vote": double_vote, "forged vote": forged_vote, "forged proof": forged_proof},
        view_timer="deadline",
        timers=("deadline", "status"),
    )


def breaches(subject: Subject, setting: Setting, schedules: int = SCHEDULES, until: str = "") -> tuple[set[str], int]:
    """Which invariants broke, up to the one that is looked for, and in how many schedules anything was decided."""
    broken: set[str] = set()
    decided = 0
    for index in range(schedules):
        draws = Draws.of(5, "ballot schedules", index)
        world, monitor = run(subject, setting, tuple(random_schedule(draws, subject, setting)))
        broken |= {breach.invariant for breach in monitor.breaches}
        decided += bool(world.done)
        if until in broken:
            break
    return broken, decided


@pytest.mark.parametrize(("n", "byzantine"), [(4, (0,)), (4, ()), (5, (4,)), (6, (2,)), (7, (1, 3))])
def test_a_quorum_is_never_split(n, byzantine):
    setting = Setting(n=n, byzantine=byzantine, prompt_validators=False)
    broken, decided = breaches(ballot(lambda system: Quorum(system=system)), setting)
    assert broken == set()
    assert decided > SCHEDULES // 20, "what is never decided cannot be split"


def test_judges_may_be_split_and_break_nothing_else():
    """Two answers may both be approved by a quorum; then one voter that votes twice can put either ahead."""
    subject = ballot(lambda system: Approval(system=system), judged=True)
    broken, decided = breaches(subject, Setting(n=4, byzantine=(0,), prompt_validators=False))
    assert broken <= {"S1", "S5", "S6"}
    assert decided


def test_double_voters_at_the_bound_split_a_quorum():
    setting = Setting(n=4, byzantine=(0, 3), prompt_validators=False)
    assert "S1" in breaches(ballot(lambda system: Quorum(system=system)), setting, 4000, "S1")[0]


def test_one_double_voter_splits_a_plurality():
    setting = Setting(n=4, byzantine=(0,), prompt_validators=False)
    assert "S1" in breaches(ballot(lambda system: Plurality()), setting)[0]  # noqa: ARG005


def test_a_deadline_alone_splits_a_plurality():
    setting = Setting(n=4, prompt_validators=False)
    assert "S1" in breaches(ballot(lambda system: Plurality()), setting)[0]  # noqa: ARG005


def test_a_small_quorum_is_split_and_that_is_found():
    assert QuorumSystem.of(4, quorum=2).safe_below == 0
    setting = Setting(n=4, byzantine=(0,), quorum=2, prompt_validators=False)
    assert "S1" in breaches(ballot(lambda system: Quorum(system=system)), setting)[0]
