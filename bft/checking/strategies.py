"""Hypothesis strategies for property tests of consensus: settings, quorums, delivery graphs, lies, whole schedules.

A schedule is interpreted totally, so nothing is ever rejected and every failing one shrinks to a few readable steps.
A property test of one's own protocol takes a `Subject` (how to make a replica) and is about ten lines long:

    from hypothesis import given
    from bft.checking.strategies import assert_safe, schedules
    from bft.checking.subject import Subject

    MINE = Subject(name="mine", make_replica=lambda node, setting, keyring: MyReplica(node, setting.n))

    @given(schedules(MINE, sizes=(4, 7)))
    def test_my_protocol_is_safe(schedule):
        assert_safe(MINE, *schedule)

Needs hypothesis; nothing else in `bft` imports this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import note
from hypothesis import strategies as st

from bft.checking import operations as ops
from bft.checking.counterexample import run
from bft.checking.safety import Breach
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.transcript import transcript
from bft.checking.world import World
from bft.core.quorum import QuorumSystem, max_faults

Schedule = tuple[Setting, list[ops.Operation]]
CHOICES = 14


class InvariantError(AssertionError):
    """A schedule broke an invariant; the message tells the schedule step by step."""


def quorum_systems(max_n: int = 13, *, weighted: bool = True) -> st.SearchStrategy[QuorumSystem]:
    """Quorum systems of 1 to `max_n` replicas, with right quorums; weighted ones too if wanted."""
    plain = st.integers(1, max_n).map(QuorumSystem.of)
    if not weighted:
        return plain
    stakes = st.lists(st.integers(1, 20), min_size=1, max_size=max_n)
    return plain | stakes.map(lambda each: QuorumSystem.of(len(each), stakes=each))


@st.composite
def settings(
    draw: st.DrawFn,
    sizes: Sequence[int] = (4,),
    byzantine: int | None = None,
    *,
    corruptions: bool = True,
    twins: bool = True,
    prompt_validators: bool | None = None,
) -> Setting:
    """Settings of a world.

    Parameters
    ----------
    draw : callable
        Given by Hypothesis.
    sizes : sequence of int
        Numbers of nodes to choose from.
    byzantine : int, optional
        Nodes that may be corrupted at most, from the start and later together; by default f.
    corruptions, twins : bool, optional
        Whether nodes may be corrupted during the run, and whether corrupted ones may have twins.
    prompt_validators : bool, optional
        Whether validators answer at once; by default both.
    """
    n = draw(st.sampled_from(list(sizes)))
    most = max_faults(n) if byzantine is None else min(byzantine, n)
    liars = tuple(sorted(draw(st.sets(st.integers(0, n - 1), max_size=most))))
    interval, window = draw(st.sampled_from(((2, 4), (1, 2), (2, 5), (3, 4))))
    return Setting(
        n=n,
        byzantine=liars,
        corruptions=draw(st.integers(0, most - len(liars))) if corruptions else 0,
        twins=liars if twins and liars and draw(st.booleans()) else (),
        clients=draw(st.integers(1, 3)),
        checkpoint_interval=interval,
        window=window,
        prompt_validators=draw(st.booleans()) if prompt_validators is None else prompt_validators,
    )


def delivery_graphs(size: int) -> st.SearchStrategy[tuple[int, ...]]:
    """For each of `size` nodes the bit mask of those that it hears; simplest where all hear all."""
    everyone = (1 << size) - 1
    deaf = st.integers(0, everyone)
    return st.tuples(*[st.just(0) | deaf for _ in range(size)]).map(
        lambda unheard: tuple(everyone & ~mask for mask in unheard)
    )


def lies(subject: Subject, setting: Setting) -> st.SearchStrategy[ops.Forge]:
    """Forged messages of a protocol, for any of the nodes."""
    return st.builds(
        ops.Forge,
        st.sampled_from(sorted(subject.recipes)),
        st.integers(0, max(0, len(setting.byzantine) + setting.corruptions - 1)),
        st.integers(1, (1 << setting.instances) - 1),
        st.lists(st.integers(0, 839), max_size=CHOICES).map(tuple),
    )


def byzantine_scripts(subject: Subject, setting: Setting, max_size: int = 20) -> st.SearchStrategy[list[ops.Forge]]:
    """Lists of lies; empty where nobody is corrupted or the protocol has no recipes."""
    if not subject.recipes or not (setting.byzantine or setting.corruptions):
        return st.just([])
    return st.lists(lies(subject, setting), max_size=max_size)


def operations(subject: Subject, setting: Setting) -> st.SearchStrategy[ops.Operation]:
    """Single operations: everything that can happen in a setting, simplest first."""
    size = setting.instances
    place = st.integers(0, 40)
    node = st.integers(0, size - 1)
    kinds: list[st.SearchStrategy[ops.Operation]] = [
        st.builds(ops.Deliver, place),
        st.builds(ops.Settle, st.integers(1, 4)),
        st.builds(ops.Ask, st.integers(0, 5), st.integers(1, (1 << size) - 1)),
        st.builds(
            ops.Exchange, st.sampled_from(("", *subject.phases, *subject.changes)), delivery_graphs(size), st.booleans()
        ),
        st.builds(ops.Drop, place),
        st.builds(ops.Duplicate, place),
        st.builds(ops.Replay, place, node),
        st.builds(ops.Crash, node),
        st.builds(ops.Restart, node),
    ]
    if subject.timers:
        kinds.append(st.builds(ops.Fire, node, st.sampled_from(subject.timers)))
    if not setting.prompt_validators:
        kinds.append(st.builds(ops.Consult, place, st.integers(0, 2)))
    if setting.corruptions:
        kinds.append(st.builds(ops.Corrupt, st.integers(0, setting.n - 1)))
    if subject.recipes and (setting.byzantine or setting.corruptions):
        kinds.append(lies(subject, setting))
    return st.one_of(kinds)


@st.composite
def schedules(
    draw: st.DrawFn,
    subject: Subject,
    *,
    sizes: Sequence[int] = (4,),
    byzantine: int | None = None,
    max_size: int = 60,
    setting: Setting | None = None,
) -> Schedule:
    """A setting and a schedule for it: what to pass to `assert_safe`.

    Parameters
    ----------
    draw : callable
        Given by Hypothesis.
    subject : Subject
        The protocol.
    sizes, byzantine
        As for `settings`.
    max_size : int, optional
        Operations at most, besides a first request and a last few waves in which everything arrives.
    setting : Setting, optional
        Fixes the setting.
    """
    chosen = draw(settings(sizes, byzantine)) if setting is None else setting
    everyone = (1 << chosen.instances) - 1
    middle = draw(st.lists(operations(subject, chosen), max_size=max_size))
    return chosen, [ops.Ask(0, everyone), *middle, ops.Settle(8)]


def assert_safe(subject: Subject, setting: Setting, schedule: Iterable[ops.Operation]) -> World:
    """Run a schedule; fail if an invariant breaks, telling the schedule step by step.

    Raises
    ------
    InvariantError
        With the first breach, and a transcript.
    """
    told = tuple(schedule)
    world, monitor = run(subject, setting, told)
    if monitor.breaches:
        raise InvariantError(explain(monitor.breaches[0], subject, setting, told))
    return world


def explain(breach: Breach, subject: Subject, setting: Setting, schedule: Iterable[ops.Operation]) -> str:
    """Return a breach in words, and note the schedule's transcript for Hypothesis to print."""
    lines = transcript(subject, setting, schedule)
    note("\n".join(lines))
    return f"{breach.invariant} at node {breach.node}: {breach.detail}"
