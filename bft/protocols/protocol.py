"""What a protocol must provide: one frozen value, by which every room knows it.

A protocol's author writes a replica (`bft.core.replica.Replica`: one method, `step`), its messages and its events, and
one value of `Protocol` that says how they are used. With that value the protocol is run, swept, attacked, checked,
drawn and compared:

>>> from bft.protocols.registry import protocol_of
>>> pbft = protocol_of("pbft")
>>> [kind.type.__name__ for kind in pbft.messages if kind.role is Role.VOTE]
['Prepare', 'Commit']

What every protocol has in common is not said again: a decision is the effect `Execute`, whatever led to it, and
outcomes are read from it; what must survive a crash is asked for by `Persist`; validators are asked by
`RequestProposal` and `RequestVerdict`. What only some rooms need and a protocol has none of (a law, a vectorised
engine) is left out: those rooms then say so in one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from bft.arguments import check_instance
from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.short_names import Names
from bft.errors import ScenarioError, bad_value
from bft.settings import Settings
from bft.voting import Rule

if TYPE_CHECKING:
    from bft.randomness import Randomness

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")

READ: Mapping[str, str] = {
    "stakes": "stakes of nodes",
    "requests": "more than one request",
    "operations": "requests that change replicated accounts",
    "restart": "nodes that come back after a crash",
    "machine": "machines with lives of their own",
    "service": "an LLM service before its validators",
    "membership": "members that come and go",
    "rule": "a voting rule",
    "views": "a bound on views",
    "retransmission": "requests for retransmission",
}
"""The fields of a scenario that not every protocol reads, and what each asks of it."""

MARKS = (
    "accepted",
    "prepared",
    "locked",
    "committed",
    "executed",
    "left the view",
    "entered a view",
    "refused",
)
"""What a diagram can show of an event; `bft.record.diagram_signs` has a sign for each."""


class Role(Enum):
    """What a message does for the protocol; adversaries that know no protocol choose messages by it."""

    PROPOSAL = "proposal"
    """Proposes a value for a slot."""
    VOTE = "vote"
    """Commits its sender to a value in a slot, or hands votes on."""
    LEADERSHIP = "leadership"
    """By it a leader starts its view, round or height."""
    DEPARTURE = "departure"
    """By it a replica leaves a view, or says that its time is up."""
    REPAIR = "repair"
    """Asks for what was lost, or sends it again: retransmission, checkpoints, catching up."""


Words: TypeAlias = Callable[[Any, Names], str]
"""From an event or message, and short names for digests (`names.of(digest)`), to what it says."""


def check_class(field: str, given: object) -> None:
    """Refuse what is no class."""
    check_instance(field, given, type, "must be a class", ScenarioError)


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message.

    Attributes
    ----------
    type : type
        A frozen dataclass, hashable; its fields have exact types (`bft.core.shape`).
    role : Role
        What it is for.
    phase : str
        Which step of the protocol it belongs to, as the paper calls it; by default the name of its class. Two kinds of
        vote in one slot have two phases.
    slot : callable, optional
        From a message to what its sender may commit itself to once in this phase: (view, seq), (height, round), a view.
    value : callable, optional
        From a message to the value it commits its sender to; None for a vote for nothing. An honest sender has one
        value for each (phase, slot). Proposals and votes that leave `slot` and `value` out commit to nothing by
        themselves, such as certificates.
    words : callable, optional
        What it says, for transcripts; by default its kind, its `view`, `seq` and `digest`.
    hidden : bool
        Whether diagrams leave it out unless asked.
    """

    type: type
    role: Role
    _: KW_ONLY
    phase: str = ""
    slot: Callable[[Any], Hashable] | None = None
    value: Callable[[Any], Hashable] | None = None
    words: Words | None = None
    hidden: bool = False

    def __post_init__(self) -> None:
        check_class("messages.type", self.type)
        if self.type.__hash__ is None:
            raise ScenarioError(
                bad_value("messages.type", self.type.__name__, "must be hashable: a dataclass with frozen=True")
            )
        known = ", ".join(f"Role.{each.name}" for each in Role)
        check_instance("messages.role", self.role, Role, f"must be one of {known}", ScenarioError)
        if (self.slot is None) != (self.value is None):
            raise ScenarioError(bad_value("messages.slot", self.type.__name__, "needs value as well, or neither"))
        if not self.phase:
            object.__setattr__(self, "phase", self.type.__name__)


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event that replicas report; what they execute is an effect, and no event.

    Attributes
    ----------
    type : type
        A frozen dataclass.
    words : callable, optional
        What the node does, in the third person: "locks a in round 2"; by default the name of its class.
    mark : callable, optional
        What a diagram shows: from the event and names to one of `MARKS` with a few words, or None for nothing.
    commits : bool
        Whether it reports a local commit: it has `seq`, `digest` and `view`, and no other node may ever execute another
        value at this number (S1 watches it, though the node may never come to execute it).
    enters : bool
        Whether the replica enters a view, round or height by it: it has `view`, counted from 0. A run's number of views
        is the highest plus one.
    leaves : bool
        Whether it leaves one by it, and waits for `view`.
    rare : bool
        Whether runs of months keep every one, as they do those that enter or leave a view; of all others, which come
        with every request or every few, they keep the latest thousands.
    """

    type: type
    _: KW_ONLY
    words: Words | None = None
    mark: Callable[[Any, Names], tuple[str, str] | None] | None = None
    commits: bool = False
    enters: bool = False
    leaves: bool = False
    rare: bool = False

    def __post_init__(self) -> None:
        check_class("events.type", self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a scenario tells a protocol: the argument of `Protocol.configure` and `Protocol.end_s`.

    Attributes
    ----------
    system : QuorumSystem
        Weights, tolerated faults and quorum.
    settings : Settings or None
        The protocol's own table, an instance of `Protocol.settings`.
    views : int or None
        How many views may be used; None for no limit.
    requests : int
        How many requests there are.
    last_arrival_s : float
        When the last request is expected at the latest, if no request before it takes longer than `Protocol.turn_s`.
    retransmit_s : float or None
        After how many seconds a replica that waits asks for what it lacks; None never.
    voting_rule : callable
        Makes the rule by which votes are counted, for protocols that read `rule`; it may learn from the panel.
    rules : object or None
        What stands in for the protocol's own rules, to plant a bug; an instance of `Protocol.rules`.
    panel, randomness : object or None
        The validators' model and the run's randomness; None while a scenario is only being checked.
    """

    system: QuorumSystem
    voting_rule: Callable[[], Rule]
    settings: Any = None
    views: int | None = None
    requests: int = 1
    last_arrival_s: float = 0.0
    retransmit_s: float | None = 5.0
    rules: Any = None
    panel: Any = None
    randomness: Randomness | None = None


