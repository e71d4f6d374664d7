"""The liveness oracle: after stabilisation, everything clients asked is executed by every correct node, and soon (LV1).

No adversary can be asked to let a system progress, so the oracle plays the fair network itself: each message takes a
tenth of a second, timers run by the clock, validators answer, clients ask again, at most f nodes stay faulty. Then all
must be executed before too many views have failed, and within the time that the protocol promises from its timeouts
alone (`Subject.healing_s`), however long the trouble before has lasted. Within as much time again the view timers of
the correct nodes must stand still: with nothing left to wait for, no view is left (LV6). Where a corrupted node leads
then, it is seen whether it can starve a client while another keeps asking (LV5, `fairness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from bft.checking import fairness
from bft.checking.fair_network import MESSAGE_S, FairNetwork
from bft.checking.world import World

HORIZON_S = 400_000.0
"""For a protocol that promises no time: a hundred of the longest view timers of PBFT."""
MOST_STEPS = 60_000


def stabilise(world: World, views: int, silent: int) -> str | None:
    """Run a world under a fair network.

    Parameters
    ----------
    world : World
        In any state; crashed nodes come back, corrupted ones go on as their replicas would or fall silent.
    views : int
        How many views beyond the latest one entered so far may fail.
    silent : int
        Bit mask of faulty nodes that say nothing more.

    Returns
    -------
    str or None
        What is not executed where, or None if everything is.
    """
    mute = _settle_faults(world, silent)
    world.prompt = True
    fair = FairNetwork(world, mute)
    while world.open:
        world.consult(0, 0)
    for number in sorted(world.requests):
        world.ask(number, (1 << len(world.ids)) - 1)
    correct = [node for node in range(world.n) if world.honest[node] and world.replicas[node] is not None]
    missing = run(fair, correct, views) if correct else None
    if correct and missing is None:
        world.restless = world.restless or restless(fair, correct)
    held_up = requests_owed(world, correct) is not None  # as where Tendermint as in its paper is locked for ever
    if correct and missing is None and not held_up and world.starved is None and world.restless is None:
        world.starved = fairness.starves(fair, correct, views, MESSAGE_S)
    world.alarm = None
    return missing


def _settle_faults(world: World, silent: int) -> set[int]:
    """Bring crashed nodes back, except silent ones as long as at most f are faulty; return who falls silent."""
    weights = world.system.weights
    budget = world.system.tolerated - world.system.weight(world.corrupted)
    for instance, replica in enumerate(world.replicas):
        if replica is None:
            if silent >> instance & 1 and world.honest[instance] and weights[instance] <= budget:
                budget -= weights[instance]
            else:
                world.restart(instance)
    return {instance for instance, node in enumerate(world.ids) if node in world.corrupted and silent >> node & 1}


def _view(world: World, node: int) -> int:
    return int(getattr(world.replicas[node], "view", 0))


def run(fair: FairNetwork, correct: list[int], views: int) -> str | None:
    """Run until all is done, or until it is clear that it will not be."""
    world = fair.world
    latest = max(_view(world, node) for node in correct)
    last_view = latest + views
    promised = world.subject.healing_s
    by_s = min(HORIZON_S, HORIZON_S if promised is None else promised(world, correct, MESSAGE_S))
    missing = owed(world, correct)
    progress = world.progress
    steps = 0
    while missing is not None:
        done = fair.advance()
        if done is None:
            return f"{missing}, and nothing is under way"
        instance, fired = done
        steps += 1
        if fair.now_s > by_s or steps > MOST_STEPS:
            return f"{missing} within {by_s:.0f} s (after {steps} steps)"
        if latest > last_view:
            return f"{missing}, and {last_view} views have failed"
        if instance in correct:
            latest = max(latest, _view(world, instance))
        if world.progress != progress or (fired and world.subject.unfinished is not None):
            progress = world.progress
            missing = owed(world, correct)
    return None


def restless(fair: FairNetwork, correct: list[int]) -> str | None:
    """Go on until no correct node times its view or waits; return who does though nothing is owed to anybody."""
    world, subject = fair.world, fair.world.subject
    if subject.healing_s is None or not world.setting.retransmit:
        return None
    by_s = fair.now_s + subject.healing_s(world, correct, MESSAGE_S)
    if isinf(by_s):
        return None
    while waiting := [node for node in correct if subject.view_timer in world.timers[node]]:
        if fair.advance() is None or fair.now_s > by_s:
            return f"everything asked is executed, and nodes {waiting} still time their views after {by_s:.0f} s"
    while kept := kept_for_nothing(world, correct):
        if fair.advance() is None or fair.now_s > by_s:
            return kept
    return None


def owed(world: World, correct: list[int]) -> str | None:
    """Say what is owed: by default that all requests are executed."""
    if world.subject.unfinished is not None:
        return world.subject.unfinished(world, correct)
    return requests_owed(world, correct)


def kept_for_nothing(world: World, nodes: Sequence[int]) -> str | None:
    """Return which of these nodes waits for a request that is executed, or that a later one made void.

    Where a leader orders requests, the node would leave one view after another for it. Asked are replicas that tell
    what they wait for (`pending`).
    """
    if world.subject.leader is None:
        return None
    latest = latest_executed(world)
    for node in nodes:
        for client, request in (getattr(world.replicas[node], "pending", None) or {}).items():
            if request.timestamp <= latest.get(client, -1):
                return f"everything asked is executed, and node {node} still waits for {request.key}"
    return None


def latest_executed(world: World) -> dict[str, int]:
    """Return the timestamp of the last executed request of each client."""
    latest: dict[str, int] = {}
    for client, timestamp in world.done:
        latest[client] = max(timestamp, latest.get(client, timestamp))
    return latest


def requests_owed(world: World, nodes: Sequence[int]) -> str | None:
    """Return which request one of these nodes owes; it owes none that a later one of the client made void (§4.1)."""
    latest = latest_executed(world)
    for number, request in world.requests.items():
        seq = world.done.get(request.key)
        if request.timestamp < latest.get(request.client, 0):
            continue
        if seq is None:
            return f"request {number} is not executed"
        for node in nodes:
            if world.reach[node] < seq:
                return f"node {node} has not executed request {number}"
    return None
