"""Random draws of single links, one after another for each sending node, each from streams of its own."""

from __future__ import annotations

from bft.network.delays import DelayLaw
from bft.randomness import Floats, Randomness, ReplicationStreams
from bft.stream_starts import StreamStarts

CHUNK = 64  # draws that are transformed at once


class HopDraws:
    """What chance decides about messages on links.

    The k-th message that a node puts on any link has the k-th uniform of the node's delays, whatever law makes a delay
    of it, and whether it is lost. Losses, copies, and the choice of neighbours have streams of their own.
    """

    def __init__(self, streams: ReplicationStreams, n: int) -> None:
        self._randomness, self._replication = streams
        self._n = n
        self._tapes: dict[str, list[_Tape]] = {}

    def delay_s(self, what: str, node: int, law: DelayLaw) -> float:
        """Return the node's next delay for one purpose, in seconds."""
        return self._tape(what, node).delay_s(law)

    def uniform(self, what: str, node: int) -> float:
        """Return the node's next uniform in [0, 1) for one purpose."""
        return self._tape(what, node).uniform()

    def _tape(self, purpose: str, node: int) -> _Tape:
        tapes = self._tapes.get(purpose)
        if tapes is None:
            starts = self._randomness.starts(purpose, 1, self._replication, nodes=self._n)
            address = (purpose, self._n, self._replication)
            tapes = [_Tape(self._randomness, starts, address, each) for each in range(self._n)]
            self._tapes[purpose] = tapes
        return tapes[node]


class _Tape:
    """One node's uniforms, in chunks; the first is a slice of the block that replications share."""

    __slots__ = ("_address", "_made", "_next", "_node", "_randomness", "_raw", "_sampled", "_starts", "_uniforms")

    def __init__(self, randomness: Randomness, starts: StreamStarts, address: tuple[str, int, int], node: int) -> None:
        self._randomness = randomness
        self._starts = starts
        self._address = address
        self._node = node
        self._next = CHUNK
        self._made = 0
        self._raw: Floats
        self._uniforms: list[float] = []
        self._sampled: dict[int, list[float]] = {}

    def uniform(self) -> float:
        place = self._advance()
        if not self._uniforms:
            self._uniforms = self._raw.tolist()
        return self._uniforms[place]

    def delay_s(self, law: DelayLaw) -> float:
        place = self._advance()
        sampled = self._sampled.get(id(law))
        if sampled is None:
            sampled = law.sample(self._raw).tolist()
            self._sampled[id(law)] = sampled
        return sampled[place]

    def _advance(self) -> int:
        if self._next == CHUNK:
            self._refill()
        self._next += 1
        return self._next - 1

    def _refill(self) -> None:
        if self._made == 0:
            purpose, n, replication = self._address
            self._raw = self._randomness.uniforms(purpose, (n, CHUNK), replication)[self._node]
        else:
            self._raw = self._starts.generator(self._node, self._made - 1).random(CHUNK)
        self._made += 1
        self._next = 0
        self._uniforms = []
        self._sampled = {}
