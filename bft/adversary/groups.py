"""Cutting the honest nodes in two, exactly, also with stakes; and what each group is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bft.adversary.node import FaultyNode
from bft.core.quorum import QuorumSystem
from bft.core.request import Request

WORDINGS = ("", "in other words")
"""Of what the two groups are told: one answer in two wordings is two values."""


def two_groups(nodes: Sequence[int], system: QuorumSystem) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cut nodes into two groups whose lighter one weighs most: if any cut gives both enough, this one does.

    Returns
    -------
    tuple of tuple of int
        The groups, each in ascending order.

    Notes
    -----
    Dynamic programming over reachable sums: O(len(nodes) · total weight).
    """
    ordered = sorted(nodes)
    if not system.weighted or len(ordered) < 2:
        half = (len(ordered) + 1) // 2
        return tuple(ordered[:half]), tuple(ordered[half:])
    total = system.weight(ordered)
    reach: dict[int, tuple[int, ...]] = {0: ()}
    for node in ordered:
        for weight, members in list(reach.items()):
            reach.setdefault(weight + system.weights[node], (*members, node))
    cuts = [(abs(total - 2 * weight), members) for weight, members in reach.items() if 0 < len(members) < len(ordered)]
    _, chosen = min(cuts)
    return chosen, tuple(node for node in ordered if node not in chosen)


def groups(node: FaultyNode) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the two groups of honest nodes that are told different values."""
    memory = node.coalition.memory
    if "groups" not in memory:
        memory["groups"] = two_groups(node.coalition.honest, node.system)
    first, second = memory["groups"]
    return first, second


def can_split(node: FaultyNode) -> bool:
    """Return whether both groups, each with the coalition, are a quorum."""
    backing = node.system.weight(node.coalition.members)
    return all(group and node.system.weight(group) + backing >= node.system.quorum for group in groups(node))


def honest_decide(node: FaultyNode) -> bool:
    """Return whether the honest are a quorum by themselves, whatever the coalition withholds."""
    return node.system.weight(node.coalition.honest) >= node.system.quorum


def answer_for(node: FaultyNode, group: Sequence[int], request: Request) -> str:
    """Return the answer that most validators of a group would accept: their own."""
    own = Counter(node.world.own_answer(member, request) for member in group)
    del own[None]
    if not own:
        return node.world.wrong_answer(node.id, request)
    most = max(own.values())
    return min(answer for answer, count in own.items() if answer is not None and count == most)
