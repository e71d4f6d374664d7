"""A network worked out for n nodes: what each link is like, and which way messages go. Built once for a scenario.

Shortest paths use the typical delay of each link, its median; among equally short ones the choice is the same in every
process, and with every release of the libraries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bft.network.conditions import Link
from bft.network.delays import ConstantDelay, DelayLaw
from bft.network.routing import Routed
from bft.network.settings import Network

Path = tuple[int, ...]
AT_ONCE = ConstantDelay(delay_s=0.0)
SHORTEST_S = 1e-12  # a link without delay still counts as a link


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One link in one direction."""

    base_s: float
    """Added to every delay drawn."""
    law: DelayLaw
    """Of the rest of the delay."""
    loss: float
    duplication: float
    reordering: float
    """Probabilities for each message."""

    @property
    def typical_s(self) -> float:
        """Median delay."""
        return self.base_s + float(self.law.sample(np.array([0.5]))[0])


class NetworkPlan:
    """The links and the ways of n nodes."""

    def __init__(self, network: Network, n: int) -> None:
        self.network = network
        self.n = n
        self.graph = network.graph(n)
        self.way = network.way(n)
        self._one_way_s = network.one_way_s(n)
        self._jitter = network.jitter or AT_ONCE if network.regions is None else network.regions.jitter
        self._hops: dict[tuple[int, int], Hop] = {}
        self._paths: dict[tuple[int, int], tuple[Path, ...]] = {}
        self._before: dict[int, list[int]] = {}
        self._lengths: _Lengths | None = None

    def hop(self, sender: int, recipient: int) -> Hop:
        """Return what the link between two neighbours is like."""
        pair = (sender, recipient)
        if pair not in self._hops:
            self._hops[pair] = self._make_hop(sender, recipient)
        return self._hops[pair]

    def paths(self, sender: int, recipient: int) -> tuple[Path, ...]:
        """Return the paths that a message takes at once, each with both ends."""
        pair = (sender, recipient)
        if pair not in self._paths:
            wanted = self.way.paths if isinstance(self.way, Routed) else 1
            self._paths[pair] = self._disjoint(pair, wanted) if wanted > 1 else (self._shortest(pair),)
        return self._paths[pair]

    def _make_hop(self, sender: int, recipient: int) -> Hop:
        network = self.network
        speaking = [link for link in network.links if link.speaks_of(sender, recipient)]
        base_s, law = self._delay(sender, recipient, speaking)
        return Hop(
            base_s=base_s,
            law=law,
            loss=_last(speaking, "loss", network.loss),
            duplication=_last(speaking, "duplication", network.duplication),
            reordering=_last(speaking, "reordering", network.reordering),
        )

    def _delay(self, sender: int, recipient: int, speaking: list[Link]) -> tuple[float, DelayLaw]:
        """Return the fixed and the random part: of the link, else of the graph, else of the places, else of all."""
        own: DelayLaw | None = _last(speaking, "delay", None)
        drawn_s = self.graph.edge_delay_s(sender, recipient)
        if own is not None:
            return 0.0, own
        if drawn_s is not None:
            return drawn_s, self._jitter
        if self._one_way_s is not None:
            return self._one_way_s[sender][recipient], self._jitter
        return 0.0, self.network.delay

    def _shortest(self, pair: tuple[int, int]) -> Path:
        sender, recipient = pair
        if sender not in self._before:
            self._before[sender] = self._last_relays(sender)
        path = [recipient]
        while path[-1] != sender:
            path.append(self._before[sender][path[-1]])
        return tuple(reversed(path))

    def _last_relays(self, sender: int) -> list[int]:
        """Return from whom each node hears of a sender: of equally short paths the one by the largest number."""
        if self._lengths is None:
            self._lengths = _Lengths(
                self.n,
                {
                    (one, other): max(self.hop(one, other).typical_s, SHORTEST_S)
                    for one in range(self.n)
                    for other in self.graph.neighbours[one]
                },
            )
        return self._lengths.last_relays(sender)

    def _disjoint(self, pair: tuple[int, int], wanted: int) -> tuple[Path, ...]:
        """Return as many node-disjoint paths as wanted, or as there are, the shortest first."""
        from networkx import node_disjoint_paths

        sender, recipient = pair
        if self.graph.complete:
            relays = [node for node in range(self.n) if node not in pair]
            found: list[Path] = [pair, *((sender, relay, recipient) for relay in relays[: wanted - 1])]
        else:
            found = [tuple(path) for path in node_disjoint_paths(self.graph.networkx(), *pair, cutoff=wanted)]
        return tuple(sorted(found, key=lambda path: (self._length_s(path), path)))

    def _length_s(self, path: Path) -> float:
        return sum(self.hop(one, other).typical_s for one, other in pairwise(path))


class _Lengths:
    """How far nodes are from one another along links of known lengths.

    Of equally short paths scipy returns any, and another one in another release; lengths are the same in all.
    """

    def __init__(self, n: int, links: Mapping[tuple[int, int], float]) -> None:
        from scipy.sparse import csr_array  # 11 MB, which networks without a graph do without
        from scipy.sparse.csgraph import dijkstra

        self._senders, self._recipients = np.array(list(links)).T
        self._own_s = np.array(list(links.values()))
        places = (self._senders, self._recipients)
        self._all_s = dijkstra(csr_array((self._own_s, places), shape=(n, n)))

    def last_relays(self, sender: int) -> list[int]:
        here_s = self._all_s[sender]
        shortest = here_s[self._senders] + self._own_s == here_s[self._recipients]
        found = np.full(len(here_s), -1)
        np.maximum.at(found, self._recipients[shortest], self._senders[shortest])
        return [int(relay) for relay in found]


def _last(speaking: list[Link], name: str, otherwise: Any) -> Any:
    """Return the value of the last link that has one."""
    return next((value for link in reversed(speaking) if (value := getattr(link, name)) is not None), otherwise)
