"""Readable schedules: each operation in words, and under it what the nodes made of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bft.checking import operations as ops
from bft.checking.safety import Breach
from bft.checking.setting import Setting
from bft.checking.subjects import watched
from bft.checking.world import Subject, World
from bft.core import events
from bft.core.effects import Execute
from bft.core.request import NULL_DIGEST


def transcript(subject: Subject, setting: Setting, operations: Iterable[ops.Operation]) -> list[str]:
    """Run a schedule and tell it line by line: what happens, and what honest nodes make of it.

    Values are named a, b, c in the order in which they appear; a line that starts with !! is an invariant that broke.
    """
    world, monitor = watched(subject, setting, record=True)
    names = Names()
    lines = [_setting(setting)]
    told = broken = 0
    for number, operation in enumerate(operations, 1):
        lines.append(f"{number:3d}  {_operation(world, operation, names)}")
        world.run((operation,))
        assert world.records is not None
        lines += [
            f"       {each.node} {_event(each.event, names)}"
            for each in world.records[told:]
            if world.honest[each.node]
        ]
        told = len(world.records)
        lines += [f"    !! {_breach(each)}" for each in monitor.breaches[broken:]]
        broken = len(monitor.breaches)
        if world.stalled is not None and isinstance(operation, ops.Heal):
            lines.append(f"    !! LV1: {world.stalled}")
    lines.append(_end(world))
    return lines


class Names:
    """Short names for digests, in the order in which they appear."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {NULL_DIGEST: "null"}

    def of(self, digest: str) -> str:
        """Return the name of a digest: a to z, then v27 and so on."""
        if digest not in self._names:
            place = len(self._names)
            self._names[digest] = chr(ord("a") + place - 1) if place <= 26 else f"v{place}"
        return self._names[digest]


def _setting(setting: Setting) -> str:
    system = setting.replica_system()
    words = [f"n = {setting.n}", f"f = {system.tolerated}", f"q = {system.quorum}"]
    words += [f"K = {setting.checkpoint_interval}", f"L = {setting.window}"]
    if setting.byzantine:
        words.append(f"Byzantine {_set(setting.byzantine)}")
    if setting.corruptions:
        words.append(f"{setting.corruptions} more to corrupt")
    twins = [f"{place} is a twin of {node}" for place, node in enumerate(setting.twins, setting.n)]
    return ", ".join(words + twins)


def _set(nodes: Iterable[int]) -> str:
    return "{" + ", ".join(map(str, nodes)) + "}"


def _nodes(mask: int, world: World) -> str:
    size = len(world.ids)
    inside = [node for node in range(size) if mask >> node & 1]
    return "all" if len(inside) == size else _set(inside) if inside else "nobody"


def _pending(world: World, index: int, names: Names) -> str:
    if not world.pending:
        return "nothing"
    receiver, event, source = world.pending[index % len(world.pending)]
    return f"{_message(event.message, names)} from {source} to {receiver}"


def _message(message: Any, names: Names) -> str:
    kind = type(message).__name__
    parts = [f"view {message.view}"] if hasattr(message, "view") else []
    if hasattr(message, "seq"):
        parts.append(f"seq {message.seq}")
    digest = getattr(message, "digest", None)
    value = f" {names.of(digest)}" if isinstance(digest, str) else ""
    if hasattr(message, "prepared"):
        entries = [each.preprepare for each in message.prepared]
        held = ", ".join(f"{names.of(each.digest)} at {each.seq} of view {each.view}" for each in entries)
        parts.append(f"prepared: {held or 'nothing'}")
    if hasattr(message, "preprepares"):
        parts.append(f"V of {_set(each.replica for each in message.view_changes)}")
        carried = ", ".join(f"{names.of(each.digest)} at {each.seq}" for each in message.preprepares)
        parts.append(f"O: {carried or 'nothing'}")
    if hasattr(message, "decisions"):
        parts += [f"snapshot proved by {_set(each.replica for each in message.checkpoint_proof)}"] * bool(
            message.snapshot
        )
        parts += [
            f"{names.of(each.proposal.digest)} decided at {each.seq} by {_set(vote.replica for vote in each.commits)}"
            for each in message.decisions
        ]
    return f"{kind}{value} ({', '.join(parts)})" if parts else f"{kind}{value}"


