"""Plays a schedule: what each operation does to a world.

Every operation is interpreted totally, see `operations`. What happens to single nodes stands in `world`, what happens
after stabilisation in `liveness`; here stands what the adversary does to the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bft.checking import operations as ops
from bft.checking.clients import call, work
from bft.checking.disks import cut, disk, spare
from bft.checking.liveness import stabilise
from bft.checking.mutation import mutate
from bft.checking.world import Pending, World
from bft.core.inputs import Deliver


def play(world: World, operations: Iterable[ops.Operation]) -> World:
    """Carry out operations in order, and return the world."""
    table = _TABLE
    for operation in operations:
        table[type(operation)](world, *operation)
    return world


def deliver(world: World, index: int) -> None:
    """Deliver one pending message; the last one takes its place."""
    pending = world.pending
    if not pending:
        return
    place = index % len(pending)
    last = pending.pop()
    if place < len(pending):
        pending[place], last = last, pending[place]
    world.give_all((last,))


def drop(world: World, index: int) -> None:
    """Lose one pending message."""
    if world.pending:
        del world.pending[index % len(world.pending)]


def duplicate(world: World, index: int) -> None:
    """Put a second copy of a pending message on the network."""
    if world.pending:
        world.pending.append(world.pending[index % len(world.pending)])


def replay(world: World, index: int, node: int) -> None:
    """Put an old message on the network again, unless it is the node's own."""
    if world.history:
        event = world.history[index % len(world.history)]
        instance = node % len(world.ids)
        if event.sender != world.ids[instance]:
            world.pending.append((instance, event, event.sender))


def exchange(world: World, kind: str, senders: tuple[int, ...], keep: bool) -> None:
    """Deliver the pending messages of a kind along a delivery graph; lose or keep the others of that kind."""
    instances = range(len(world.ids))
    if len(senders) != len(instances):
        senders = tuple([senders[instance % len(senders)] if senders else 0 for instance in instances])
    rest: list[Pending] = []
    chosen: list[Pending] = []
    left = rest if keep else []
    latest: Deliver | None = None
    meant = not kind
    kind_of = world.subject.kind
    for entry in world.pending:
        instance, event, source = entry
        if kind and event is not latest:  # the copies of a broadcast stand side by side
            latest = event
            meant = kind_of(event.message) == kind
        if not meant:
            rest.append(entry)
        elif senders[instance] >> source & 1:
            chosen.append(entry)
        else:
            left.append(entry)
    world.pending = rest
    world.give_all(chosen)


def settle(world: World, waves: int) -> None:
    """Deliver all that is pending, and all that comes of it, for a number of waves."""
    for _ in range(waves):
        if not world.pending:
            return
        wave, world.pending = world.pending, []
        world.give_all(wave)


def forge(world: World, recipe: str, actor: int, nodes: int, choices: tuple[int, ...]) -> None:
    """Let a corrupted node send a forged message, if there is one and something to build from."""
    make = world.subject.recipes.get(recipe)
    if make is None or not world.corrupted:
        return
    liars = sorted(world.corrupted)
    node = liars[actor % len(liars)]
    message = make(world, node, choices)
    if message is None:
        return
    event = Deliver(node, message)
    for instance in world.others[node]:
        if nodes >> instance & 1:
            world.pending.append((instance, event, node))


def heal(world: World, views: int, silent: int) -> None:
    """Let time flow, and see whether what clients asked gets done; if not, `stalled` says what is missing."""
    spare(world)
    world.stalled = world.stalled or stabilise(world, views, silent)


_TABLE: dict[type, Callable[..., None]] = {
    ops.Deliver: deliver,
    ops.Drop: drop,
    ops.Duplicate: duplicate,
    ops.Replay: replay,
    ops.Exchange: exchange,
    ops.Settle: settle,
    ops.Fire: World.fire,
    ops.Ask: World.ask,
    ops.Consult: World.consult,
    ops.Crash: World.crash,
    ops.Restart: World.restart,
    ops.Corrupt: World.corrupt,
    ops.Forge: forge,
    ops.Mutate: mutate,
    ops.Cut: cut,
    ops.Disk: disk,
    ops.Call: call,
    ops.Work: work,
    ops.Heal: heal,
}
