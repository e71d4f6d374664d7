"""What counts as proof: certificates of distinct votes, and what shows that a view may be entered.

Replicas of one run share the objects that they send, so a certificate or proposal that one of them has found good is
marked for all that judge by the same keys, quorum system and rules: a quorum of signatures is looked at once, not n
times. A bad one is judged anew each time: what was forged in an honest name may have been signed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal
from bft.core.signatures import Keyring, Signed
from bft.protocols.hotstuff.config import HotStuffConfig
from bft.protocols.hotstuff.messages import GENESIS_QC, Propose, QuorumCertificate, TimeoutCertificate
from bft.protocols.hotstuff.rules import Rules

_remember_qc = QuorumCertificate._judged.__set__  # type: ignore[attr-defined]  # a frozen class refuses
_remember_tc = TimeoutCertificate._judged.__set__  # type: ignore[attr-defined]
_remember_proposal = Propose._judged.__set__  # type: ignore[attr-defined]

_MARKS: WeakKeyDictionary[Keyring, list[tuple[QuorumSystem, Rules, object]]] = WeakKeyDictionary()
"""Per ring the marks of those who judge by it; a mark refers to nothing, so what bears it keeps nothing alive."""


def mark_of(keyring: Keyring, system: QuorumSystem, rules: Rules) -> object:
    """Return the mark of all who judge by the very same keys, quorum system and rules."""
    known = _MARKS.get(keyring)
    if known is None:
        known = _MARKS[keyring] = []
    for other_system, other_rules, mark in known:
        if other_system is system and other_rules is rules:
            return mark
    mark = object()
    known.append((system, rules, mark))
    return mark


class Verifier:
    """Judges certificates by the rules, the quorum system and everybody's signatures."""

    __slots__ = ("_mark", "_quorum", "_timeout_quorum", "keyring", "rules", "system")

    def __init__(self, config: HotStuffConfig, keyring: Keyring) -> None:
        self.system = config.system
        self.rules = config.rules
        self.keyring = keyring
        self._quorum = config.certificate_quorum
        self._timeout_quorum = config.timeout_quorum
        self._mark = mark_of(keyring, config.system, config.rules)

    def certificate(self, qc: QuorumCertificate) -> bool:
        """Whether a quorum of distinct replicas voted for this node in this phase and view."""
        if qc._judged is self._mark:
            return True
        if qc.view < 0:
            return qc == GENESIS_QC
        if qc.phase >= len(self.rules.phases) or not self._votes(qc):
            return False
        _remember_qc(qc, self._mark)
        return True

    def _votes(self, qc: QuorumCertificate) -> bool:
        rules = self.rules
        for vote in qc.votes:
            if vote.view != qc.view:
                return False
            if rules.compare_phases and vote.phase != qc.phase:
                return False
            if rules.compare_nodes and vote.node != qc.node:
                return False
        return self._distinct([vote.replica for vote in qc.votes], self._quorum) and self._genuine(qc.votes)

    def timeout(self, tc: TimeoutCertificate) -> bool:
        """Whether a quorum of distinct replicas gave this view up."""
        if tc._judged is self._mark:
            return True
        if any(vote.view != tc.view or not -1 <= vote.high <= tc.view for vote in tc.votes):
            return False
        voters = [vote.replica for vote in tc.votes]
        if not self._distinct(voters, self._timeout_quorum) or not self._genuine(tc.votes):
            return False
        _remember_tc(tc, self._mark)
        return True

    def entry(self, view: int, qc: QuorumCertificate | None, tc: TimeoutCertificate | None) -> bool:
        """Whether something shows that a quorum was in this view, or has left the one before.

        That is a certificate of the last votes of the view before, any of this view or of a later one, or a timeout
        certificate of the view before or of a later one.
        """
        if view == 0 or not self.rules.check_entry:
            return True
        if qc is not None and (qc.view >= view or (qc.view == view - 1 and qc.phase == self.rules.last_phase)):
            return self.certificate(qc)
        return tc is not None and tc.view >= view - 1 and self.timeout(tc)

    def proposal_fault(self, message: Propose) -> str | None:
        """Return what a proposal lacks, whoever hears it: its certificate, the proof of its view, its client's word."""
        if message._judged is self._mark:
            return None
        node, justify = message.node, message.node.justify
        if justify.phase != 0 or not self.certificate(justify):
            return "proposal on an invalid certificate"
        follows = self.rules.chain > 0 and justify.view == node.view - 1
        if not follows and not self.entry(node.view, message.entry, message.tc):
            return "proposal without proof of its view"
        if node.proposal is not None and not self.request_authentic(node.proposal):
            return "request not signed by its client"
        _remember_proposal(message, self._mark)
        return None

    def _distinct(self, voters: list[int], quorum: int) -> bool:
        n = self.system.n
        if not all(0 <= voter < n for voter in voters):
            return False
        different = set(voters)
        if self.rules.count_duplicates:
            return len(voters) >= quorum
        return len(different) == len(voters) and len(voters) >= quorum

    def _genuine(self, votes: Sequence[Signed]) -> bool:
        if not self.rules.check_signatures:
            return True
        verify = self.keyring.verify
        return all(map(verify, votes))

    def request_authentic(self, proposal: Proposal) -> bool:
        """Whether a client asked for this; there is no null request: an empty node has no proposal at all."""
        if proposal.request is None:
            return False
        return not self.rules.check_requests or self.keyring.verify(proposal.request)