def every_node_once(system: QuorumSystem, settings: Any) -> int:
    """Return as many views as there are nodes: every node leads once."""
    del settings
    return system.n


def ten_seconds(settings: Any) -> float:
    """Return what a request may take where a protocol does not say it."""
    del settings
    return 10.0


def _needed(*_: Any) -> Any:
    """Stand for a part that every protocol must bring."""
    raise NotImplementedError


@dataclass(frozen=True, eq=False, kw_only=True)
class Protocol:
    """A protocol.

    Attributes
    ----------
    name : str
        In small letters, digits and hyphens: its name in scenarios and rows, and of its table of settings.
    package : str
        Its package in `bft.protocols`, after which its companions in other rooms are named; empty for a protocol that
        stands elsewhere.
    replica : callable
        From a node's number, the configuration and the keyring to a replica; for protocols that read `operations` also
        from a state machine.
    configure : callable
        From a `Setup` to what every replica is told; raises `ScenarioError` for what it cannot be told. It is called
        once when a scenario is made, to check it, and once for each simulator.
    end_s : callable
        From a `Setup` to the latest end of a run in seconds, where the scenario has no `horizon_s`.
    settings : type, optional
        A subclass of `bft.settings.Settings`: the protocol's own table in a scenario.
    views : callable
        From the quorum system and the settings to the default number of views for one request.
    turn_s : callable
        From the settings to how many seconds a request may take, so that a client with several sends its last one in
        time (`Setup.last_arrival_s`); by default 10.
    reads : frozenset of str
        Which fields of `READ` it takes part in; scenarios that set another are refused.
    without : mapping of str to str
        For fields and behaviours that it does not take part in, what the refusal says instead of the usual sentence.
    messages : tuple of MessageKind
        What its replicas send, in the order of a view; kinds that are not listed have no role, and no adversary takes
        them.
    events : tuple of EventKind
        What its replicas report.
    timers : tuple of str
        Names of its timers; the first one ends a view.
    asks : frozenset of str
        What its replicas ask of their validators: "answers" (`RequestProposal`), "verdicts" (`RequestVerdict`).
    rules : type, optional
        Of the object in which its thresholds and predicates stand, where a seeded bug may replace it.
    transient : callable, optional
        From the configuration to that of a node that never comes back after a crash, and need not persist anything.
    remembering : callable, optional
        From this value, the transient configuration and the number of nodes to what makes replicas that do again what
        others did in earlier replications, see `bft.protocols.pbft.remembering`.
    settled : callable, optional
        From a trace and when each node had decided everything (a mapping of node to seconds) to when each needed its
        validator no more; by default the same.
    binding : callable, optional
        From a scenario's voting rule settings (None for the default) to whether agreement is guaranteed for fewer than
        2q − n Byzantine nodes; by default it always is.
    attack : callable or str, optional
        Its strongest known attack: what `equivocate` does, called as `attack(behaviour, node, now, event, effects)`. A
        text names where it stands, "package.module:NAME". By default equivocators run two honest replicas under one key
        each (`bft.adversary.twins`).
    monitor : callable or str, optional
        From the configuration, the keyring and the honest nodes to a monitor for check = "full", with `hear(time_s,
        node, event)` for inputs, `observe_step(time_s, node, effects)` for what comes of them, and `breaches`. By
        default that of its companion `bft.checking.subjects.PACKAGE`, else the state machine alone is watched.
    subject : callable or str, optional
        From nothing to a `bft.checking.subject.Subject`, for `bft check`; by default that of its companion, else one is
        derived from this value.
    """

    name: str = ""
    replica: Callable[..., Replica] = _needed
    configure: Callable[[Setup], Any] = _needed
    end_s: Callable[[Setup], float] = _needed
    messages: tuple[MessageKind, ...] = ()
    package: str = ""
    settings: type[Settings] | None = None
    views: Callable[[QuorumSystem, Any], int | None] = every_node_once
    turn_s: Callable[[Any], float] = ten_seconds
    reads: frozenset[str] = frozenset()
    without: Mapping[str, str] = field(default_factory=dict)
    events: tuple[EventKind, ...] = ()
    timers: tuple[str, ...] = ()
    asks: frozenset[str] = frozenset(("answers", "verdicts"))
    rules: type | None = None
    transient: Callable[[Any], Any] | None = None
    remembering: Callable[[Any, Any, int], Any] | None = None
    settled: Callable[[Any, Mapping[int, float]], Mapping[int, float]] | None = None
    binding: Callable[[Any], bool] | None = None
    attack: Callable[..., Iterable[object]] | str | None = None
    monitor: Callable[..., Any] | str | None = None
    subject: Callable[[], Any] | str | None = None

    def __post_init__(self) -> None:
        """Refuse a value that lacks a part, in one sentence that names it."""
        allowed = "must be a name of small letters, digits and hyphens, such as 'my-protocol'"
        check_instance("protocol.name", self.name, str, allowed, ScenarioError)
        if not NAME.fullmatch(self.name):
            raise ScenarioError(bad_value("protocol.name", self.name, allowed))
        for part in ("replica", "configure", "end_s", "views", "turn_s"):
            if getattr(self, part) is _needed:
                raise ScenarioError(f"protocol {self.name}: {part}: is needed and was not given")
            if not callable(getattr(self, part)):
                raise self._refusal(part, "must be callable")
        for part in ("transient", "remembering", "settled", "binding"):
            if getattr(self, part) is not None and not callable(getattr(self, part)):
                raise self._refusal(part, "must be callable, or left out")
        for part in ("attack", "monitor", "subject"):
            given = getattr(self, part)
            if not (given is None or callable(given) or isinstance(given, str)):
                raise self._refusal(part, "must be callable, 'package.module:NAME', or left out")
        for part, kind in (("messages", MessageKind), ("events", EventKind), ("timers", str)):
            given = getattr(self, part)
            if not isinstance(given, tuple) or not all(isinstance(each, kind) for each in given):
                raise self._refusal(part, f"must be a tuple of {kind.__name__}")
        for part in ("messages", "events"):
            types = [each.type for each in getattr(self, part)]
            if len(set(types)) < len(types):
                raise self._refusal(part, "must list each class once")
        settings: Any = self.settings
        if settings is not None and not (isinstance(settings, type) and issubclass(settings, Settings)):
            raise self._refusal("settings", "must be a subclass of bft.settings.Settings, or left out")
        if not set(self.asks) <= {"answers", "verdicts"}:
            raise self._refusal("asks", "must be among 'answers', 'verdicts'")
        unknown = sorted(set(self.reads) - set(READ))
        if unknown:
            raise ScenarioError(
                bad_value(f"protocol {self.name}: reads", unknown[0], f"must be among {', '.join(READ)}")
            )

    def _refusal(self, part: str, allowed: str) -> ScenarioError:
        return ScenarioError(bad_value(f"protocol {self.name}: {part}", getattr(self, part), allowed))

    def __repr__(self) -> str:
        return f"<protocol {self.name}>"

    def __str__(self) -> str:
        return self.name

    def kinds(self, *roles: Role) -> tuple[type, ...]:
        """Return the classes of the messages that have one of these roles, in their order."""
        return _kinds(self, roles)

    def kind_of(self, message: object) -> MessageKind | None:
        """Return what is known of a message; None of one that is not listed."""
        return _by_type(self).get(type(message))


@lru_cache(maxsize=1024)
def _kinds(protocol: Protocol, roles: tuple[Role, ...]) -> tuple[type, ...]:
    return tuple(each.type for each in protocol.messages if each.role in roles)


@lru_cache(maxsize=256)
def _by_type(protocol: Protocol) -> Mapping[type, MessageKind]:
    return {each.type: each for each in protocol.messages}
