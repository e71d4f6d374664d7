"""Messages over relays: which way, how long, and what relays can do to them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Any

import networkx as nx
import pytest

import bft
from bft.clock import Clock
from bft.core.effects import Broadcast, Execute, Send
from bft.core.inputs import Deliver
from bft.core.request import Proposal, Request
from bft.network.plan import NetworkPlan
from bft.protocols.pbft.messages import Prepare, PrePrepare
from bft.randomness import Randomness, ReplicationStreams
from bft.simulation.fabric import Fabric

TENTH = {"law": "constant", "delay_s": 0.1}


class Wire:
    """A fabric by itself: what arrives where, and when."""

    def __init__(
        self, network: bft.Network, n: int, byzantine: Collection[int] = (), down: Collection[int] = (), seed: int = 1
    ) -> None:
        self.clock: Any = Clock()
        self.got: list[tuple[float, int, object]] = []
        self.sent = 0
        self.fabric = Fabric(NetworkPlan(network, n), ReplicationStreams(Randomness(seed), 0), byzantine)
        running: Sequence[object] = [None if node in down else "up" for node in range(n)]
        self.do = self.fabric.carry(self.clock, self._receive, running, self._launched)

    def _launched(self, event: Deliver, recipients: Sequence[int]) -> None:
        assert event.message
        self.sent += len(recipients)

    def _receive(self, node: int, event: Deliver) -> None:
        self.got.append((self.clock.now, node, event.message))

    def broadcast(self, node: int, message: object = "hello") -> Wire:
        self.do[Broadcast](None, node, Broadcast(message))
        return self

    def send(self, node: int, recipient: int, message: object = "hello") -> Wire:
        self.do[Send](None, node, Send(recipient, message))
        return self

    def run(self) -> Wire:
        self.clock.run()
        return self

    @property
    def times(self) -> dict[int, float]:
        return {node: time_s for time_s, node, _ in self.got}

    @property
    def lost_by(self) -> dict[str, int]:
        return dict(self.fabric.metrics().lost_by)


def network(topology: object, **given: Any) -> bft.Network:
    return bft.Network(delay=TENTH, topology=topology, **given)


def test_delays_of_the_hops_add_up() -> None:
    wire = Wire(network("ring"), 6).broadcast(0).run()
    assert wire.times == pytest.approx({1: 0.1, 5: 0.1, 2: 0.2, 4: 0.2, 3: 0.3})
    assert wire.fabric.metrics().transmissions == 1 + 1 + 2 + 2 + 3
    assert wire.fabric.metrics().relayed == 4
    assert wire.sent == 5


def test_the_path_is_the_shortest_by_delay_not_by_hops() -> None:
    slow = {"senders": [0], "recipients": [2], "delay": {"law": "constant", "delay_s": 0.5}}
    plan = NetworkPlan(network({"kind": "edges", "links": [[0, 1], [1, 2], [2, 0]]}, routing="routed", links=[slow]), 3)
    assert plan.paths(0, 2) == ((0, 1, 2),)
    assert plan.paths(2, 0) == ((2, 0),), "only one direction is slow"


def test_where_all_have_links_messages_take_them_unless_told_otherwise() -> None:
    assert bft.Network().way(4) is None
    assert bft.Network(topology="complete").way(4) is None
    assert bft.Network(topology="ring").way(3) is None, "a ring of three is complete"
    assert bft.Network(topology="ring").way(4) is not None
    assert bft.Network(routing="routed").way(4) is not None


def test_a_relay_that_is_down_passes_nothing_on() -> None:
    wire = Wire(network("ring"), 6, down={1}).broadcast(0).run()
    assert set(wire.times) == {3, 4, 5} or set(wire.times) == {4, 5}
    assert 2 not in wire.times
    assert wire.lost_by["crashed node"] >= 2


def test_disjoint_paths_get_past_it() -> None:
    wire = Wire(network("ring", routing={"kind": "routed", "paths": 2}), 6, down={1}).broadcast(0).run()
    assert wire.times == pytest.approx({5: 0.1, 4: 0.2, 3: 0.3, 2: 0.4})
    everybody = Wire(network("ring", routing={"kind": "routed", "paths": 2}), 6).broadcast(0).run()
    assert len(everybody.got) == 5, "the second copy is dropped"
    assert everybody.fabric.duplicates == 5


@pytest.mark.parametrize(
    ("misdeed", "reached"), [("drop", {1, 3, 4, 5}), ("alter", {1, 3, 4, 5}), ("forward", {1, 2, 3, 4, 5})]
)
def test_what_byzantine_relays_do_to_signed_messages(misdeed: str, reached: set[int]) -> None:
    routing = {"kind": "routed", "byzantine_relays": misdeed}
    links = [{"senders": [3], "recipients": [2], "delay": {"law": "constant", "delay_s": 9}}]
    wire = Wire(network("ring", routing=routing, links=links), 6, byzantine={1}).broadcast(0).run()
    assert set(wire.times) == reached
    expected = {"drop": {"Byzantine relay": 1}, "alter": {"altered": 1}, "forward": {}}
    assert wire.lost_by == expected[misdeed]


def test_colluders_pass_on_what_colluders_send() -> None:
    wire = Wire(network("ring"), 6, byzantine={0, 1}).send(0, 2).run()
    assert set(wire.times) == {2}


REQUEST = Request(client="c", timestamp=1, operation="?")
PROPOSAL = Proposal(request=REQUEST, answer="42")
PROPOSED = PrePrepare(0, 1, PROPOSAL.digest, PROPOSAL, 0)
ALTER = {"kind": "routed", "signed": False, "byzantine_relays": "alter"}


def values(wire: Wire) -> dict[int, str]:
    return {node: message.digest for _, node, message in wire.got if isinstance(message, PrePrepare | Prepare)}


def test_without_signatures_a_relay_puts_another_value_in_its_place_and_back() -> None:
    wire = Wire(network({"kind": "grid", "columns": 4}, routing=ALTER), 4, byzantine={1}).broadcast(0, PROPOSED).run()
    told = values(wire)
    assert told[1] == PROPOSAL.digest
    assert told[2] == told[3] != PROPOSAL.digest
    proposal = next(message.proposal for _, node, message in wire.got if node == 3)
    assert proposal.digest == told[3]
    assert proposal.answer == "42"
    wire.send(3, 0, Prepare(0, 1, told[3], 3)).run()
    assert values(wire)[0] == PROPOSAL.digest, "votes for the one value come back as votes for the other"


def test_more_than_half_of_the_disjoint_paths_must_agree() -> None:
    """Dolev (1982): 2f + 1 paths deceive nobody where f relays lie."""
    links = {"kind": "harary", "connectivity": 3}
    for paths, deceived in ((1, True), (3, False)):
        plan = network(links, routing={**ALTER, "paths": paths})
        for byzantine in range(1, 8):
            told = values(Wire(plan, 8, byzantine={byzantine}).broadcast(0, PROPOSED).run())
            assert set(told) == set(range(1, 8)), "one liar withholds nothing"
            if not deceived:
                assert set(told.values()) == {PROPOSAL.digest}
        deceived_somebody = any(
            len(set(values(Wire(plan, 8, byzantine={each}).broadcast(0, PROPOSED).run()).values())) > 1
            for each in range(1, 8)
        )
        assert deceived_somebody == deceived


def test_two_liars_of_two_paths_keep_quiet_rather_than_deceive() -> None:
    ring = network("ring", routing={**ALTER, "paths": 2})
    told = values(Wire(ring, 6, byzantine={1}).broadcast(0, PROPOSED).run())
    assert set(told) == {1, 5}, "one path against one decides nothing; neighbours need no path"


def test_gossip_reaches_everybody_once_over_the_fastest_way() -> None:
    wire = Wire(network("ring", routing="gossip"), 6).broadcast(0).run()
    assert wire.times == pytest.approx({1: 0.1, 5: 0.1, 2: 0.2, 4: 0.2, 3: 0.3})
    assert len(wire.got) == 5
    assert wire.fabric.duplicates == 2, "two that hear it at once tell each other"


def test_gossip_ends_with_its_time_to_live() -> None:
    wire = Wire(network("ring", routing={"kind": "gossip", "ttl": 2}), 8).broadcast(0).run()
    assert set(wire.times) == {1, 2, 6, 7}


def test_gossip_to_one_node_is_taken_in_by_that_node_only() -> None:
    wire = Wire(network("ring", routing="gossip"), 6).send(0, 3).run()
    assert [node for _, node, _ in wire.got] == [3]


def test_gossip_with_a_fanout_sends_to_so_many() -> None:
    chatty = bft.Network(delay=TENTH, routing={"kind": "gossip", "fanout": 2})
    wire = Wire(chatty, 20).broadcast(0).run()
    heard = len({node for _, node, _ in wire.got})
    assert wire.fabric.transmissions == 2 + 2 * heard
    reached = {len(Wire(chatty, 20, seed=seed).broadcast(0).run().got) for seed in range(5)}
    assert len(reached) > 1, "whom it reaches is left to chance"


def test_signed_gossip_is_not_harmed_by_liars_as_long_as_the_rest_is_connected() -> None:
    routing = {"kind": "gossip", "byzantine_relays": "alter"}
    wire = Wire(network("ring", routing=routing), 6, byzantine={1}).broadcast(0, PROPOSED).run()
    assert set(values(wire).values()) == {PROPOSAL.digest}
    assert set(values(wire)) == {1, 2, 3, 4, 5}
    deceived = (
        Wire(network("ring", routing={**routing, "signed": False}), 6, byzantine={1}).broadcast(0, PROPOSED).run()
    )
    assert set(values(deceived).values()) > {PROPOSAL.digest}


def test_a_message_to_oneself_takes_no_link() -> None:
    wire = Wire(network("ring"), 4).send(2, 2).run()
    assert wire.times == {2: 0.0}
    assert wire.fabric.transmissions == 0


def cut_by(liar: dict[str, object], **given: Any) -> bft.Run:
    """Two cliques of three that only node 6 joins: a cut vertex, and f = 2."""
    cliques = [[a, b] for side in ((0, 1, 2), (3, 4, 5)) for a in side for b in side if a < b]
    links = {"kind": "edges", "links": [*cliques, *([6, node] for node in range(6))]}
    scenario = bft.Scenario(
        n=7,
        network={"topology": links, "routing": liar, "delay": TENTH},
        faults=bft.Faults(nodes=(6,), behaviour="withhold"),
        horizon_s=300,
        **given,
    )
    return bft.simulate(scenario, 1)


def test_a_liar_between_two_halves_stalls_them_where_messages_are_signed() -> None:
    run = cut_by({"kind": "routed", "byzantine_relays": "alter"})
    assert run.outcome.value == "stalled"
    assert not run.breaches


def test_and_splits_them_where_they_are_not() -> None:
    run = cut_by({"kind": "routed", "byzantine_relays": "alter", "signed": False})
    assert run.outcome.value == "split"
    digests = {node: event.digest for _, node, event in run.trace.of(Execute)}
    assert len({digests[0], digests[1], digests[2]}) == len({digests[3], digests[4], digests[5]}) == 1
    assert digests[0] != digests[3]
    assert {each.invariant for each in run.breaches} == {"S1"}


def test_a_split_by_forgery_breaks_no_promise_where_links_allow_it() -> None:
    from bft.experiments.blocks import violates_guarantee

    run = cut_by({"kind": "routed", "byzantine_relays": "alter", "signed": False})
    assert not violates_guarantee(run), "f + 1 liars are not needed where one can forge: connectivity is below 2f + 1"
    assert not bft.Network(topology="ring", routing=ALTER).authentic(7, 2)
    assert bft.Network(topology="ring", routing=ALTER).authentic(7, 0)
    assert bft.Network(topology="ring", routing={**ALTER, "signed": True}).authentic(7, 2)
    enough = bft.Network(topology={"kind": "harary", "connectivity": 5}, routing={**ALTER, "paths": 5})
    assert enough.authentic(10, 2)
    assert not enough.authentic(10, 3)


@pytest.mark.parametrize(
    "topology", [{"kind": "grid", "columns": 3}, {"kind": "harary", "connectivity": 4}, "ring"], ids=str
)
def test_of_equally_short_ways_the_one_by_the_largest_numbers_is_taken_whatever_the_library(topology: Any) -> None:
    plan = NetworkPlan(bft.Network(topology=topology, delay=TENTH), 6)
    graph = plan.graph.networkx()
    for sender, recipient in itertools.permutations(range(6), 2):
        shortest = nx.all_shortest_paths(graph, sender, recipient)
        largest = max((tuple(path) for path in shortest), key=lambda path: path[::-1])
        assert plan.paths(sender, recipient) == (largest,)
