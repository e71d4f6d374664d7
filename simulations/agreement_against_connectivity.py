"""How well must replicas be connected, if f of them also lie as relays?

Ten replicas, f = 3 of them Byzantine, where they part the others most evenly. Harary graphs: the node connectivity κ
is exact, and no link is wasted. Messages take one path, or κ node-disjoint ones; relays drop what they should pass on,
or, where nothing is signed, put another value in its place, alike on both sides of the cut.

Expected, with signatures (liars can only withhold): agreement from κ = f + 1 = 4 on over κ disjoint paths, or by
gossip; over single paths only on the complete graph, κ = 9, since elsewhere some path leads over a liar. Without
signatures: agreement from κ = 2f + 1 = 7 on, where honest paths outnumber the liars' (Dolev 1982). Below that paths
contradict each other and nothing is believed, or, at κ = 1, two halves hear each other through liars only and decide
two values: the split is real, and no replica that decided did anything wrong.

Run time: about 30 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx

import bft
from bft.experiments import Estimate, estimate
from bft.experiments.tables import align
from bft.network.plan import NetworkPlan
from bft.network.routing import Gossip, Routed
from bft.plotting.networks import Measured, curves
from bft.record.outcome import Outcome

NODES = 10
CONNECTIVITIES = (1, 2, 3, 4, 5, 6, 7, 8, 9)
VIEWS = 5  # enough for an honest primary
HORIZON_S = 150.0
REPLICATIONS = 10
SEED = 1
OUT = Path("out/agreement_against_connectivity")
WAYS = ("one path, signed", "κ paths, signed", "gossip, signed", "κ paths, unsigned")


def main(
    replications: int = REPLICATIONS, out: Path = OUT, connectivities: tuple[int, ...] = CONNECTIVITIES
) -> dict[tuple[str, int], dict[str, Estimate]]:
    """Run, print the table, write the figure; return the share of each outcome, by way and connectivity."""
    found = {(way, kappa): shares(way, kappa, replications) for way in WAYS for kappa in connectivities}
    rows = [
        [way, str(kappa), *(f"{each[name].value:.2f}" for name in ("agreed", "split", "other"))]
        for (way, kappa), each in found.items()
    ]
    print(align([["messages take", "κ", "P(agreement)", "P(split)", "P(partial or stalled)"], *rows]))
    out.mkdir(parents=True, exist_ok=True)
    series = {way: [Measured(kappa, *found[way, kappa]["agreed"]) for kappa in connectivities] for way in WAYS}
    ax = curves(
        series, x_label="node connectivity κ", y_label="P(agreement)", title="Ten replicas, three of them lying relays"
    )
    bft.plotting.save(ax, out, "agreement_against_connectivity")
    return found


def shares(way: str, kappa: int, replications: int) -> dict[str, Estimate]:
    """Return how often honest replicas agreed, split, or did neither."""
    routing: dict[str, Any] = {"kind": "gossip"} if way.startswith("gossip") else {"kind": "routed"}
    if way.startswith("κ"):
        routing["paths"] = kappa
    if way.endswith("unsigned"):
        routing |= {"signed": False, "byzantine_relays": "alter"}
    network = bft.Network.model_validate({"topology": {"kind": "harary", "connectivity": kappa}, "routing": routing})
    tolerated = bft.Scenario(n=NODES).system.tolerated
    scenario = bft.Scenario(
        n=NODES,
        network=network,
        faults=bft.Faults(nodes=worst_places(NetworkPlan(network, NODES), tolerated), behaviour="withhold"),
        views=VIEWS,
        horizon_s=HORIZON_S,
    )
    simulator = bft.Simulator(scenario, SEED)
    outcomes = [simulator.run(replication).outcome for replication in range(replications)]
    agreed, split = outcomes.count(Outcome.AGREED_CORRECT), outcomes.count(Outcome.SPLIT)
    counts = {"agreed": agreed, "split": split, "other": replications - agreed - split}
    return {name: estimate(count, replications) for name, count in counts.items()}


def worst_places(plan: NetworkPlan, liars: int) -> tuple[int, ...]:
    """Return where liars do most harm: two halves that hear each other through them only, else most pairs misled."""
    return min(combinations(range(plan.n), liars), key=lambda places: _harmless(plan, set(places)))


def _harmless(plan: NetworkPlan, liars: set[int]) -> tuple[bool, int, int]:
    """Return how little harm liars do: no two halves, nodes in the largest piece, pairs that reach each other."""
    honest = [node for node in range(plan.n) if node not in liars]
    reach: nx.Graph[int] = nx.Graph()
    reach.add_nodes_from(honest)
    if isinstance(plan.way, Gossip):
        component = {
            node: piece for piece in nx.connected_components(plan.graph.networkx().subgraph(honest)) for node in piece
        }
        reach.add_edges_from(pair for pair in combinations(honest, 2) if component[pair[0]] is component[pair[1]])
    else:
        reach.add_edges_from(pair for pair in combinations(honest, 2) if _served(plan, pair, liars))
    pieces = [len(piece) for piece in nx.connected_components(reach)]
    return len(pieces) != 2, max(pieces), reach.number_of_edges()


def _served(plan: NetworkPlan, pair: tuple[int, int], liars: set[int]) -> bool:
    """Whether one node believes another: it is a neighbour, or paths enough lead over no liar."""
    assert isinstance(plan.way, Routed)
    paths = plan.paths(*pair)
    clean = sum(liars.isdisjoint(path) for path in paths)
    return clean > 0 if plan.way.signed else 2 * clean > len(paths) or pair in paths


if __name__ == "__main__":
    main()
