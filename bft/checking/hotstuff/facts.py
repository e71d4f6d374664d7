"""What the monitor knows of a HotStuff run: nodes, certificates, and per honest node its votes, lock and commits."""

from __future__ import annotations

from collections.abc import Callable

from bft.core.quorum import QuorumSystem
from bft.core.shape import check_of
from bft.core.signatures import Signed
from bft.protocols.hotstuff import Rules
from bft.protocols.hotstuff.messages import (
    GENESIS,
    GENESIS_QC,
    Node,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
)

Place = tuple[int, str]
"""A view, and the node proposed in it."""


class Own:
    """What one honest node did.

    Attributes
    ----------
    view, was_in, voted, left : int
        The view it is in, and was in before the present step; the last one it voted in, and the last one it gave up.
    said : dict
        Per (phase, view) the node that it voted for.
    lock : (int, str)
        View and node of the certificate that its votes oblige it to be locked on.
    stored_lock : int
        View of the lock that it has persisted last.
    committed : int
        Height of its last committed node.
    failures : int
        Views entered by a timeout certificate since the last commit.
    heard : dict
        Per view, who has given it up as far as this node has heard.
    due : int
        A view that it must give up in this step.
    approved, asked, judged : set of str
        Values that its validator has accepted, that it was asked about since the last start, and whose verdicts are on
        its disk.
    certified : set of str
        Nodes whose certificates it has been shown.
    """

    def __init__(self) -> None:
        self.view = self.was_in = 0
        self.voted = -1
        self.left = -1
        self.said: dict[tuple[int, int], str] = {}
        self.proposed: dict[int, str] = {}
        self.lock: Place = (-1, GENESIS.digest)
        self.stored_lock = -1
        self.committed = 0
        self.failures = 0
        self.heard: dict[int, set[int]] = {}
        self.due = -1
        self.approved: set[str] = set()
        self.asked: set[str] = set()
        self.judged: set[object] = set()
        self.certified: set[str] = set()
        self.heard_anything = False


class ChainFacts:
    """What all honest nodes did.

    Parameters
    ----------
    system : QuorumSystem
        The quorum system by which to judge.
    rules : Rules
        The variant as it should be.
    genuine : callable
        Whether the signer named in a body really signed it, or is corrupted.
    honest : set of int
        The nodes to judge.
    timeout_s : callable or None
        The timeout of a view after a number of failures; None leaves timers unjudged.
    """

    def __init__(
        self,
        system: QuorumSystem,
        rules: Rules,
        genuine: Callable[[Signed], bool],
        honest: set[int],
        timeout_s: Callable[[int], float] | None = None,
    ) -> None:
        self.system = system
        self.rules = rules
        self.genuine = genuine
        self.honest = honest
        self.timeout_s = timeout_s
        self.own = [Own() for _ in range(system.n)]
        self.nodes: dict[str, Node] = {GENESIS.digest: GENESIS}
        self.proposed: set[str] = set()
        """Nodes that some honest node has heard of from their leader."""
        self.timeouts: dict[str, TimeoutCertificate] = {}
        self.certified: dict[tuple[int, int], str] = {(0, -1): GENESIS.digest}
        self.chain: dict[int, str] = {0: GENESIS.digest}
        self.saved: dict[int, str] = {}
        """Digest of the state that was saved first, by height."""
        self.fixing: dict[Place, set[int]] = {}
        self.fixed: dict[int, str] = {}
        self.reached: set[str] = set()
        self._good: dict[int, object] = {}

    def extends(self, digest: str, ancestor: Place) -> bool | None:
        """Return whether a node stands above another or is it; None where the branch is not known that far."""
        view, wanted = ancestor
        here = self.nodes.get(digest)
        while here is not None:
            if here.digest == wanted:
                return True
            if here.view <= view:
                return False
            here = self.nodes.get(here.justify.node)
        return None

    def fault(self, qc: QuorumCertificate) -> str | None:
        """Return what is wrong with a certificate; a good one is judged once."""
        if id(qc) in self._good or qc == GENESIS_QC:
            return None
        fault = self._fault(qc) if check_of(QuorumCertificate)(qc) else "it is malformed"
        if fault is None:
            self._good[id(qc)] = qc
        return fault

    def _fault(self, qc: QuorumCertificate) -> str | None:
        voters = set()
        for vote in qc.votes:
            if (vote.phase, vote.view, vote.node) != (qc.phase, qc.view, qc.node):
                return f"the vote of {vote.replica} is for something else"
            if vote.replica in voters:
                return f"node {vote.replica} counts twice"
            if not self.genuine(vote):
                return f"node {vote.replica} never signed its vote"
            voters.add(vote.replica)
        if self.system.weight(voters) < self.system.quorum:
            return f"only {sorted(voters)} voted"
        return None

    def timeout_fault(self, tc: TimeoutCertificate) -> str | None:
        """Return what is wrong with a timeout certificate; a good one is judged once."""
        if id(tc) in self._good:
            return None
        if not check_of(TimeoutCertificate)(tc):
            return "it is malformed"
        voters = set()
        for vote in tc.votes:
            here = vote.view == tc.view and -1 <= vote.high <= tc.view
            if not here or vote.replica in voters or not self.genuine(vote):
                return f"the timeout of {vote.replica} does not count"
            voters.add(vote.replica)
        if self.system.weight(voters) < self.system.quorum:
            return f"only {sorted(voters)} gave the view up"
        self._good[id(tc)] = tc
        return None

    def valid_timeout(self, sender: int, message: Timeout) -> bool:
        """Whether a replica that hears this timeout must count it."""
        if not check_of(Timeout)(message):
            return False
        vote, high, view = message.vote, message.high, message.vote.view
        if message.replica != sender or vote.replica != sender or vote.high != high.view or high.phase != 0:
            return False
        if high.view > view:
            return False  # a quorum is in a later view already: this one is left by its certificate
        return self.fault(high) is None and self.entered(view, message.entry, message.tc)

    def entered(self, view: int, qc: QuorumCertificate | None, tc: TimeoutCertificate | None) -> bool:
        """Whether this proves that a view may be entered."""
        if view == 0:
            return True
        if qc is not None:
            last = qc.view == view - 1 and qc.phase == len(self.rules.phases) - 1
            return (qc.view >= view or last) and self.fault(qc) is None
        return tc is not None and tc.view >= view - 1 and self.timeout_fault(tc) is None
