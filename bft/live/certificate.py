"""The commit certificate of a live panel: votes of a quorum, signed, that anyone can verify.

It holds the request, the answer, the votes, and all that a signature is bound to: whose votes weigh how much, how much
weight decides, and the public keys. Changing any of it breaks every signature. That the keys belong to whom one
thinks is the one thing it cannot prove: a verifier who knows them passes them to `verify`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bft.core.digest import digest_of
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.errors import BftError, ScenarioError
from bft.live.encoding import Encoding
from bft.live.keys import CLIENT, Ed25519Keyring, PublicKeys
from bft.live.post import Envelope
from bft.live.rules import Proof, rule_named


def context_of(rule: str, system: QuorumSystem, public: PublicKeys) -> bytes:
    """Return what the signatures of a panel are bound to."""
    keys = tuple((str(signer), public[signer].hex()) for signer in (*range(system.n), CLIENT))
    return digest_of("bft live panel", rule, system.weights, system.tolerated, system.quorum, keys).encode()


def encoding_of(rule: str) -> Encoding:
    """Return how the messages under a rule become bytes."""
    return Encoding((*rule_named(rule).messages, Envelope))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What proves a decision.

    Attributes
    ----------
    rule : str
        By what rule it was decided.
    weights : tuple of int
        Weight of each node's vote.
    tolerated, quorum : int
        Faulty weight tolerated, and the weight that decides.
    client, timestamp, question : str, int, str
        The request, with the client's signature.
    answer, wording : str
        What was decided.
    view, seq : int
        Where.
    votes : tuple of (int, bytes)
        Nodes and their signatures.
    public_keys : tuple of (int or str, bytes)
        Of every node, and of the client.
    """

    rule: str
    weights: tuple[int, ...]
    tolerated: int
    quorum: int
    client: str
    timestamp: int
    question: str
    request_signature: bytes
    answer: str
    wording: str
    view: int
    seq: int
    votes: tuple[tuple[int, bytes], ...]
    public_keys: tuple[tuple[int | str, bytes], ...]

    @classmethod
    def of(cls, proof: Proof, *, rule: str, system: QuorumSystem, public: PublicKeys) -> Certificate:
        """Put the certificate of a proved decision together."""
        request = proof.proposal.request
        assert request is not None, "nobody asks for a certificate of the null request"
        return cls(
            rule=rule,
            weights=system.weights,
            tolerated=system.tolerated,
            quorum=system.quorum,
            client=request.client,
            timestamp=request.timestamp,
            question=request.operation,
            request_signature=request.signature,
            answer=proof.proposal.answer or "",
            wording=proof.proposal.wording,
            view=proof.view,
            seq=proof.seq,
            votes=tuple(sorted((vote.signer, vote.signature) for vote in proof.votes)),
            public_keys=tuple(public.items()),
        )

    @property
    def signers(self) -> tuple[int, ...]:
        """The nodes whose votes it holds."""
        return tuple(node for node, _ in self.votes)

    @property
    def digest(self) -> str:
        """The name of what was decided, under which nodes voted."""
        return self.proposal.digest

    @property
    def proposal(self) -> Proposal:
        """What was decided."""
        request = Request(
            client=self.client,
            timestamp=self.timestamp,
            operation=self.question,
            signature=self.request_signature,
        )
        return Proposal(request=request, answer=self.answer, wording=self.wording)

    def verify(self, public_keys: PublicKeys | None = None) -> bool:
        """Return whether a quorum signed this answer to this question.

        Parameters
        ----------
        public_keys : mapping of int or str to bytes, optional
            The keys that the verifier knows to be the panel's. Without them those in the certificate are used, and
            all that is shown is that it is whole and was signed by whoever holds these keys.
        """
        try:
            return self._verify(dict(self.public_keys) if public_keys is None else public_keys)
        except (BftError, KeyError, TypeError, ValueError, AttributeError):
            return False

    def _verify(self, public: PublicKeys) -> bool:
        system = QuorumSystem(weights=self.weights, tolerated=self.tolerated, quorum=self.quorum)
        encoding = encoding_of(self.rule)
        ring = Ed25519Keyring({}, public, encoding=encoding, context=context_of(self.rule, system, public))
        proposal, vote = self.proposal, rule_named(self.rule).vote
        if dict(self.public_keys) != dict(public) or proposal.request is None or not ring.verify(proposal.request):
            return False
        for node, signature in self.votes:
            body = encoding.write_unsigned(vote(self.view, self.seq, proposal.digest, node))
            if not ring.verify_bytes(node, body, signature):
                return False
        voters = set(self.signers)
        return len(voters) == len(self.votes) and system.weight(voters) >= system.quorum

    def to_json(self) -> dict[str, Any]:
        """Return it in types that JSON knows."""
        return {
            "rule": self.rule,
            "weights": list(self.weights),
            "tolerated": self.tolerated,
            "quorum": self.quorum,
            "client": self.client,
            "timestamp": self.timestamp,
            "question": self.question,
            "request_signature": self.request_signature.hex(),
            "answer": self.answer,
            "wording": self.wording,
            "view": self.view,
            "seq": self.seq,
            "digest": self.digest,
            "votes": [{"node": node, "signature": signature.hex()} for node, signature in self.votes],
            "public_keys": {str(signer): key.hex() for signer, key in self.public_keys},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Certificate:
        """Read what `to_json` wrote.

        Raises
        ------
        ScenarioError
            If it is no certificate.
        """
        try:
            return cls(
                rule=str(data["rule"]),
                weights=tuple(int(weight) for weight in data["weights"]),
                tolerated=int(data["tolerated"]),
                quorum=int(data["quorum"]),
                client=str(data["client"]),
                timestamp=int(data["timestamp"]),
                question=str(data["question"]),
                request_signature=bytes.fromhex(data["request_signature"]),
                answer=str(data["answer"]),
                wording=str(data["wording"]),
                view=int(data["view"]),
                seq=int(data["seq"]),
                votes=tuple((int(vote["node"]), bytes.fromhex(vote["signature"])) for vote in data["votes"]),
                public_keys=tuple(read_public_keys(data["public_keys"]).items()),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ScenarioError(f"certificate: cannot be read: {type(error).__name__} {error}") from None


def read_public_keys(table: Mapping[str, str]) -> dict[int | str, bytes]:
    """Read the public keys of a certificate in JSON: hexadecimal by node, and the client's."""
    return {signer if signer == CLIENT else int(signer): bytes.fromhex(key) for signer, key in table.items()}
