"""What counts as proof: validity of certificates and of the messages that carry them. Pure predicates.

Inside a certificate nobody is an authenticated sender, so each vote is believed for its signature alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.core.lean import lean
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal
from bft.core.signatures import Keyring, Signed
from bft.protocols.pbft.messages import Checkpoint, Decision, NewView, PreparedCertificate, ViewChange
from bft.protocols.pbft.new_view import Carried
from bft.protocols.pbft.rules import Rules


@lean
class Verifier:
    """Judges proofs by the rules, the weights and the signatures of one system."""

    system: QuorumSystem
    rules: Rules
    keyring: Keyring
    window: int
    checkpoint_interval: int

    def primary(self, view: int) -> int:
        """Return the primary of a view: v mod n (§4.1)."""
        return view % len(self.system.weights)

    def signed(self, body: Signed) -> bool:
        """Return whether the body's signature holds and its signer is one of the replicas."""
        signer = body.signer
        if signer.__class__ is not int or not 0 <= signer < len(self.system.weights):
            return False
        return not self.rules.check_signatures or self.keyring.verify(body)

    def request_authentic(self, proposal: Proposal) -> bool:
        """Return whether the proposal answers an authenticated client's request, or is null (S3)."""
        return proposal.request is None or not self.rules.check_requests or self.keyring.verify(proposal.request)

    def prepared(self, certificate: PreparedCertificate) -> bool:
        """C4: a pre-prepare of its view's primary, and matching prepares of distinct backups."""
        first = certificate.preprepare
        primary = self.primary(first.view)
        if first.replica != primary or first.digest != first.proposal.digest:
            return False
        if not self.signed(first) or not self.request_authentic(first.proposal):
            return False
        if any(
            vote.view != first.view or vote.seq != first.seq or vote.digest != first.digest or not self.signed(vote)
            for vote in certificate.prepares
        ):
            return False
        voters = {vote.replica for vote in certificate.prepares}
        if len(voters) != len(certificate.prepares) or primary in voters:
            return False
        return self.system.weight({primary, *voters}) >= self.rules.certificate_quorum(self.system)

    def checkpoint(self, seq: int, proof: Sequence[Checkpoint]) -> bool:
        """K1: a quorum of equal signed checkpoints for `seq`; the genesis state needs no proof."""
        if seq == 0:
            return not proof
        if seq % self.checkpoint_interval or not proof:
            return False
        state_digest = proof[0].state_digest
        if any(vote.seq != seq or vote.state_digest != state_digest or not self.signed(vote) for vote in proof):
            return False
        voters = {vote.replica for vote in proof}
        if len(voters) != len(proof):
            return False
        return self.system.weight(voters) >= self.rules.checkpoint_quorum(self.system)

    def view_change(self, message: ViewChange) -> bool:
        """V1: a proved checkpoint, and at most one valid certificate of an earlier view per number in the window."""
        if not self.rules.check_view_changes:
            return True
        if not self.signed(message) or message.low < 0 or not self.checkpoint(message.low, message.checkpoint_proof):
            return False
        seqs = [certificate.preprepare.seq for certificate in message.prepared]
        if len(set(seqs)) != len(seqs):
            return False
        highest = self.rules.high_watermark(message.low, self.window)
        return all(
            message.low < certificate.preprepare.seq <= highest
            and 0 <= certificate.preprepare.view < message.view
            and (not self.rules.check_certificates or self.prepared(certificate))
            for certificate in message.prepared
        )

    def new_view(self, message: NewView) -> bool:
        """V3 and V7: a quorum of valid view-changes for this view, and the O that follows from them."""
        if message.replica != self.primary(message.view) or not self.signed(message) or not message.view_changes:
            return False
        voters = {change.replica for change in message.view_changes}
        if self.rules.check_view_changes:
            if len(voters) != len(message.view_changes):
                return False
            if any(change.view != message.view or not self.view_change(change) for change in message.view_changes):
                return False
        if self.system.weight(voters) < self.rules.view_change_quorum(self.system):
            return False
        if not self.rules.check_carried:
            return True
        expected = self.carried(message.view_changes).preprepares(message.view, message.replica)
        return expected == message.preprepares and all(self.signed(entry) for entry in message.preprepares)

    def carried(self, view_changes: tuple[ViewChange, ...]) -> Carried:
        """Return what follows from the view-changes of a new view (§4.4)."""
        return self.rules.carry_over(view_changes)

    def decision(self, decision: Decision) -> bool:
        """C5: a quorum of distinct signed commits for this very proposal."""
        digest = decision.proposal.digest
        if not self.request_authentic(decision.proposal) or any(
            vote.view != decision.view or vote.seq != decision.seq or vote.digest != digest or not self.signed(vote)
            for vote in decision.commits
        ):
            return False
        voters = {vote.replica for vote in decision.commits}
        if len(voters) != len(decision.commits):
            return False
        return self.system.weight(voters) >= self.rules.commit_quorum(self.system)
