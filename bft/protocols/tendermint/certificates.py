"""What counts as proof: quorums of signed votes that anybody may pass on. Pure predicates.

Inside a certificate nobody is an authenticated sender, so each vote is believed for its signature alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.core.lean import lean
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal
from bft.core.signatures import Keyring, Signed
from bft.protocols.tendermint.messages import Decision, Polka, Precommit, Prevote
from bft.protocols.tendermint.rules import Rules


@lean
class Verifier:
    """Judges proofs by the rules, the weights and the signatures of one system."""

    system: QuorumSystem
    rules: Rules
    keyring: Keyring

    def signed(self, body: Signed) -> bool:
        """Return whether the body's signature holds and its signer is one of the replicas."""
        signer = body.signer
        if signer.__class__ is not int or not 0 <= signer < self.system.n:
            return False
        return not self.rules.check_signatures or self.keyring.verify(body)

    def request_authentic(self, proposal: Proposal) -> bool:
        """Return whether the proposal answers a request that its client signed."""
        if proposal.request is None:
            return False
        return not self.rules.check_requests or self.keyring.verify(proposal.request)

    def polka(self, proof: Polka) -> bool:
        """Return whether a quorum of distinct replicas signed prevotes for this value in this round."""
        return self._votes(
            proof.prevotes, proof.height, proof.round, proof.digest, self.rules.polka_quorum(self.system)
        )

    def decision(self, proof: Decision) -> bool:
        """Return whether a quorum of distinct replicas signed precommits for this very value in one round."""
        digest, needed = proof.proposal.digest, self.rules.decision_quorum(self.system)
        return self.request_authentic(proof.proposal) and self._votes(
            proof.precommits, proof.height, proof.round, digest, needed
        )

    def _votes(self, votes: Sequence[Prevote | Precommit], height: int, round_: int, digest: str, needed: int) -> bool:
        if not self.rules.check_certificates:
            return bool(votes)
        if any(
            vote.height != height or vote.round != round_ or vote.digest != digest or not self.signed(vote)
            for vote in votes
        ):
            return False
        voters = {vote.replica for vote in votes}
        return len(voters) == len(votes) and self.system.weight(voters) >= needed
