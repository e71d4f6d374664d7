"""A quorum that must span several groups: it stops exactly, and its law in the simulator is that of common causes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest

import bft
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError
from bft.theory.providers import provider_law
from bft.voting import Approval, Diverse, Plurality, Quorum, State, Vote, Weighted, gaps

N = 5
SYSTEM = QuorumSystem.of(N, f=1)
GROUPS = ("a", "a", "b", "b", "c")


def ballots() -> Iterator[list[Vote]]:
    for answers in itertools.product(("X", "Y", None), repeat=N):
        yield [Vote(voter=voter, answer=answer) for voter, answer in enumerate(answers)]


@pytest.mark.parametrize("least", [1, 2, 3])
@pytest.mark.parametrize("inner", [Quorum(system=SYSTEM), Plurality(), Weighted(weights=(3, 1, 1, 1, 1))])
def test_it_stops_exactly_when_nothing_can_change_the_decision(inner: object, least: int) -> None:
    rule = Diverse(inner=inner, groups=GROUPS, least=least)  # type: ignore[arg-type]
    for number, ballot in enumerate(ballots()):
        if number % 37 == 0:
            assert list(gaps(rule, ballot)) == []


def test_a_quorum_of_too_few_groups_decides_nothing_and_says_so_as_soon_as_it_is_known() -> None:
    rule = Diverse(inner=Quorum(system=QuorumSystem.of(4, quorum=2)), groups=("a", "a", "a", "b"), least=2)
    own = [Vote(voter=voter, answer="X") for voter in range(3)]
    assert rule.standing(own, [3]).state is State.OPEN
    assert rule.standing([*own, Vote(voter=3, answer="X")], []).answer == "X"
    assert rule.standing([*own, Vote(voter=3, answer="Y")], []).state is State.IMPOSSIBLE
    assert rule.standing([*own, Vote(voter=3, answer=None)], []).state is State.IMPOSSIBLE


def test_approvals_count_for_their_group_too() -> None:
    rule = Diverse(inner=Approval(system=QuorumSystem.of(3, quorum=2)), groups=("a", "a", "b"), least=2)
    assert rule.judged
    votes = [Vote(voter=0, answer="X"), Vote(voter=1, answer="X"), Vote(voter=2, answer="Y", also=("X",))]
    assert rule.standing(votes, []).answer == "X"
    assert rule.standing(votes[:2], [2]).state is State.OPEN


@pytest.mark.parametrize("least", [0, 4])
def test_more_groups_than_there_are_cannot_be_asked_for(least: int) -> None:
    with pytest.raises(ScenarioError, match=f"least = {least}: must be between 1 and 3"):
        Diverse(inner=Plurality(), groups=GROUPS, least=least)


@pytest.mark.parametrize("least", [1, 2, 3])
@pytest.mark.parametrize("accuracy", [1.0, 0.7])
def test_the_law_is_that_of_every_failure_and_every_vote(least: int, accuracy: float) -> None:
    """Enumerated: which providers fail, which members, who is right; each ballot decided by the rule itself."""
    p_provider, p_member = {"a": 0.2, "b": 0.1, "c": 0.3}, 0.15
    rule = Diverse(inner=Quorum(system=QuorumSystem.of(N, f=0, quorum=3)), groups=GROUPS, least=least)
    expected = dict.fromkeys(("right", "wrong", "nothing"), 0.0)
    for up in itertools.product((True, False), repeat=3):
        works = dict(zip("abc", up, strict=True))
        p_up = 1.0
        for name, ok in works.items():
            p_up *= (1.0 - p_provider[name]) if ok else p_provider[name]
        for said in itertools.product(("right", "wrong", None), repeat=N):
            p = p_up
            for voter, answer in enumerate(said):
                if not works[GROUPS[voter]]:
                    p *= answer is None
                else:
                    chance = {"right": (1 - p_member) * accuracy, "wrong": (1 - p_member) * (1 - accuracy)}
                    p *= chance.get(answer or "", p_member)
            if p:
                ballot = [Vote(voter=voter, answer=answer) for voter, answer in enumerate(said)]
                expected[rule.standing(ballot, []).answer or "nothing"] += p
    law = provider_law(
        GROUPS, quorum=3, least_providers=least, p_provider=p_provider, p_member=p_member, accuracy=accuracy
    )
    assert (law.right, law.wrong, law.nothing) == pytest.approx(tuple(expected.values()), abs=1e-12)


@pytest.mark.parametrize("least", [1, 2, 3])
def test_the_simulator_decides_where_the_law_says_so(least: int) -> None:
    """Every state of the providers is simulated, the members of those that are down crashed; the rest is a sum."""
    down = {"a": 0.2, "b": 0.1, "c": 0.3}
    rule = Diverse(inner=Quorum(system=QuorumSystem.of(N, f=0, quorum=3)), groups=GROUPS, least=least)
    measured = 0.0
    for up in itertools.product((True, False), repeat=3):
        works = dict(zip("abc", up, strict=True))
        crashed = [node for node in range(N) if not works[GROUPS[node]]]
        faults = {"behaviour": "crash", "nodes": crashed} if crashed else {}
        described = bft.Scenario(n=N, protocol="ballot", rule=rule, faults=faults)
        if bft.Simulator(described, 1).run(0).outcome.agreed:
            measured += math.prod(1.0 - down[name] if ok else down[name] for name, ok in works.items())
    law = provider_law(GROUPS, quorum=3, least_providers=least, p_provider=down)
    assert measured == pytest.approx(law.right, abs=1e-12)
    assert 0.0 < law.right < 1.0


def test_without_outages_it_is_the_binomial_law_and_spreading_over_providers_helps() -> None:
    from scipy import stats

    law = provider_law(["a", "b"] * 3 + ["c"], quorum=5, p_provider=0.0, p_member=0.1)
    assert law.right == pytest.approx(stats.binom.sf(4, 7, 0.9), abs=1e-12)
    together = provider_law(["a"] * 7, quorum=5, p_provider=0.05, p_member=0.1)
    apart = provider_law(list("abcdefg"), quorum=5, p_provider=0.05, p_member=0.1)
    assert together.right == pytest.approx(0.95 * law.right, abs=1e-12)
    assert apart.right == pytest.approx(stats.binom.sf(4, 7, 0.95 * 0.9), abs=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quorum": 2}, "quorum = 2: must be more than half of 5"),
        ({"least_providers": 4}, "least_providers = 4: must be between 1 and 3"),
        ({"p_provider": 1.5}, "p_provider = 1.5: must be between 0 and 1"),
        ({"p_member": [0.1]}, "p_member = 1: must be one number, or 5"),
        ({"accuracy": -0.1}, "accuracy = -0.1: must be between"),
    ],
)
def test_what_is_no_law_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        provider_law(GROUPS, **{"quorum": 3, "p_provider": 0.1, **given})  # type: ignore[arg-type]
