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

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st

from bft.checking import operations as ops
from bft.checking.counterexample import finding_of, run
from bft.checking.generators.drawn_settings import within
from bft.checking.setting import Setting
from bft.checking.subject import Subject, check_subject
from bft.checking.transcript import transcript
from bft.checking.world import World
from bft.core.quorum import QuorumSystem
from bft.errors import BftError, bad_value
from bft.record.safety import Breach

Schedule = tuple[Setting, list[ops.Operation]]
SIZES = (4, 5, 6, 7)
"""At n = 4 alone the quorum of crash faults, ⌊n/2⌋ + 1, is right."""

NAME = re.compile(r"[A-Z]+\d+")
CHOICES = 14
TURN = 10


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
    sizes: Sequence[int] = SIZES,
    byzantine: int | None = None,
    *,
    corruptions: bool = True,
    twins: bool = True,
    prompt_validators: bool | None = None,
    stakes: bool = False,
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
    stakes : bool, optional
        Whether nodes may weigh differently; then the corrupted ones weigh at most what is tolerated.
    """
    n = draw(_one_of(tuple(sizes)))
    weights = draw(_stakes(n)) if stakes and draw(_BOOLEANS) else None
    system = QuorumSystem.of(n, stakes=weights)
    most = system.tolerated if byzantine is None or system.weighted else min(byzantine, n)
    liars = tuple(within(sorted(draw(_sets_of_nodes(n, min(most, n)))), system, most)) if most else ()
    interval, window = draw(_WINDOWS)
    return Setting(
        n=n,
        byzantine=liars,
        stakes=weights,
        corruptions=draw(_up_to(most - len(liars))) if corruptions and most > len(liars) and weights is None else 0,
        twins=liars if twins and liars and draw(_BOOLEANS) else (),
        clients=draw(_CLIENTS),
        checkpoint_interval=interval,
        window=window,
        prompt_validators=draw(_BOOLEANS) if prompt_validators is None else prompt_validators,
    )


def delivery_graphs(size: int) -> st.SearchStrategy[tuple[int, ...]]:
    """For each of `size` nodes the bit mask of those that it hears; simplest where all hear all."""
    return _delivery_graphs(size)


def lies(subject: Subject, setting: Setting) -> st.SearchStrategy[ops.Forge]:
    """Forged messages of a protocol, for any of the nodes."""
    check_subject(subject, setting)
    return _lies(tuple(sorted(subject.recipes)), len(setting.byzantine) + setting.corruptions, setting.instances)


def byzantine_scripts(subject: Subject, setting: Setting, max_size: int = 20) -> st.SearchStrategy[list[ops.Forge]]:
    """Lists of lies; empty where nobody is corrupted or the protocol has no recipes."""
    check_subject(subject, setting)
    if not subject.recipes or not (setting.byzantine or setting.corruptions):
        return st.just([])
    return st.lists(lies(subject, setting), max_size=max_size)


def operations(subject: Subject, setting: Setting) -> st.SearchStrategy[ops.Operation]:
    """Single operations: everything that can happen in a setting, simplest first."""
    check_subject(subject, setting)
    return _operations(
        size=setting.instances,
        kinds=("", *subject.phases, *subject.changes),
        timers=subject.timers,
        recipes=tuple(sorted(subject.recipes)) if setting.byzantine or setting.corruptions else (),
        liars=len(setting.byzantine) + setting.corruptions,
        corruptible=setting.n if setting.corruptions else 0,
        prompt=setting.prompt_validators,
    )


# Making a strategy takes Hypothesis longer than drawing from it, so each is made once and kept.

_BOOLEANS = st.booleans()
_CLIENTS = st.integers(1, 3)
_WINDOWS = st.sampled_from(((2, 4), (1, 2), (2, 5), (3, 4)))


@cache
def _one_of(sizes: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.sampled_from(sizes)


@cache
def _stakes(n: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(1, 9)] * n)


@cache
def _up_to(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


@cache
def _sets_of_nodes(n: int, most: int) -> st.SearchStrategy[set[int]]:
    return st.sets(st.integers(0, n - 1), max_size=most)


@cache
def _delivery_graphs(size: int) -> st.SearchStrategy[tuple[int, ...]]:
    everyone = (1 << size) - 1
    deaf = st.just(0) | st.integers(0, everyone)
    return st.tuples(*[deaf] * size).map(lambda unheard: tuple([everyone & ~mask for mask in unheard]))


@cache
def _lies(recipes: tuple[str, ...], liars: int, size: int) -> st.SearchStrategy[ops.Forge]:
    return st.tuples(
        st.sampled_from(recipes),
        st.integers(0, max(0, liars - 1)),
        st.integers(1, (1 << size) - 1),
        st.lists(st.integers(0, 839), max_size=CHOICES).map(tuple),
    ).map(ops.Forge._make)


@cache
def _operations(
    *,
    size: int,
    kinds: tuple[str, ...],
    timers: tuple[str, ...],
    recipes: tuple[str, ...],
    liars: int,
    corruptible: int,
    prompt: bool,
) -> st.SearchStrategy[ops.Operation]:
    place = st.integers(0, 40)
    node = st.integers(0, size - 1)
    some: list[st.SearchStrategy[ops.Operation]] = [
        place.map(ops.Deliver),
        st.integers(1, 4).map(ops.Settle),
        st.tuples(st.integers(0, 5), st.integers(1, (1 << size) - 1)).map(ops.Ask._make),
        st.tuples(st.sampled_from(kinds), _delivery_graphs(size), _BOOLEANS).map(ops.Exchange._make),
        place.map(ops.Drop),
        place.map(ops.Duplicate),
        st.tuples(place, node).map(ops.Replay._make),
        node.map(ops.Crash),
        node.map(ops.Restart),
    ]
    if timers:
        some.append(st.tuples(node, st.sampled_from(timers)).map(ops.Fire._make))
    if not prompt:
        some.append(st.tuples(place, st.integers(0, 2)).map(ops.Consult._make))
    if corruptible:
        some.append(st.integers(0, corruptible - 1).map(ops.Corrupt))
    if recipes:
        some.append(_lies(recipes, liars, size))
    return st.one_of(some)


@cache
def _turns(
    operation: st.SearchStrategy[ops.Operation],
    *,
    size: int,
    timer: str,
    changes: tuple[str, ...],
    max_size: int,
) -> st.SearchStrategy[list[ops.Operation]]:
    """Lists of turns, joined: some operations, or all that it takes to leave a view.

    A list of lists gets three times as far as a flat list, of which Hypothesis draws half a dozen items on average.
    """
    turn = st.lists(operation, max_size=min(TURN, max_size))
    if changes:
        graphs = st.tuples(*[_delivery_graphs(size)] * len(changes))
        turn = turn | graphs.map(lambda drawn: _leave(size, timer, changes, drawn))
    return st.lists(turn, max_size=-(-max_size // TURN)).map(lambda turns: [each for turn in turns for each in turn])


def _leave(size: int, timer: str, changes: tuple[str, ...], graphs: tuple[tuple[int, ...], ...]) -> list[ops.Operation]:
    """Return how all leave a view, and whom the messages of the change reach."""
    return [
        *(ops.Fire(node, timer) for node in range(size)),
        *(ops.Exchange(kind, graph, False) for kind, graph in zip(changes, graphs, strict=True)),
    ]


@st.composite
def schedules(
    draw: st.DrawFn,
    subject: Subject,
    *,
    sizes: Sequence[int] = SIZES,
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
    turns = _turns(
        operations(subject, chosen),
        size=chosen.instances,
        timer=subject.view_timer,
        changes=subject.changes,
        max_size=max_size,
    )
    middle = draw(turns)[:max_size]
    return chosen, [ops.Ask(0, everyone), *middle, ops.Settle(8)]


def assert_safe(
    subject: Subject,
    setting: Setting,
    schedule: Iterable[ops.Operation],
    *,
    invariants: Collection[str] | None = None,
) -> World:
    """Run a schedule; fail if an invariant breaks, telling the schedule step by step.

    Parameters
    ----------
    subject : Subject
        The protocol.
    setting : Setting
        What the schedule runs on.
    schedule : iterable of Operation
        What happens.
    invariants : collection of str, optional
        The names of those that are asked about, such as {"S1"} for agreement alone; by default all. A tuned quorum may
        give up some and keep others.

    Returns
    -------
    World
        Where the schedule ended.

    Raises
    ------
    InvariantError
        With the first breach, and a transcript.
    BftError
        If `invariants` names none.
    """
    if invariants is not None and (isinstance(invariants, str) or not all(map(NAME.fullmatch, invariants))):
        raise BftError(bad_value("invariants", invariants, 'must be names of invariants, such as {"S1", "C3"}'))
    told = tuple(schedule)
    world, monitor = run(subject, setting, told)
    found = finding_of(monitor, None if invariants is None else tuple(invariants))
    if found is not None:
        raise broken(found.breach, subject, setting, told)
    return world


def broken(breach: Breach, subject: Subject, setting: Setting, schedule: Iterable[ops.Operation]) -> InvariantError:
    """Return the error of a breach, with the transcript of its schedule as a note, inside Hypothesis and elsewhere."""
    error = InvariantError(f"{breach.invariant} at node {breach.node}: {breach.detail}")
    told = "\n".join(transcript(subject, setting, schedule))
    if currently_in_test_context():
        note(told)  # printed for the smallest example alone
    else:
        error.add_note(told)
    return error
