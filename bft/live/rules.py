"""The rules by which a live panel decides: which replicas run, and what proves their decision to others.

A rule is data. Whoever adds one says how a node's replica is made, which messages it sends, where among the values
that it persists its proof lies, and which of its timers may be fired early because the view is lost anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, Request, RequestKey
from bft.core.signatures import Keyring, Signed
from bft.errors import ScenarioError, bad_value
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.messages import (
    CatchUp,
    Checkpoint,
    Commit,
    Decision,
    Held,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Status,
    ViewChange,
)
from bft.protocols.pbft.state import VIEW_TIMER

RETRANSMIT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What replicas are told of time.

    Attributes
    ----------
    view_timeout_s : float
        A view may take so long: longer than the calls that it makes.
    views : int
        Views at most.
    """

    view_timeout_s: float
    views: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What makes a decision final, for third parties.

    Attributes
    ----------
    view, seq : int
        Where it was decided.
    proposal : Proposal
        What was decided.
    votes : tuple
        Signed votes of distinct replicas, of quorum weight.
    """

    view: int
    seq: int
    proposal: Proposal
    votes: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a panel decides.

    Attributes
    ----------
    name : str
        As users write it.
    messages : tuple of type
        Every dataclass that travels.
    make_replica : callable
        Makes a node's replica from its number, the weights, the timing and the keys.
    proof : callable
        Finds the decision of a request among what a replica persisted; None: there is none.
    vote : callable
        The unsigned vote of a replica for (view, seq, digest): what a verifier checks a signature against.
    impatient_timer : str
        The timer that ends a view; may be fired as soon as the view cannot succeed.
    """

    name: str
    messages: tuple[type, ...]
    make_replica: Callable[[int, QuorumSystem, Timing, Keyring], Replica]
    proof: Callable[[Iterable[object], RequestKey], Proof | None]
    vote: Callable[[int, int, str, int], Signed]
    impatient_timer: str


def _pbft_replica(node: int, system: QuorumSystem, timing: Timing, keyring: Keyring) -> Replica:
    config = PbftConfig(
        system=system,
        view_timeout_s=timing.view_timeout_s,
        timeout_growth=1.0,  # a view takes two calls, and calls have deadlines: there is no unknown delay to find
        views=timing.views,
        retransmit_s=RETRANSMIT_S,
    )
    return PbftReplica(node, config, keyring)


def _pbft_proof(persisted: Iterable[object], key: RequestKey) -> Proof | None:
    for value in persisted:
        if isinstance(value, Decision) and value.proposal.request is not None and value.proposal.request.key == key:
            return Proof(view=value.view, seq=value.seq, proposal=value.proposal, votes=value.commits)
    return None


PBFT = Rule(
    name="pbft",
    messages=(
        Request,
        Proposal,
        PrePrepare,
        Prepare,
        Commit,
        Checkpoint,
        PreparedCertificate,
        ViewChange,
        NewView,
        Decision,
        Held,
        Status,
        CatchUp,
    ),
    make_replica=_pbft_replica,
    proof=_pbft_proof,
    vote=Commit,
    impatient_timer=VIEW_TIMER,
)

RULES: Mapping[str, Rule] = {rule.name: rule for rule in (PBFT,)}


def rule_named(name: str) -> Rule:
    """Return a rule.

    Raises
    ------
    ScenarioError
        If there is none of this name.
    """
    rule = RULES.get(name)
    if rule is None:
        raise ScenarioError(bad_value("rule", name, f"must be one of {', '.join(RULES)}"))
    return rule
