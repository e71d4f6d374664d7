"""The smallest set of nodes whose failure parts the rest of a graph.

The node connectivity κ of a graph, directed or not, is the least number of nodes whose failure leaves two others of
which the first cannot reach the second: the minimum, over all ordered pairs without a link from the first to the
second, of the nodes that part them (Menger). Not all pairs need a flow [1]_. Take any node v. A smallest cut without v
parts v from somebody, or somebody from v. In one with v, v has a link from the near side and a link to the far side,
else the cut would do without it: so it parts somebody who has a link to v from somebody to whom v has one.

References
----------
.. [1] A. H. Esfahanian, S. L. Hakimi, "On computing the connectivities of graphs and digraphs", Networks 14 (1984).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx

IN, OUT = 0, 1


def smallest_cut(made: nx.Graph[int]) -> tuple[int, ...] | None:
    """Return a smallest set of nodes whose failure parts the rest, in ascending order; None if nothing parts them.

    Parameters
    ----------
    made : networkx.Graph or networkx.DiGraph
        Nodes 0 … n − 1, without links of a node to itself.
    """
    from networkx.algorithms.flow import build_residual_network, edmonds_karp, minimum_cut

    n = made.number_of_nodes()
    halves = _halves(made)
    residual = build_residual_network(halves, "capacity")
    least, parted = n - 1, None
    for one, other in _pairs(made):
        ends = ((one, OUT), (other, IN))
        across = edmonds_karp(halves, *ends, residual=residual, cutoff=least).graph["flow_value"]
        if across < least:
            least, parted = int(across), ends
    if parted is None:
        return None
    _, (near, _) = minimum_cut(halves, *parted, flow_func=edmonds_karp)
    return tuple(node for node in range(n) if (node, IN) in near and (node, OUT) not in near)


def _halves(made: nx.Graph[int]) -> nx.DiGraph[Any]:
    """Return the graph with each node as two halves between which one unit may flow; links carry any number."""
    import networkx as nx

    halves: nx.DiGraph[Any] = nx.DiGraph()
    for node in range(made.number_of_nodes()):
        halves.add_edge((node, IN), (node, OUT), capacity=1)
    for one, other in made.edges:
        halves.add_edge((one, OUT), (other, IN), capacity=made.number_of_nodes())
        if not made.is_directed():
            halves.add_edge((other, OUT), (one, IN), capacity=made.number_of_nodes())
    return halves


def _pairs(made: nx.Graph[int]) -> Iterator[tuple[int, int]]:
    """Ordered pairs without a link among which a smallest cut parts one; those of few links first."""
    n = made.number_of_nodes()
    out = [set(made[node]) for node in range(n)]
    into = [{one for one in range(n) if node in out[one]} for node in range(n)]
    chosen = min(range(n), key=lambda node: len(out[node]) * len(into[node]))
    around = [(chosen, other) for other in range(n)]
    if made.is_directed():
        around += [(other, chosen) for other in range(n)]
    around += itertools.product(sorted(into[chosen]), sorted(out[chosen]))
    pairs = [(one, other) for one, other in around if one != other and other not in out[one]]
    return iter(sorted(pairs, key=lambda pair: min(len(out[pair[0]]), len(into[pair[1]]))))
