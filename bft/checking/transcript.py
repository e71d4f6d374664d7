"""Readable schedules: each operation in words, and under it what the nodes made of it."""

from __future__ import annotations

from collections.abc import Iterable

from bft.checking import operations as ops
from bft.checking.clients import outstanding
from bft.checking.play import play
from bft.checking.setting import Setting
from bft.checking.subject import Subject
from bft.checking.watching import watched
from bft.checking.world import ReplicaRaisedError, World
from bft.core.short_names import set_words
from bft.record.safety import Breach
from bft.record.words import Words

DISK_WORDS = ("its next write is lost", "its next write is torn", "its image is kept", "it goes back to the image kept")


def transcript(subject: Subject, setting: Setting, operations: Iterable[ops.Operation]) -> list[str]:
    """Run a schedule and tell it line by line: what happens, and what honest nodes make of it.

    Values are named a, b, c in the order in which they appear; a line that starts with !! is an invariant that broke.
    """
    world, monitor = watched(subject, setting, record=True)
    words = Words(subject.protocol)
    lines = [_setting(setting)]
    told = broken = 0
    for number, operation in enumerate(operations, 1):
        lines.append(f"{number:3d}  {_operation(world, operation, words)}")
        raised = None
        try:
            play(world, (operation,))
        except ReplicaRaisedError as error:
            raised = f"    !! M7 at node {error.instance}: {error.detail}"
        assert world.records is not None
        lines += [
            f"       {each.node} {words.of_event(each.event)}"
            for each in world.records[told:]
            if world.honest[each.node]
        ]
        told = len(world.records)
        lines += [f"    !! {_breach(each)}" for each in monitor.breaches[broken:]]
        broken = len(monitor.breaches)
        if world.stalled is not None and isinstance(operation, ops.Heal):
            lines.append(f"    !! LV1: {world.stalled}")
        if raised is not None:
            lines.append(raised)
            break
    lines.append(_end(world))
    return lines


def _setting(setting: Setting) -> str:
    system = setting.replica_system()
    words = [f"n = {setting.n}", f"f = {system.tolerated}", f"q = {system.quorum}"]
    words += [f"K = {setting.checkpoint_interval}", f"L = {setting.window}"]
    if setting.stakes is not None:
        words.append(f"weights {system.weights}")
    if not setting.retransmit:
        words.append("nothing is retransmitted")
    if setting.byzantine:
        words.append(f"Byzantine {set_words(setting.byzantine)}")
    if setting.corruptions:
        words.append(f"{setting.corruptions} more to corrupt")
    twins = [f"{place} is a twin of {node}" for place, node in enumerate(setting.twins, setting.n)]
    return ", ".join(words + twins)


def _nodes(mask: int, world: World) -> str:
    size = len(world.ids)
    inside = [node for node in range(size) if mask >> node & 1]
    return "all" if len(inside) == size else set_words(inside) if inside else "nobody"


def _pending(world: World, index: int, words: Words) -> str:
    if not world.pending:
        return "nothing"
    receiver, event, source = world.pending[index % len(world.pending)]
    return f"{words.of_message(event.message)} from {source} to {receiver}"


def _operation(world: World, operation: ops.Operation, words: Words) -> str:
    """Return what an operation is about to do."""
    size = len(world.ids)
    match operation:
        case ops.Deliver(place=index):
            return f"deliver {_pending(world, index, words)}"
        case ops.Drop(place=index):
            return f"lose {_pending(world, index, words)}"
        case ops.Duplicate(place=index):
            return f"duplicate {_pending(world, index, words)}"
        case ops.Replay(place=index, node=node):
            if not world.history:
                return "replay nothing"
            old = world.history[index % len(world.history)]
            return f"replay {words.of_message(old.message)} of {old.sender} to {node % size}"
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
            what = "nothing" if message is None else words.of_message(message)
            return f"{liar} forges for {_nodes(nodes & (1 << size) - 1, world)}: {what}"
        case ops.Mutate(place=place, nodes=nodes):
            whom = _nodes(nodes & (1 << size) - 1, world)
            return f"message {place} of a liar is changed for {whom}" if world.corrupted else "nobody can lie"
        case ops.Cut(node=node, actions=actions):
            return f"{node % size} will crash in its next step, after {actions} writes and messages"
        case ops.Disk(node=node, fault=fault):
            return f"disk of {node % size}: {DISK_WORDS[fault % len(DISK_WORDS)]}"
        case ops.Call(client=client, nodes=nodes):
            asked = world.request(outstanding(world, client))
            return f"{asked.client} asks {asked.operation} of {_nodes(nodes, world)}, and waits"
        case ops.Work(requests=requests):
            return f"clients that wait ask {requests} questions in turn, and everything arrives"
        case ops.Heal(views=views, silent=silent):
            return f"the network heals; faulty nodes among {_nodes(silent, world)} fall silent; {views} views may fail"


def _breach(breach: Breach) -> str:
    return f"{breach.invariant} at node {breach.node}: {breach.detail}"


def _end(world: World) -> str:
    reach = ", ".join(f"{node}: {world.reach[node]}" for node in range(world.n) if world.honest[node])
    return f"end: honest nodes executed through {reach}"
