"""A faulty node: an honest replica whose behaviour bends what it does.

A behaviour is a frozen dataclass with one hook, `bend`. It sees every input of its node with the effects that the
honest replica would have returned, and says what happens instead. Whatever it keeps between calls lives in the node's
`memory`; colluders share their coalition's. Besides protocol effects it may return the ones defined here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from bft.core.inputs import Input
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, Request
from bft.core.signatures import Keyring
from bft.protocols.protocol import Protocol as ProtocolValue
from bft.protocols.protocol import Role


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins: every faulty node is told so once, before anything else."""


@dataclass(frozen=True, slots=True)
class Crash:
    """The node stops: it neither hears nor says anything, and forgets what it did not persist."""


@dataclass(frozen=True, slots=True)
class Recover:
    """The node comes back as an honest replica with what it had persisted."""


@dataclass(frozen=True, slots=True)
class Later:
    """Carry out an effect after a delay in seconds."""

    delay_s: float
    effect: object


@dataclass(frozen=True, slots=True)
class Feed:
    """Give the node's own honest replica an input, in place of what its host would have given."""

    event: Input
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class As:
    """Let another faulty node of the coalition carry out an effect; colluders talk outside the network, at once."""

    node: int
    effect: object


class World(Protocol):
    """What the adversary knows beyond its own messages: it is the strongest that LLM panels may meet."""

    def own_answer(self, node: int, request: Request) -> str | None:
        """Return the answer that a node's validator would give."""

    def wrong_answer(self, node: int, request: Request) -> str:
        """Return a wrong answer, the node's own where that is wrong."""

    def popular_wrong_answer(self, request: Request, nodes: Sequence[int]) -> str:
        """Return the wrong answer that most of `nodes` would give by themselves."""

    def is_right(self, proposal: Proposal) -> bool | None:
        """Return whether a proposal's answer is right; None without ground truth."""


@dataclass(slots=True, kw_only=True)
class Coalition:
    """The faulty nodes that share one behaviour, their keys and their memory."""

    members: tuple[int, ...]
    honest: tuple[int, ...]
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class FaultyNode:
    """What a behaviour may use.

    Attributes
    ----------
    id : int
        The node.
    system : QuorumSystem
        Weights and quorum.
    views : int or None
        Largest number of views that the replicas allow.
    keyring : Keyring
        Signs in the name of every faulty node.
    coalition : Coalition
        The nodes that act with this one.
    world : World
        What validators would say.
    protocol : Protocol
        The protocol that is run.
    nodes : int
        How many nodes there are.
    make_twin : callable or None
        Makes a fresh replica of the node.
    memory : dict
        Private to the node.
    counts : dict
        What the fault did, by name: a configured fault must be seen to fire.
    """

    id: int
    system: QuorumSystem
    views: int | None
    keyring: Keyring
    coalition: Coalition
    world: World
    protocol: ProtocolValue
    nodes: int
    make_twin: Callable[[], Replica] | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    _kinds: dict[int, tuple[tuple[Role, ...], tuple[type, ...]]] = field(default_factory=dict)

    def kinds(self, roles: tuple[Role, ...]) -> tuple[type, ...]:
        """Return the classes of the messages that have one of these roles."""
        known = self._kinds.get(id(roles))  # to hash roles takes longer than all else that most behaviours do
        if known is None or known[0] is not roles:
            known = self._kinds[id(roles)] = roles, self.protocol.kinds(*roles)
        return known[1]

    def twin(self) -> Replica:
        """Return a fresh replica of the node, as an honest one would start."""
        assert self.make_twin is not None, "this host makes no further replicas"
        return self.make_twin()

    def count(self, what: str, times: int = 1) -> None:
        """Record that the fault did something."""
        self.counts[what] = self.counts.get(what, 0) + times


@runtime_checkable
class Behaviour(Protocol):
    """What a faulty node does; implemented by frozen dataclasses, nothing to inherit from.

    `byzantine` is True if the node may break the protocol, False for faults that only stop, delay or mislead its
    validator. Safety is checked over all nodes that are not Byzantine. A behaviour that has `only_validator` set to
    True leaves the replica honest in every respect: then its decision counts like any other. `voice` says what the node
    says in debates of validators (see `bft.validators.panel.Voice`): without it, what its own validator thinks.
    `memoryless` is True if what it does, once the run has begun, depends on nothing but the input and the effects: not
    on the time, and not on what it did before. `alone(node)` is True if the node's honest replica is not run at all:
    `bend` is then given no effects. `takes` names the roles of messages that it keeps back, `asks` the calls to its
    validator that it bends, `commits` is True if it needs messages that commit to values: protocols without such refuse
    it.
    """

    @property
    def byzantine(self) -> bool:
        """Whether the node may break the protocol."""

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Return what happens instead of `effects`."""
