"""Chained HotStuff view by view, for one set of crashed nodes and one answer of each: the witness of its laws."""

from __future__ import annotations


def committed(
    n: int, quorum: int, chain: int, views: int, live: tuple[bool, ...], answers: tuple[int, ...]
) -> int | None:
    """Go through the views with the rules of the chain; return the answer that is committed."""
    chained: list[int] = []  # views of the nodes on the branch whose certificates are known
    value: int | None = None
    for view in range(views):
        leader, collector = view % n, (view + 1) % n
        if not live[leader]:
            continue
        proposed = answers[leader] if value is None else None
        votes = sum(alive and (proposed is None or answers[node] == proposed) for node, alive in enumerate(live))
        if votes < quorum or not live[collector]:
            continue
        value = proposed if value is None else value
        chained.append(view)
        last = chained[-chain:]
        if len(last) == chain and last == list(range(view - chain + 1, view + 1)):
            return value
    return None
