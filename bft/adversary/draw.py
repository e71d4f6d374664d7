"""Who is faulty in a replication, and with which behaviour: drawn from named streams, the same for every engine."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate

from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.randomness import ReplicationStreams


def faulty_nodes(faults: Faults, n: int, streams: ReplicationStreams) -> tuple[int, ...]:
    """Return the faulty nodes of a replication in ascending order.

    A node is faulty if its uniform lies below δ, so along δ the faulty sets of one replication only grow.
    """
    if faults.nodes is not None:
        return tuple(sorted(faults.nodes))
    if faults.delta == 0:
        return ()
    uniforms = streams.randomness.uniforms("faulty nodes", (n,), streams.replication).tolist()
    if faults.draw == "fraction":
        assert isinstance(faults.delta, float)
        by_uniform = sorted(range(n), key=lambda node: (uniforms[node], node))
        return tuple(sorted(by_uniform[: faulty_count(faults.delta, n)]))
    deltas = faults.delta if isinstance(faults.delta, tuple) else (faults.delta,) * n
    return tuple(node for node in range(n) if uniforms[node] < deltas[node])


def faulty_count(delta: float, n: int) -> int:
    """Return ⌊δn⌋ for δ as it is written, so that 0.29 of 100 nodes are 29."""
    return int(Decimal(str(delta)) * n)


def behaviours(faults: Faults, n: int, nodes: tuple[int, ...], streams: ReplicationStreams) -> dict[int, Behaviour]:
    """Return the behaviour of every faulty node."""
    if len(faults.behaviour) == 1:
        return dict.fromkeys(nodes, faults.behaviour[0])
    shares = faults.shares or (1.0,) * len(faults.behaviour)
    bounds = [bound / sum(shares) for bound in accumulate(shares)]
    uniforms = streams.randomness.uniforms("behaviours", (n,), streams.replication).tolist()
    return {node: faults.behaviour[sum(uniforms[node] >= bound for bound in bounds[:-1])] for node in nodes}
