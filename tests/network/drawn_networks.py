"""Hypothesis strategies for networks: connected graphs, schedules of partitions, ways of passing messages on.

What they draw is valid for the number of nodes that it is drawn for; times are in seconds, and everything heals.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bft.network.regions import region_table
from bft.network.settings import Network

LAST_S = 40.0
"""By when every partition has healed and partial synchrony has settled."""

Draw = st.DrawFn


@st.composite
def connected_links(draw: Draw, n: int) -> dict[str, Any]:
    """Draw any connected undirected graph of n nodes: a random tree, and more links."""
    tree = [(draw(st.integers(0, node - 1)), node) for node in range(1, n)]
    pairs = [(one, other) for one in range(n) for other in range(one + 1, n)]
    more = draw(st.lists(st.sampled_from(pairs), max_size=2 * n)) if pairs else []
    return {"kind": "edges", "links": tuple(dict.fromkeys([*tree, *more]))}


def topologies(n: int) -> st.SearchStrategy[Any]:
    """Draw a topology of n nodes, named or not."""
    named = st.sampled_from(["complete", "ring", "star", "grid"])
    harary = st.integers(1, n - 1).map(lambda k: {"kind": "harary", "connectivity": k}) if n > 1 else st.nothing()
    return named | harary | connected_links(n)


@st.composite
def partitions(draw: Draw, n: int) -> dict[str, Any]:
    """Draw a partition of n nodes into up to three groups, in one direction or both, that heals."""
    sides = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    groups = [[node for node in range(n) if sides[node] == side] for side in (0, 1)]
    start_s = draw(st.floats(0.0, LAST_S / 2))
    return {
        "groups": [group for group in groups if group] or [[0]],
        "start_s": start_s,
        "end_s": start_s + draw(st.floats(0.1, LAST_S / 2)),
        "one_way": draw(st.booleans()),
    }


def routings(*, signed: bool = True) -> st.SearchStrategy[Any]:
    """Draw how messages find their way; relays do what they like."""
    misdeeds = st.sampled_from(["drop", "alter", "forward"])
    routed = st.fixed_dictionaries(
        {"kind": st.just("routed"), "paths": st.integers(1, 3), "signed": st.just(signed), "byzantine_relays": misdeeds}
    )
    gossip = st.fixed_dictionaries(
        {"kind": st.just("gossip"), "signed": st.just(signed), "byzantine_relays": misdeeds},
        optional={"fanout": st.integers(1, 4), "ttl": st.integers(1, 6)},
    )
    return st.none() | routed | gossip


@st.composite
def networks(draw: Draw, n: int) -> Network:
    """Draw a network of n nodes with signatures: safety must hold over every one of them."""
    names = region_table("aws21").regions
    regions = st.fixed_dictionaries({"nodes": st.lists(st.sampled_from(names), min_size=1, max_size=n)})
    synchrony = st.fixed_dictionaries(
        {
            "gst_s": st.floats(0, LAST_S),
            "delta_s": st.floats(0.1, 2.0),
            "before": st.sampled_from(["adversarial", "pareto"]),
        }
    )
    processing = st.fixed_dictionaries(
        {"verify_s": st.floats(0, 0.01), "sign_s": st.floats(0, 0.01)}, optional={"queue_limit": st.integers(1, 20)}
    )
    return Network.model_validate(
        {
            "topology": draw(st.none() | topologies(n)),
            "routing": draw(routings()),
            "partitions": draw(st.lists(partitions(n), max_size=3)),
            "regions": draw(st.none() | regions),
            "synchrony": draw(st.none() | synchrony),
            "processing": draw(st.none() | processing),
            "bandwidth": draw(st.none() | st.floats(0.5, 100).map(lambda rate: {"uplink_mbit_s": rate})),
            "loss": draw(st.sampled_from([0.0, 0.05])),
            "duplication": draw(st.sampled_from([0.0, 0.1])),
            "reordering": draw(st.sampled_from([0.0, 0.2])),
        }
    )
