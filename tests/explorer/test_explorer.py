"""The explorer: what it proves, what it finds, and that its reductions lose nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bft.checking.pbft.explorer import ExplorerConfig, Step, explore
from bft.checking.pbft.explorer.alphabet import TIMER, bits
from bft.checking.pbft.explorer.config import WATCHED
from bft.checking.pbft.explorer.machines import Taken
from bft.checking.pbft.explorer.search import _Search, renamings
from bft.core.inputs import Restart
from bft.errors import ScenarioError
from bft.protocols.pbft import PbftReplica, Rules
from bft.protocols.pbft.new_view import carry_over


def test_the_normal_case_at_n_4_is_explored_completely_and_always_decides():
    found = explore(ExplorerConfig())
    assert found.complete
    assert (found.decided, found.stalled) == (1, 0)
    assert found.states > 30


def test_the_normal_case_without_the_reduction_has_the_same_end():
    """Every order of every single delivery, up to symmetry: 28 deliveries, one end."""
    found = explore(ExplorerConfig(reduce=False))
    assert found.complete
    assert (found.decided, found.stalled) == (1, 0)
    assert found.states > 1000


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_normal_case_of_other_sizes_decides(n):
    found = explore(ExplorerConfig(n=n))
    assert found.complete
    assert (found.decided, found.stalled) == (1, 0)


def test_validators_that_may_stay_silent_stall_but_never_split():
    found = explore(ExplorerConfig(verdicts="any"))
    assert found.complete
    assert found.decided == 1


@pytest.mark.parametrize(("n", "byzantine"), [(4, (0,)), (4, (2,)), (5, (0,)), (6, (0,))])
def test_with_the_right_quorum_f_liars_split_nobody_in_one_view(n, byzantine):
    assert explore(ExplorerConfig(n=n, byzantine=byzantine)).complete


@pytest.mark.parametrize(("n", "f", "quorum"), [(3, 1, 2), (4, 1, 2), (5, 1, 3), (6, 1, 3)])
def test_too_small_a_quorum_is_split_by_one_liar(n, f, quorum):
    found = explore(ExplorerConfig(n=n, f=f, quorum=quorum, byzantine=(0,)))
    assert found.invariant == "S1"
    assert len(found.counterexample) <= 30
    assert {each for step in found.counterexample for each in step.did if "executes" in each} == {
        "executes a",
        "executes b",
    }


def test_two_liars_of_four_split_the_others():
    found = explore(ExplorerConfig(byzantine=(0, 1)))
    assert found.invariant == "S1"
    assert len(found.counterexample) == 8


def test_a_liar_that_leads_only_the_next_view_splits_there():
    found = explore(ExplorerConfig(n=3, f=1, quorum=2, byzantine=(1,), views=2))
    assert found.invariant == "S1"
    assert any("NewView" in step.heard for step in found.counterexample)


def test_a_counterexample_reads_as_a_list_of_steps():
    found = explore(ExplorerConfig(quorum=2, byzantine=(0,)))
    assert found.counterexample[:2] == (
        Step(
            replica=1,
            heard="PrePrepare(view 0, a) from 0",
            did=("sends Prepare(view 0, a)", "sends Commit(view 0, a)"),
        ),
        Step(replica=1, heard="Commit(view 0, a) from 0", did=("executes a",)),
    )
    assert str(found).splitlines()[0].startswith("S1 broken after 4 steps: ")
    assert str(found).splitlines()[2] == "  2. replica 1: Commit(view 0, a) from 0  →  executes a"


def test_one_slot_through_a_view_change_of_three_is_explored_completely():
    found = explore(ExplorerConfig(n=3, views=2))
    assert found.complete
    assert found.decided >= 1


@pytest.mark.parametrize("byzantine", [(), (0,), (1,)])
def test_through_a_view_change_at_n_4_up_to_a_bound_nothing_breaks(byzantine):
    """The bound is part of the answer; the whole is explored by the nightly tests."""
    found = explore(ExplorerConfig(byzantine=byzantine, views=2, max_states=2_000))
    assert found.invariant is None
    assert found.bound == "max_states = 2000"
    assert not found.complete


@pytest.mark.nightly
def test_through_a_view_change_at_n_4_everything_is_explored():
    """Nobody lies: a request, two views, every timer and every order (1.7 million states)."""
    found = explore(ExplorerConfig(views=2))
    assert found.complete
    assert found.decided > 0


@pytest.mark.nightly
@pytest.mark.parametrize("byzantine", [(0,), (1,), (3,)])
def test_one_liar_of_four_splits_nobody_through_a_view_change_in_a_million_states(byzantine):
    assert explore(ExplorerConfig(byzantine=byzantine, views=2, max_states=1_000_000)).invariant is None


def empty(view_changes):
    return replace(carry_over(view_changes), proposals=(), max_seq=0)


def test_all_that_is_watched_holds_within_bounds_and_only_splits_count_beyond():
    assert ExplorerConfig(byzantine=(0,)).watched == WATCHED
    assert ExplorerConfig(byzantine=(0, 1)).watched == ("S1",)
    assert ExplorerConfig(quorum=2).watched == ("S1",)
    assert ExplorerConfig(n=6, quorum=5).watched == WATCHED


def test_two_digests_prepared_in_one_view_are_seen_before_they_split():
    """A quorum of 2 of 4, with a lying primary: C1 breaks on the way to S1."""
    config = ExplorerConfig(quorum=2, byzantine=(0,), watch=WATCHED)
    found = explore(config)
    assert found.invariant == "C1"
    assert len(found.counterexample) < len(explore(replace(config, watch=("S1",))).counterexample)


def test_what_a_later_view_prepares_against_a_commit_is_seen():
    rules = replace(Rules(), prepared_entries=lambda _certificates, _last_executed: ())
    found = explore(ExplorerConfig(n=3, views=2, rules=rules, watch=("C3",)))
    assert found.invariant == "C3"


def test_execution_out_of_order_and_of_what_nobody_asked_is_seen():
    search = _Search(ExplorerConfig())
    judge, machines = search.watch, search.machines
    state = search.cells.state(search._first()[0][0])
    good = search.alphabet._answers
    step = Taken(state, (), ((2, next(iter(good))),), 0, True)
    for log, broken in (
        (((1, next(iter(good))),), None),
        (((2, next(iter(good))),), "S2"),
        (((1, "f" * 64),), "S3"),
    ):
        machines.executed[state] = log
        assert judge.broken([state], 0, step) == broken


# Crashes


@pytest.mark.parametrize("byzantine", [(), (0,), (2,)])
def test_a_replica_may_crash_and_come_back_twice_in_the_normal_case(byzantine):
    found = explore(ExplorerConfig(byzantine=byzantine, restarts=2))
    assert found.complete
    assert found.decided > 0
    assert found.states > explore(ExplorerConfig(byzantine=byzantine)).states


def test_a_restart_that_forgets_its_votes_is_found():
    """Planted bug: a replica that votes twice after a crash lets a lying primary split the others."""
    found = forgetful(ExplorerConfig(byzantine=(0,), restarts=1))
    assert found.invariant in ("C1", "S1")
    assert any(step.heard == "it crashes and comes back" for step in found.counterexample)
    assert explore(ExplorerConfig(byzantine=(0,), restarts=1)).complete


def forgetful(config):
    """Explore replicas that remember nothing of what they persisted."""

    class Forgetful(_Search):
        def _born(self, replica):
            born = super()._born(replica)
            return Amnesiac(born)

    class Amnesiac(PbftReplica):
        __slots__ = ()

        def __init__(self, born):
            self.id, self._state = born.id, born._state
            self._on_message, self._on_input = born._on_message, born._on_input

        def step(self, now, event):
            return super().step(now, Restart({}) if isinstance(event, Restart) else event)

    return Forgetful(config).run()


@pytest.mark.nightly
@pytest.mark.parametrize("byzantine", [(), (0,)])
def test_a_crash_and_a_view_change_split_nobody_in_a_million_states(byzantine):
    config = ExplorerConfig(byzantine=byzantine, views=2, restarts=1, max_states=1_000_000)
    assert explore(config).invariant is None


BROKEN_VIEW_CHANGES = {
    "view-changes omit what was prepared": {"prepared_entries": lambda _certificates, _last_executed: ()},
    "O is always empty": {"carry_over": empty},
    "new-view of f + 1": {"view_change_quorum": lambda system: system.weak},
    "committed by f + 1": {"commit_quorum": lambda system: system.weak},
    "committed by nobody": {"commit_quorum": lambda _system: 0},
}


@pytest.mark.parametrize("bug", BROKEN_VIEW_CHANGES)
def test_a_bug_planted_in_the_view_change_is_found(bug):
    """Nobody lies, and three replicas are enough: f = 0, q = 2."""
    rules = replace(Rules(), **BROKEN_VIEW_CHANGES[bug])
    found = explore(ExplorerConfig(n=3, views=2, rules=rules, max_states=100_000, watch=("S1",)))
    assert found.invariant == "S1"
    assert len(found.counterexample) <= 30


# What the reductions rest on


SMALL = [
    {"n": 3},
    {"n": 3, "verdicts": "any"},
    {"n": 3, "views": 2},
    {"n": 3, "f": 1, "quorum": 2, "byzantine": (0,)},
    {"n": 3, "f": 1, "quorum": 3, "byzantine": (0,)},
    {"n": 2, "views": 3},
    {"byzantine": (0,)},
    {"byzantine": (2,)},
    {"byzantine": (0, 1)},
    {"n": 2, "restarts": 2},
    {"n": 3, "restarts": 1},
    {"n": 2, "views": 2, "restarts": 1},
    {"n": 3, "verdicts": "any", "restarts": 1},
    {"n": 3, "f": 1, "quorum": 2, "byzantine": (0,), "restarts": 1},
]


def ends(search):
    """Return what replicas can have executed, all together, in any state reached."""
    return {tuple(search.machines.executed[search.cells.state(cell)] for cell in cells) for cells, *_ in search.reached}


class Watched(_Search):
    """A search that goes on after a breach and remembers what it saw."""

    def __init__(self, config):
        super().__init__(config)
        self.reached = set()

    def _canonical(self, system):
        self.reached.add(system)
        return super()._canonical(system)

    def _broken(self, system, place, taken):
        return None


@pytest.mark.parametrize("setting", SMALL, ids=repr)
def test_reduced_and_plain_search_reach_the_same_executions(setting):
    plain = Watched(ExplorerConfig(**setting, reduce=False, symmetry=False))
    reduced = Watched(ExplorerConfig(**setting, symmetry=False))
    first, second = plain.run(), reduced.run()
    assert first.bound is None
    assert second.bound is None
    assert ends(plain) == ends(reduced)
    assert second.states <= first.states


@pytest.mark.parametrize("setting", SMALL, ids=repr)
def test_symmetry_changes_no_answer(setting):
    with_it = explore(ExplorerConfig(**setting))
    without = explore(ExplorerConfig(**setting, symmetry=False))
    assert with_it.invariant == without.invariant
    assert with_it.depth == without.depth
    assert (with_it.decided > 0, with_it.stalled > 0) == (without.decided > 0, without.stalled > 0)


@pytest.mark.parametrize("setting", SMALL, ids=repr)
def test_longer_moves_reach_nothing_new(setting):
    usual = Watched(ExplorerConfig(**setting, symmetry=False))
    longer = Watched(ExplorerConfig(**setting, symmetry=False, prelude=6))
    usual.run()
    longer.run()
    assert ends(usual) == ends(longer)


def test_moves_without_a_prelude_miss_what_needs_two_votes():
    """Planted bug: the comparison above can fail."""
    assert explore(ExplorerConfig(prelude=0)).decided == 0


@pytest.mark.parametrize("setting", SMALL, ids=repr)
def test_what_is_dead_in_a_state_is_dead_in_all_that_follow(setting):
    search = Watched(ExplorerConfig(**setting, symmetry=False))
    search.run()
    machines = search.machines
    checked = 0
    for state, steps in list(machines._table.items()):
        for taken in [taken for taken in steps.values() if taken is not None]:
            for number in bits(machines._dead[state]):
                assert machines.take(taken.state, number) is None
                checked += number != TIMER
    assert checked > 0


def test_renamed_states_are_states_of_the_renamed_system():
    search = Watched(ExplorerConfig(symmetry=False))
    search.run()
    numbers = set(search.machines._names.values())
    for names in renamings(ExplorerConfig()):
        assert {search.machines.rename(names, state) for state in search.machines._replicas} == numbers
    swapped = (0, 2, 1, 3)
    for state in list(search.machines._replicas):
        assert search.machines.rename(swapped, search.machines.rename(swapped, state)) == state


def test_leaders_and_liars_are_not_interchangeable():
    assert len(renamings(ExplorerConfig(n=5))) == 24
    assert len(renamings(ExplorerConfig(n=5, views=2))) == 6
    assert len(renamings(ExplorerConfig(n=5, views=2, byzantine=(3,)))) == 2
    assert renamings(ExplorerConfig(n=5, symmetry=False)) == [(0, 1, 2, 3, 4)]


def test_the_same_search_twice_gives_the_same_answer():
    config = ExplorerConfig(n=3, views=2)
    assert explore(config) == explore(config)


def test_the_depth_may_be_bounded():
    found = explore(ExplorerConfig(max_depth=3))
    assert found.bound == "max_depth = 3"
    assert found.depth == 3
    assert not found.complete


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 0}, "n = 0: must be at least 1"),
        ({"byzantine": (4,)}, r"byzantine = \(4,\): must be different nodes between 0 and 3"),
        ({"byzantine": (1, 1)}, r"byzantine = \(1, 1\): must be different nodes between 0 and 3"),
        ({"views": 0}, "views = 0: must be at least 1"),
        ({"verdicts": "maybe"}, "verdicts = 'maybe': must be 'accept' or 'any'"),
        ({"max_states": 0}, "max_states = 0: must be at least 1"),
        ({"max_depth": 0}, "max_depth = 0: must be at least 1"),
        ({"prelude": -1}, "prelude = -1: must be at least 0"),
        ({"restarts": -1}, "restarts = -1: must be at least 0"),
        ({"watch": ("S9",)}, "watch = 'S9': must be among S1, S2, S3, C1, C3"),
        ({"quorum": 9}, "quorum = 9: must be between 1 and 4"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        ExplorerConfig(**arguments)