def _operation(world: World, operation: ops.Operation, names: Names) -> str:
    """Return what an operation is about to do."""
    size = len(world.ids)
    match operation:
        case ops.Deliver(place=index):
            return f"deliver {_pending(world, index, names)}"
        case ops.Drop(place=index):
            return f"lose {_pending(world, index, names)}"
        case ops.Duplicate(place=index):
            return f"duplicate {_pending(world, index, names)}"
        case ops.Replay(place=index, node=node):
            if not world.history:
                return "replay nothing"
            old = world.history[index % len(world.history)]
            return f"replay {_message(old.message, names)} of {old.sender} to {node % size}"
        case ops.Exchange(kind=kind, senders=senders, keep=keep):
            rest = "the rest waits" if keep else "the rest is lost"
            everyone = (1 << size) - 1
            graph = {node: senders[node % len(senders)] & everyone for node in range(size)} if senders else {}
            if all(heard == everyone for heard in graph.values()):
                return f"every {kind or 'message'} arrives"
            if not any(graph.values()):
                return f"no {kind or 'message'} arrives, {rest}"
            arrows = ", ".join(f"{node} hears {_nodes(heard, world)}" for node, heard in graph.items())
            return f"{kind or 'message'}s: {arrows}; {rest}"
        case ops.Settle(waves=waves):
            return f"everything arrives, {waves} waves" if waves > 1 else "everything arrives"
        case ops.Fire(node=node, timer=timer):
            runs = timer in world.timers[node % size]
            return f"{timer} timer of {node % size} runs out{'' if runs else ' (it does not run)'}"
        case ops.Ask(request=request, nodes=nodes):
            return f"request {request} of {world.request(request).client} reaches {_nodes(nodes, world)}"
        case ops.Consult(place=index, choice=choice):
            if not world.open:
                return "no validator is asked anything"
            instance, question = world.open[index % len(world.open)]
            answer = ("as it should", "the opposite", "nothing usable")[choice % 3]
            return f"validator of {instance} answers {type(question).__name__}: {answer}"
        case ops.Crash(node=node):
            return f"{node % size} crashes"
        case ops.Restart(node=node):
            return f"{node % size} restarts"
        case ops.Corrupt(node=node):
            return f"{node % world.n} is corrupted"
        case ops.Forge(recipe=recipe, actor=actor, nodes=nodes, choices=choices):
            make = world.subject.recipes.get(recipe)
            liars = sorted(world.corrupted)
            if make is None or not liars:
                return "nobody can forge anything"
            liar = liars[actor % len(liars)]
            known = {kind: list(said) for kind, said in world.sent.items()}
            message = make(world, liar, choices)
            world.sent = known
            what = "nothing" if message is None else _message(message, names)
            return f"{liar} forges for {_nodes(nodes & (1 << size) - 1, world)}: {what}"
        case ops.Heal(views=views, silent=silent):
            return f"the network heals; faulty nodes among {_nodes(silent, world)} fall silent; {views} views may fail"


def _event(event: object, names: Names) -> str:
    """Return what a node reports."""
    match event:
        case events.PrePrepareAccepted(view=view, seq=seq, digest=digest, carried=carried):
            how = "takes over" if carried else "accepts"
            return f"{how} {names.of(digest)} at seq {seq} in view {view}"
        case events.Judgement(view=view, seq=seq, verdict=verdict):
            return f"judges seq {seq} of view {view}: {verdict.value}"
        case events.Prepared(view=view, seq=seq, digest=digest, voters=voters):
            return f"prepared {names.of(digest)} at seq {seq} in view {view}, by {_set(sorted(voters))}"
        case events.Committed(view=view, seq=seq, digest=digest, voters=voters):
            return f"committed {names.of(digest)} at seq {seq} in view {view}, by {_set(sorted(voters))}"
        case Execute(seq=seq, digest=digest, repeated=repeated):
            return f"executes {names.of(digest)} at seq {seq}{', which repeats' if repeated else ''}"
        case events.CheckpointStable(seq=seq, voters=voters):
            return f"has a stable checkpoint at seq {seq}, by {_set(sorted(voters))}"
        case events.ViewChangeStarted(view=view):
            return f"leaves for view {view}"
        case events.ViewEntered(view=view, entries=entries, nulls=nulls, voters=voters):
            return f"enters view {view} with {entries} carried over, {nulls} null, V of {_set(sorted(voters))}"
        case events.StateTransferred(seq=seq):
            return f"adopts the state at seq {seq}"
        case events.Restarted(view=view, last_executed=last):
            return f"is back in view {view}, executed through {last}"
        case events.Equivocation(culprit=culprit, first=first, second=second):
            return f"holds evidence against {culprit}: {_message(first, names)} and {_message(second, names)}"
        case _:
            return _plain(event)


def _plain(event: object) -> str:
    kind = type(event).__name__
    if hasattr(event, "client"):
        return f"{kind} to {event.client}: {getattr(event, 'result', '')!r}"
    return f"{kind} in view {event.view}" if hasattr(event, "view") else kind


def _breach(breach: Breach) -> str:
    return f"{breach.invariant} at node {breach.node}: {breach.detail}"


def _end(world: World) -> str:
    reach = ", ".join(f"{node}: {world.reach[node]}" for node in range(world.n) if world.honest[node])
    return f"end: honest nodes executed through {reach}"
