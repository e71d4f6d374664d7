"""Cutting the honest nodes in two: exact, also with stakes."""

from __future__ import annotations

from collections.abc import Sequence

from bft.core.quorum import QuorumSystem


def two_groups(nodes: Sequence[int], system: QuorumSystem) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cut nodes into two groups whose lighter one weighs most: if any cut gives both enough, this one does.

    Parameters
    ----------
    nodes : sequence of int
        Distinct nodes.
    system : QuorumSystem
        Their weights.

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
