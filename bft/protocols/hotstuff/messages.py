"""The messages of HotStuff (Yin et al., PODC 2019; arXiv 1803.05069) and the certificates made of votes.

A node of the tree carries one proposal, or none, and the quorum certificate of its parent: `justify`. In the phased
variants a view votes several times on one node; in the chained ones every certificate stands for a phase of all nodes
below it. Messages that lead to a view carry what proves that it may be entered: a certificate of the last votes of the
view before (`entry`, or a node's own `justify`), or a timeout certificate.
"""

from __future__ import annotations

from dataclasses import field

from bft.core.by_sender import BySender, signature_field
from bft.core.digest import digest_of
from bft.core.lean import lean
from bft.core.request import Proposal, Request
from bft.core.shape import Bits, Digest, Natural, checks


class _Shared:
    """An object that many messages hold: found well formed once, it is recognised when it comes again."""

    __slots__ = ("__weakref__", "_well_formed")


@lean
class Vote(BySender):
    """A replica votes for a node in one phase of a view (Algorithm 1, voteMsg)."""

    phase: Natural
    view: Natural
    node: Digest
    replica: int
    signature: bytes = signature_field()


@lean
class QuorumCertificate(_Shared):
    """A quorum voted for a node in one phase of a view (Algorithm 1, QC)."""

    phase: Natural
    view: int
    node: Digest
    votes: tuple[Vote, ...]
    _judged: object = field(default=None, init=False, compare=False, repr=False)


@lean
class Node(_Shared):
    """A node of the tree (Algorithm 1, createLeaf): its parent is the node that `justify` certifies.

    Attributes
    ----------
    view : int
        The view in which it was proposed.
    height : int
        Its distance from the genesis node.
    seq : int
        How many nodes with a proposal the branch holds, this one included: its place in the order of execution.
    justify : QuorumCertificate
        The certificate of its parent.
    proposal : Proposal or None
        None for an empty node, which only carries its certificate further.
    """

    view: int
    height: Natural
    seq: Natural
    justify: QuorumCertificate
    proposal: Proposal | None
    _digest: str = field(default="", init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """The name under which replicas vote on this node, computed once."""
        if not self._digest:
            value = None if self.proposal is None else self.proposal.digest
            parent = self.justify
            digest = digest_of(self.view, self.height, self.seq, parent.view, parent.node, value)
            object.__setattr__(self, "_digest", digest)
        return self._digest


BEFORE_ALL = digest_of("before genesis")
GENESIS = Node(-1, 0, 0, QuorumCertificate(0, -2, BEFORE_ALL, ()), None)
GENESIS_QC = QuorumCertificate(0, -1, GENESIS.digest, ())
"""What everybody holds from the start; it needs no votes."""


@lean
class TimeoutVote(BySender):
    """A replica gives a view up; `high` is the view of the highest certificate that it holds."""

    view: Natural
    high: int
    replica: int
    signature: bytes = signature_field()


@lean
class TimeoutCertificate(_Shared):
    """A quorum gave a view up (Jolteon, arXiv 2106.10362)."""

    view: Natural
    votes: tuple[TimeoutVote, ...]
    _judged: object = field(default=None, init=False, compare=False, repr=False)

    @property
    def high(self) -> int:
        """View of the highest certificate that one of the quorum held."""
        return max([vote.high for vote in self.votes], default=-1)


@lean
class Propose(BySender):
    """A leader proposes a node (Algorithm 2, line 6), with what proves that its view may be entered.

    `entry` and `tc` are None where the node's own `justify` is a certificate of the view before.
    """

    node: Node
    entry: QuorumCertificate | None
    tc: TimeoutCertificate | None
    replica: int
    signature: bytes = signature_field()
    _judged: object = field(default=None, init=False, compare=False, repr=False)


@lean
class Phase(BySender):
    """A leader shows the certificate of a phase and so begins the next (Algorithm 2, lines 14, 22 and 30)."""

    qc: QuorumCertificate
    replica: int
    signature: bytes = signature_field()


@lean
class NewView(BySender):
    """A replica tells the leader of the view that it enters its highest certificate (Algorithm 2, line 35)."""

    view: Natural
    high: QuorumCertificate
    entry: QuorumCertificate | None
    tc: TimeoutCertificate | None
    replica: int
    signature: bytes = signature_field()


@lean
class Timeout(BySender):
    """A replica gives its view up and tells everybody, with its highest certificate and what proves its view."""

    vote: TimeoutVote
    high: QuorumCertificate
    entry: QuorumCertificate | None
    tc: TimeoutCertificate | None
    replica: int
    signature: bytes = signature_field()


@lean
class Fetch(BySender):
    """A replica lacks a certified node: it asks for it and for what lies between it and its own branch."""

    node: Digest
    committed: Natural
    high: Digest
    replica: int
    signature: bytes = signature_field()


@lean
class Branch(BySender):
    """Nodes in ascending order, each certified by the next one's `justify` and the last by `high` or as it was asked.

    `commit`, `entry` and `tc` show what else the sender can prove: its last decision, and how it entered its view.
    """

    nodes: tuple[Node, ...]
    high: QuorumCertificate | None
    commit: QuorumCertificate | None
    entry: QuorumCertificate | None
    tc: TimeoutCertificate | None
    replica: int
    signature: bytes = signature_field()


@lean
class LastReply:
    """The timestamp of a client's last executed request, and the reply to it."""

    client: str
    timestamp: int
    result: str


@lean
class SavedState(BySender):
    """The state after a committed node, for a replica so far behind that the nodes it lacks are forgotten."""

    node: Node
    qc: QuorumCertificate
    """The node and its certificate."""
    machine: object
    """The state machine's snapshot."""
    replies: tuple[LastReply, ...]
    """The last reply to each client."""
    replica: int
    signature: bytes = signature_field()
    _digest: str = field(default="", init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """The name of this state after this node, whoever sends it, computed once."""
        if not self._digest:
            replies = tuple([(each.client, each.timestamp, each.result) for each in self.replies])
            object.__setattr__(self, "_digest", digest_of(self.node.digest, self.machine, replies))
        return self._digest


@lean
class Status(BySender):
    """A replica that waits tells how far it is, so that others resend what it lacks.

    Attributes
    ----------
    view : int
        The view that it is in.
    committed : int
        Height of its last committed node.
    high_view, high : int, str
        View and node of its highest certificate.
    phase : int
        The last phase of the view whose certificate it holds, plus 1; 0 if it holds none.
    proposed : bool
        Whether it holds the view's proposal.
    timeouts, votes, new_views : int
        A bit for each replica whose timeout of the view, whose vote and whose new-view it holds.
    """

    view: Natural
    committed: Natural
    high_view: int
    high: Digest
    phase: Natural
    proposed: bool
    timeouts: Bits
    votes: Bits
    new_views: Bits
    replica: int
    signature: bytes = signature_field()


MESSAGES = (Propose, Vote, Phase, NewView, Timeout, Fetch, Branch, SavedState, Status, Request)
"""What one replica sends another."""

well_formed = checks(*MESSAGES)
"""The exact type of every field, see `bft.core.shape`."""
