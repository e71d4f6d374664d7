"""What a schedule has reached, in few words: the events and guards it met, and how far apart its nodes ended.

Each word names something that happened, with a rough count where counts tell cases apart. Two schedules with the same
words have most likely tried the same; one with a new word has been somewhere new. All is read off once, at the end of
a run, from what monitor and replicas remember anyway: steering must not slow down what it steers.
"""

from __future__ import annotations

from collections.abc import Mapping

from bft.checking.monitor import Monitor
from bft.checking.world import World

MOST = 6
"""Counts are told apart up to 2 to this power."""
NONE: Mapping[str, int] = {}
FORGED_STATE = "unproved snapshot"
"""The guard that turns a forged state away, after it has looked at its votes and its digest."""


def _rough(count: int) -> int:
    return min(count.bit_length(), MOST)


def guards(world: World) -> Mapping[str, int]:
    """Return how often each guard of the honest replicas has turned something away, by its reason."""
    total: dict[str, int] = {}
    for instance, replica in enumerate(world.replicas):
        if replica is not None and world.honest[instance]:
            for reason, count in (getattr(replica, "drops", None) or NONE).items():
                total[reason] = total.get(reason, 0) + count
    return total


def reached(world: World, monitor: Monitor) -> set[str]:
    """Return the milestones of a finished run: those of its monitor, and what only the guards tell."""
    found = monitor.reached
    if guards(world).get(FORGED_STATE):
        found.add("forged state considered")
    return found


def words(world: World, monitor: Monitor) -> frozenset[str]:
    """Return what a finished run has reached."""
    found = {f"reached {name}" for name in monitor.reached}
    for reason, count in guards(world).items():
        found.add(f"guard {reason} {_rough(count)}")
    nodes = [monitor.facts.nodes[node] for node in range(world.n) if world.honest[node]]
    if nodes:
        views = [each.view for each in nodes]
        lows = [each.low for each in nodes]
        ends = [each.last_executed for each in nodes]
        away = sum(not each.active for each in nodes)
        found.add(f"views {_rough(max(views))} apart {_rough(max(views) - min(views))} changing {away}")
        found.add(f"executed {_rough(max(ends))} apart {_rough(max(ends) - min(ends))}")
        found.add(f"checkpoints {_rough(max(lows))} apart {_rough(max(lows) - min(lows))}")
        owed = sum(len(each.owed) for each in nodes)
        prepared = sum(seq > each.last_executed for each in nodes for seq in each.prepared)
        found.add(f"owed {_rough(owed)} prepared and not executed {_rough(prepared)} changing {bool(away)}")
    rivals = sum([len(set(held.values())) > 1 for held in monitor.facts.prepared_at.values() if len(held) > 1])
    found.add(f"numbers prepared for several values {_rough(rivals)}")
    found.add(f"new views {_rough(len(monitor.facts.new_views))} replies {_rough(len(monitor.facts.replies))}")
    return frozenset(found)
