"""How a panel decides, as the host sees it: which replicas run, and what proves their decision to others.

A rule is data. It says how a node's replica is made, which messages travel, where among what the nodes persisted the
proof of a decision lies, when votes decide, which timer may be fired early because the view is lost anyway, and how
members are asked. The rule of a protocol comes from its companion, `bft.live.protocols.NAME`; nothing else in this room
knows a protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, RequestKey
from bft.core.signatures import Keyring
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.live.diversity import Diversity
from bft.live.rule_settings import BallotRule, ConsensusRule, protocol_name
from bft.protocols import registry

RETRANSMIT_S = 1.0

Stored = Mapping[tuple[object, ...], object]
"""What one node persisted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What replicas are told of time."""

    view_timeout_s: float
    """A view may take so long: longer than the calls that it makes."""
    views: int
    """Views at most."""
    deadline_s: float
    """For the whole question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What makes a decision final, for third parties.

    Attributes
    ----------
    view, seq : int
        Where it was decided.
    proposal : Proposal
        What was decided, in the words of one who said it.
    votes : tuple
        Signed votes of distinct replicas that decide.
    author : object or None
        The signed message from which the words are, where they are in no vote.
    """

    view: int
    seq: int
    proposal: Proposal
    votes: tuple[Any, ...]
    author: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a panel decides.

    Attributes
    ----------
    messages : tuple of type
        Every dataclass that travels.
    make_replica : callable
        Makes a node's replica from its number, the timing and the keys.
    proof : callable
        Finds the decision of a request among what the nodes persisted; None: there is none.
    vote : type
        What a vote is.
    author : type or None
        What the words of the answer are taken from, where a vote need not hold them.
    decides : callable
        Whether these votes, which are authentic, of distinct nodes, and for this answer or another, decide it.
    place : tuple of (int, int) or None
        View and number of every decision, where the rule has only one; None: they are signed with the votes.
    replies : int
        Weight of the nodes that must reply before the client believes them.
    unsaid : Verdict or None
        What a failed judgement is for the replica; None: nothing arrives.
    impatient_timers : tuple of str
        The timers that end a view, one after the other; may be fired as soon as the view cannot succeed.
    moved : tuple of type
        Events that tell a later view in which a node now is, where nothing is of use that was asked for an earlier one.
    entered : tuple of type
        Events that tell the view in which a node now is, where calls made for an earlier one are of use still: nobody
        is asked twice about the same, so a view without a call under way has nothing to wait for.
    undecided : tuple of type
        Events that tell that votes can decide nothing any more; `proved`, if whatever the missing ones say.
    validators : callable
        Makes who is asked by the replicas, for one question, from the calls (`LlmCalls`), how answers are checked, and
        the time for the question.
    roles : tuple of str
        In which role members answer, and in which they check (`bft.live.roles`).
    told : callable
        From those validators, the certificate or None, the time that it took and the number of members to where each
        stood, in which views, and whose answer it is.
    counting_s : float
        How long after the deadline the votes that are there by then may be counted.
    """

    messages: tuple[type, ...]
    make_replica: Callable[[int, Timing, Keyring], Replica]
    proof: Callable[[Sequence[Stored], RequestKey], Proof | None]
    vote: type
    author: type | None = None
    decides: Callable[[str, Sequence[Any]], bool]
    place: tuple[int, int] | None = None
    replies: int
    unsaid: Verdict | None = None
    impatient_timers: tuple[str, ...] = ()
    moved: tuple[type, ...] = ()
    entered: tuple[type, ...] = ()
    undecided: tuple[type, ...] = ()
    validators: Callable[..., Any]
    roles: tuple[Literal["propose", "poll"], Literal["check", "judge"]]
    told: Callable[..., Any]
    counting_s: float = 0.0


def rule_of(settings: ConsensusRule | BallotRule, system: QuorumSystem, diversity: Diversity | None = None) -> Rule:
    """Return the rule that settings describe; that of a ballot counts of how many providers or models its votes are.

    Raises `ScenarioError` if the rule cannot be had with this panel, or its protocol cannot run live panels.
    """
    rule: Rule = companion(protocol_name(settings)).rule_of(settings, system, diversity)
    return rule


def companion(protocol: str) -> Any:
    """Return the module by which a protocol runs live panels.

    Raises `ScenarioError` if there is none.
    """
    found = registry.companion("bft.live.protocols", registry.protocol_of(protocol))
    if found is None:
        raise ScenarioError(bad_value("rule", protocol, f"{protocol} cannot run live panels"))
    return found
