"""How a panel decides, as the host sees it: which replicas run, and what proves their decision to others.

A rule is data. It says how a node's replica is made, which messages travel, where among what the nodes persisted the
proof of a decision lies, when votes decide, and which timer may be fired early because the view is lost anyway. This
is PBFT's; Tendermint's is in `tendermint`, those of ballots are in `ballots`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bft.core.quorum import QuorumSystem
from bft.core.replica import Replica
from bft.core.request import Proposal, Request, RequestKey
from bft.core.signatures import Keyring
from bft.core.verdict import Verdict
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.events import ViewChangeStarted, ViewEntered
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
from bft.protocols.pbft.shape import well_formed
from bft.protocols.pbft.state import VIEW_TIMER

RETRANSMIT_S = 1.0

Stored = Mapping[tuple[object, ...], object]
"""What one node persisted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What replicas are told of time.

    Attributes
    ----------
    view_timeout_s : float
        A view may take so long: longer than the calls that it makes.
    views : int
        Views at most.
    deadline_s : float
        For the whole question.
    """

    view_timeout_s: float
    views: int
    deadline_s: float


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


def pbft(system: QuorumSystem) -> Rule:
    """Return PBFT."""

    def make_replica(node: int, timing: Timing, keyring: Keyring) -> Replica:
        config = PbftConfig(
            system=system,
            view_timeout_s=timing.view_timeout_s,
            timeout_growth=1.0,  # a view takes two calls, and calls have deadlines: there is no unknown delay to find
            views=timing.views,
            retransmit_s=RETRANSMIT_S,
        )
        return PbftReplica(node, config, keyring)

    def decides(answer: str, votes: Sequence[Any]) -> bool:
        del answer  # all votes are for the digest in which it is
        sound = all(well_formed(vote) and vote.replica < system.n for vote in votes)
        return sound and system.weight({vote.replica for vote in votes}) >= system.quorum

    return Rule(
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
        make_replica=make_replica,
        proof=_proof,
        vote=Commit,
        decides=decides,
        replies=system.quorum,
        impatient_timers=(VIEW_TIMER,),
        moved=(ViewChangeStarted, ViewEntered),
    )


def _proof(stored: Sequence[Stored], key: RequestKey) -> Proof | None:
    for value in (value for each in stored for value in each.values()):
        if isinstance(value, Decision) and value.proposal.request is not None and value.proposal.request.key == key:
            return Proof(view=value.view, seq=value.seq, proposal=value.proposal, votes=value.commits)
    return None
