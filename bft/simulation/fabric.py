"""The network where it is more than links that are all alike: hops, relays, gossip, uplinks, processors.

It takes the place of `Links` when the scenario asks for any of this. One message travels as a parcel; every link that
a copy of it takes is an event. Whatever may happen to a message on a link happens in `_transmit`, whatever a node does
with what is not for it alone in `_relay` and `_pass_on`, and what it costs a node to take a message in, in `_process`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from math import log1p
from typing import Any

from bft.clock import Alarm
from bft.core.effects import Broadcast, Send
from bft.core.inputs import Deliver
from bft.network.capacity import MessageSizes, Processing
from bft.network.delays import DelayLaw, HeldCrossing, LostCrossing
from bft.network.plan import Hop, NetworkPlan, Path
from bft.network.routing import Gossip, Routed
from bft.randomness import ReplicationStreams
from bft.simulation.hop_draws import HopDraws
from bft.simulation.message_sizes import weigh
from bft.simulation.network_metrics import NetworkMetrics
from bft.simulation.relays import Liars
from bft.simulation.stations import Stations

Receive = Callable[[int, Any], None]
Action = Callable[[Any, int, Any], None]
MEGABIT_BYTES = 1e6 / 8
DEFAULT_SIZES = MessageSizes()


@dataclass(slots=True, kw_only=True, eq=False)
class Parcel:
    """A message on its way: what all its copies share."""

    number: int
    """Of the parcel in its run."""
    origin: int
    """Who sent it."""
    recipient: int | None
    """For whom it is; None for everybody."""
    kind: str
    """Type of the message."""
    size_bytes: int
    signatures: int
    """Its weight on a link."""
    true: Deliver
    false: Deliver | None = None
    """The input that it makes, and the one that it makes once a relay has altered it."""


class Fabric:
    """Carries the messages of one replication.

    Parameters
    ----------
    plan : NetworkPlan
        Links and ways.
    streams : ReplicationStreams
        The streams of the replication.
    byzantine : collection of int
        Nodes that may misuse what they relay.
    sign : callable
        Signs a body in its signer's name: what altered messages need where nothing is really signed.
    """

    def __init__(
        self,
        plan: NetworkPlan,
        streams: ReplicationStreams,
        byzantine: Collection[int] = (),
        sign: Callable[[Any], Any] = lambda body: body,
    ) -> None:
        network, n = plan.network, plan.n
        self._plan = plan
        self._n = n
        self._way = plan.way
        self._partitions = network.partitions
        self._synchrony = network.synchrony
        self._held_back_s = network.held_back_s
        self._sizes = network.sizes or DEFAULT_SIZES
        self._rates = None if network.bandwidth is None else [MEGABIT_BYTES * each for each in network.bandwidth.of(n)]
        self._work = network.processing or Processing(verify_s=0.0, sign_s=0.0)
        self._uplinks = Stations(n, network.slowdowns)
        self._processors = Stations(n, network.slowdowns, self._work.queue_limit)
        self._draws = HopDraws(streams, n)
        self._byzantine = frozenset(byzantine)
        self._liars = Liars(sign)
        self._parcels = 0
        self._heard: list[dict[int, Any]] = [{} for _ in range(n)]
        self._clock: Any = None
        self._receive: Receive
        self._running: Sequence[object]
        self._launched: Callable[[Deliver, Sequence[int]], None]
        self.transmissions = 0
        self.relayed = 0
        self.duplicates = 0
        self.lost = 0
        self.delayed = 0
        self._lost_by: dict[str, int] = {}
        self._bytes_by_kind: dict[str, int] = {}

    def carry(
        self,
        clock: Any,
        receive: Receive,
        running: Sequence[object],
        launched: Callable[[Deliver, Sequence[int]], None],
    ) -> dict[type, Action]:
        """Join a host, and return what it is to do with messages.

        Parameters
        ----------
        clock : Clock
            Where arrivals are scheduled.
        receive : callable
            Called with a node and its input.
        running : sequence
            None for every node that is down.
        launched : callable
            Called with the input that a message makes, and for whom it is, once for each message.
        """
        self._clock, self._receive, self._running, self._launched = clock, receive, running, launched
        return {Broadcast: self._broadcast, Send: self._send}

    def leave(self) -> None:
        """Forget the host: fabric and host are not to keep each other alive."""
        del self._clock, self._receive, self._running, self._launched

    def metrics(self) -> NetworkMetrics:
        """Return what it cost."""
        return NetworkMetrics(
            transmissions=self.transmissions,
            bytes_sent=sum(self._bytes_by_kind.values()),
            bytes_by_kind=self._bytes_by_kind,
            relayed=self.relayed,
            duplicates=self.duplicates,
            delayed=self.delayed,
            lost_by=dict(sorted(self._lost_by.items())),
            uplink_wait_s=self._uplinks.mean_wait_s,
            uplink_longest_wait_s=self._uplinks.longest_wait_s,
            queue_wait_s=self._processors.mean_wait_s,
            queue_longest_wait_s=self._processors.longest_wait_s,
            uplink_busy_s=max(self._uplinks.busy_s),
            processor_busy_s=max(self._processors.busy_s),
        )

    def _broadcast(self, _: object, node: int, effect: Broadcast) -> None:
        if self._n > 1:
            self._launch(node, effect.message, None)

    def _send(self, _: object, node: int, effect: Send) -> None:
        self._launch(node, effect.message, effect.recipient)

    def _launch(self, node: int, message: object, recipient: int | None) -> None:
        """Sign a message, which takes the processor's time, and send it."""
        weight = weigh(message, self._sizes)
        parcel = Parcel(
            number=self._parcels,
            origin=node,
            recipient=recipient,
            kind=type(message).__name__,
            size_bytes=weight.size_bytes,
            signatures=weight.signatures,
            true=Deliver(node, message),
        )
        self._parcels += 1
        everybody = [(node + step) % self._n for step in range(1, self._n)]
        self._launched(parcel.true, everybody if recipient is None else [recipient])
        if self._lying:
            self._liars.learn(message)
        now = self._clock.now
        sign_s = self._work.sign_s
        ready_s = self._processors.serve(node, now, self._takes_s(node, "signing", sign_s)) if sign_s else now
        if ready_s > now:
            Alarm(self._clock, ready_s, lambda _: self._signed_at_last(parcel))
        else:
            self._depart(parcel)

    def _signed_at_last(self, parcel: Parcel) -> None:
        if self._running[parcel.origin] is not None:
            self._depart(parcel)

    @property
    def _lying(self) -> bool:
        return self._way is not None and self._way.byzantine_relays == "alter" and bool(self._byzantine)

    def _depart(self, parcel: Parcel) -> None:
        """Put the copies of a message on their first links; to everybody, starting with the next node."""
        origin = parcel.origin
        if parcel.recipient == origin:
            Alarm(self._clock, self._clock.now, lambda _: self._receive(origin, parcel.true))
            return
        if isinstance(self._way, Gossip):
            self._heard[origin][parcel.number] = True
            self._spread(parcel, origin, None, False, self._way.ttl)
            return
        to_all = ((origin + step) % self._n for step in range(1, self._n))
        for recipient in to_all if parcel.recipient is None else (parcel.recipient,):
            for path in ((origin, recipient),) if self._way is None else self._plan.paths(origin, recipient):
                self._transmit(parcel, origin, path[1], partial(self._relay, parcel, path, 1, False))

    def _transmit(self, parcel: Parcel, sender: int, recipient: int, arrive: Callable[[], None]) -> None:
        """Carry a copy over one link: uplink, partition, loss, delay, copies."""
        now = self._clock.now
        self.transmissions += 1
        self._bytes_by_kind[parcel.kind] = self._bytes_by_kind.get(parcel.kind, 0) + parcel.size_bytes
        if self._rates is not None:
            now = self._uplinks.serve(sender, now, parcel.size_bytes / self._rates[sender])
        hop, uniform = self._plan.hop(sender, recipient), self._draws.uniform
        sent_s = now
        now, crossing = self._crosses(sender, recipient, now)
        arrival_s = self._arrival_s(sender, hop, now, "hop delays")  # drawn for lost ones too: others keep their delays
        if isinstance(crossing, LostCrossing):
            self._lose("partition")
        elif hop.loss and uniform("hop loss", sender) < hop.loss:
            self._lose("link")
        else:
            self.delayed += now > sent_s or crossing is not None
            if crossing is not None:
                arrival_s = now + self._draws.delay_s("partition delays", sender, crossing)
            Alarm(self._clock, arrival_s, lambda _: arrive())
            if hop.duplication and uniform("hop duplication", sender) < hop.duplication:
                Alarm(self._clock, self._arrival_s(sender, hop, now, "hop copies"), lambda _: arrive())

    def _crosses(self, sender: int, recipient: int, now: float) -> tuple[float, LostCrossing | DelayLaw | None]:
        """Return when a message is on its link at last, and what a partition makes of it then: lost, or this law."""
        while True:
            cutting = [each for each in self._partitions if each.cuts(sender, recipient, now)]
            if not cutting:
                return now, None
            crossing = next((each.crossing for each in cutting if not each.delays), cutting[0].crossing)
            if not isinstance(crossing, HeldCrossing):
                return now, crossing
            now = cutting[0].end_s

    def _arrival_s(self, sender: int, hop: Hop, now: float, purpose: str) -> float:
        """Return when a copy that leaves now arrives."""
        synchrony = self._synchrony
        unsettled = synchrony is not None and now < synchrony.gst_s
        law = synchrony.before if synchrony is not None and unsettled else hop.law
        delay_s = self._draws.delay_s(purpose, sender, law) + (0.0 if unsettled else hop.base_s)
        if hop.reordering and self._draws.uniform("hop reordering", sender) < hop.reordering:
            delay_s += self._held_back_s
        if synchrony is None:
            return now + delay_s
        return min(now + delay_s, max(now, synchrony.gst_s) + synchrony.delta_s)

    def _relay(self, parcel: Parcel, path: Path, place: int, altered: bool) -> None:
        """A copy has come to a node on its path: to its end, or to a relay."""
        node = path[place]
        if place == len(path) - 1:
            self._take(parcel, path, altered)
            return
        if self._running[node] is None:
            self._lose("crashed node")
            return
        if self._misuses(node, parcel):
            if not self._lying:
                self._lose("Byzantine relay")
                return
            altered = True
        self.relayed += 1
        self._transmit(parcel, node, path[place + 1], partial(self._relay, parcel, path, place + 1, altered))

    def _misuses(self, node: int, parcel: Parcel) -> bool:
        """Whether a node withholds or alters a message that it should pass on; colluders pass on each other's."""
        assert self._way is not None
        return (
            node in self._byzantine and parcel.origin not in self._byzantine and self._way.byzantine_relays != "forward"
        )

    def _take(self, parcel: Parcel, path: Path, altered: bool) -> None:
        """The end of a path: believe a copy, or wait for more of them."""
        node = path[-1]
        if self._running[node] is None:
            self._lose("crashed node")
            return
        if altered and self._signed:
            self._lose("altered")
            return
        if isinstance(self._way, Routed) and self._way.paths > 1 and not self._enough(parcel, path, altered):
            return
        self._process(node, parcel, lambda: self._receive(node, self._input(parcel, altered)))

    @property
    def _signed(self) -> bool:
        return self._way is None or self._way.signed

    def _enough(self, parcel: Parcel, path: Path, altered: bool) -> bool:
        """Whether this copy, of those over disjoint paths, makes the message believed.

        The first does where it is signed or came over the link from its origin; else as many must say the same as make
        more than half of the paths.
        """
        heard, number = self._heard[path[-1]], parcel.number
        if heard.get(number) is True:
            self.duplicates += 1
            return False
        if not self._signed and len(path) > 2:
            votes = heard.setdefault(number, {False: set(), True: set()})
            votes[altered].add(path)
            if 2 * len(votes[altered]) <= len(self._plan.paths(parcel.origin, path[-1])):
                return False
        heard[number] = True
        return True

    def _input(self, parcel: Parcel, altered: bool) -> Deliver:
        """Return the input that a copy makes."""
        if not altered:
            return parcel.true
        if parcel.false is None:
            parcel.false = Deliver(parcel.origin, self._liars.altered(parcel.true.message))
        return parcel.false

    def _process(self, node: int, parcel: Parcel, done: Callable[[], None]) -> bool:
        """Give a message its time of the processor; return False if it finds no place in the queue."""
        work_s = self._work.message_s + self._work.verify_s * parcel.signatures
        if not work_s:
            done()
            return True
        if not self._processors.enter(node):
            self._lose("queue full")
            return False
        work_s = self._takes_s(node, "processing", work_s)

        def finish(_: Any) -> None:
            self._processors.leave(node)
            done()

        Alarm(self._clock, self._processors.serve(node, self._clock.now, work_s), finish)
        return True

    def _takes_s(self, node: int, purpose: str, mean_s: float) -> float:
        """Return how long a piece of the processor's work takes."""
        if self._work.law == "constant":
            return mean_s
        return -mean_s * log1p(-self._draws.uniform(purpose, node))

    def _spread(self, parcel: Parcel, node: int, came_from: int | None, altered: bool, links_left: int | None) -> None:
        """Gossip a message to the neighbours, or to some of them."""
        if links_left == 0:
            return
        left = None if links_left is None else links_left - 1
        for neighbour in self._audience(node, came_from):
            self.relayed += node != parcel.origin
            self._transmit(parcel, node, neighbour, partial(self._hear, parcel, neighbour, node, altered, left))

    def _audience(self, node: int, came_from: int | None) -> list[int]:
        """Return to whom a node passes on a message now."""
        assert isinstance(self._way, Gossip)
        others = [each for each in self._plan.graph.neighbours[node] if each != came_from]
        if self._way.fanout is None or self._way.fanout >= len(others):
            return others
        for place in range(self._way.fanout):
            drawn = place + int(self._draws.uniform("gossip", node) * (len(others) - place))
            others[place], others[drawn] = others[drawn], others[place]
        return others[: self._way.fanout]

    def _hear(self, parcel: Parcel, node: int, came_from: int, altered: bool, links_left: int | None) -> None:
        """A gossiped copy has come to a node."""
        heard = self._heard[node]
        if self._running[node] is None:
            self._lose("crashed node")
        elif parcel.number in heard:
            self.duplicates += 1
        elif altered and self._signed:
            self._lose("altered")
        else:
            heard[parcel.number] = True
            if not self._process(node, parcel, partial(self._pass_on, parcel, node, came_from, altered, links_left)):
                del heard[parcel.number]

    def _pass_on(self, parcel: Parcel, node: int, came_from: int, altered: bool, links_left: int | None) -> None:
        """A node has checked a gossiped message: pass it on, and take it in if it is meant."""
        mine = parcel.recipient == node
        if self._running[node] is not None and not mine:
            if not self._misuses(node, parcel):
                self._spread(parcel, node, came_from, altered, links_left)
            elif self._lying:
                self._spread(parcel, node, came_from, True, links_left)
            else:
                self._lost_by["Byzantine relay"] = self._lost_by.get("Byzantine relay", 0) + 1
        if mine or parcel.recipient is None:
            self._receive(node, self._input(parcel, altered))

    def _lose(self, reason: str) -> None:
        self.lost += 1
        self._lost_by[reason] = self._lost_by.get(reason, 0) + 1
