"""The certificate of a live panel: signed votes that decide, which anyone can count again.

It holds the request, the answer, the votes, and all that a signature is bound to: the rule with its parameters, whose
votes weigh how much, how much weight decides, and the public keys. Changing any of it breaks every signature, or is
refused where it is read (`certificate_json`). That the keys belong to whom one thinks is the one thing it cannot prove:
a verifier who knows them passes them to `verify`.

What it proves is that these votes decide by this rule. PBFT's are the commits of a quorum, Tendermint's the precommits
of one. A ballot's are all the votes that were there when nothing missing could change the result, those against the
answer and the abstentions among them; under a rule without a quorum these may be few.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bft.core.digest import digest_of
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.errors import BftError, ScenarioError
from bft.live.certificate_json import FormError, read_parts
from bft.live.comparing import CANONICAL, Described
from bft.live.comparing import described as described_compare
from bft.live.diversity import Diversity
from bft.live.diversity import described as described_diversity
from bft.live.encoding import Encoding
from bft.live.keys import CLIENT, Ed25519Keyring, PublicKeys
from bft.live.post import Envelope
from bft.live.rule_settings import BallotRule, ConsensusRule, described
from bft.live.rules import Proof, Rule, rule_of
from bft.live.signed_votes import SignedVote, message_of, signed_vote, vote_to_json

MESSAGE_SHOWN = 200  # letters of what is wrong with a certificate


def context_of(
    rule: ConsensusRule | BallotRule,
    system: QuorumSystem,
    public: PublicKeys,
    compare: Described = CANONICAL,
    diversity: Diversity | None = None,
) -> bytes:
    """Return what the signatures of a panel are bound to."""
    keys = tuple((str(signer), public[signer].hex()) for signer in (*range(system.n), CLIENT))
    told = described(rule)
    name = told if isinstance(told, str) else json.dumps(told, sort_keys=True)
    if compare != CANONICAL:
        name = json.dumps([name, described_compare(compare)], sort_keys=True)
    if diversity is not None:
        name = json.dumps([name, "diversity", described_diversity(diversity)], sort_keys=True)
    return digest_of("bft live panel", name, system.weights, system.tolerated, system.quorum, keys).encode()


def encoding_of(rule: Rule) -> Encoding:
    """Return how the messages under a rule become bytes."""
    return Encoding((*rule.messages, Envelope))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What proves a decision.

    Attributes
    ----------
    rule : ConsensusRule or one of the ballots' rules
        By what rule it was decided; its parameters are part of it.
    weights : tuple of int
        Stake of each node, or 1.
    tolerated, quorum : int
        Faulty weight tolerated, and the weight that decides; 0 and 1 where the rule has no quorum.
    client, timestamp, question : str, int, str
        The request, with the client's signature.
    answer, wording : str
        What was decided; in a ballot the canonical form in which answers are compared, and a member's own words.
    view, seq : int
        Where; in Tendermint round and height.
    votes : tuple of SignedVote
        Nodes, their signatures, and in a ballot what each voted.
    public_keys : tuple of (int or str, bytes)
        Of every node, and of the client.
    author : SignedVote or None
        In a ballot, the signed answer in whose words the decision is shown.
    compare : Described
        When two answers were the same, where members' own answers were compared; see `bft.live.comparing`. Whether they
        are is not counted again: a user's object and a model are only named.
    diversity : Diversity or None
        In a ballot, of how many providers or models the votes for the answer must be; counted again.
    """

    rule: ConsensusRule | BallotRule
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
    votes: tuple[SignedVote, ...]
    public_keys: tuple[tuple[int | str, bytes], ...]
    author: SignedVote | None = None
    compare: Described = CANONICAL
    diversity: Diversity | None = None

    @classmethod
    def of(
        cls,
        proof: Proof,
        *,
        rule: ConsensusRule | BallotRule,
        system: QuorumSystem,
        public: PublicKeys,
        compare: Described = CANONICAL,
        diversity: Diversity | None = None,
    ) -> Certificate:
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
            votes=tuple(sorted(map(signed_vote, proof.votes))),
            public_keys=tuple(public.items()),
            author=None if proof.author is None else signed_vote(proof.author),
            compare=compare,
            diversity=diversity,
        )

    @property
    def signers(self) -> tuple[int, ...]:
        """The nodes whose votes it holds."""
        return tuple(vote.node for vote in self.votes)

    @property
    def digest(self) -> str:
        """The name of what was decided."""
        return self.proposal.digest

    @property
    def proposal(self) -> Proposal:
        """What was decided."""
        return Proposal(request=self._request, answer=self.answer, wording=self.wording)

    @property
    def text(self) -> str:
        """The answer as a member gave it."""
        return self.wording or self.answer

    @property
    def _request(self) -> Request:
        return Request(
            client=self.client,
            timestamp=self.timestamp,
            operation=self.question,
            signature=self.request_signature,
        )

    @property
    def _system(self) -> QuorumSystem:
        return QuorumSystem(weights=self.weights, tolerated=self.tolerated, quorum=self.quorum)

    def verify(self, public_keys: PublicKeys | None = None) -> bool:
        """Return whether the panel signed votes that decide this answer to this question.

        Parameters
        ----------
        public_keys : mapping of int or str to bytes, optional
            The keys that the verifier knows to be the panel's. Without them those in the certificate are used, and
            all that is shown is that it is whole and was signed by whoever holds these keys.
        """
        try:
            return self._verify(dict(self.public_keys) if public_keys is None else public_keys)
        except (BftError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return False  # the fields of a certificate that was not read here may hold anything

    def _verify(self, public: PublicKeys) -> bool:
        system = self._system
        rule = rule_of(self.rule, system, self.diversity)
        if self.diversity is not None and isinstance(self.rule, ConsensusRule):
            return False  # of which it would prove nothing
        ring = Ed25519Keyring({}, public, encoding=encoding_of(rule), context=self._context(system, public))
        if dict(self.public_keys) != dict(public) or not self._one_key_a_seat(system) or not ring.verify(self._request):
            return False
        if rule.place not in (None, (self.view, self.seq)) or len(set(self.signers)) != len(self.votes):
            return False
        votes = [self._body(rule.vote, vote) for vote in self.votes]
        if not rule.decides(self.answer, votes):  # counted first: a signature costs more than a sum
            return False
        return all(map(ring.verify, votes)) and self._words_are_signed(rule, ring)

    def _one_key_a_seat(self, system: QuorumSystem) -> bool:
        """Two nodes with one key are one node, and a client with a node's key could ask in its own favour."""
        signers, keys = [signer for signer, _ in self.public_keys], {key for _, key in self.public_keys}
        return len(keys) == len(signers) == system.n + 1 and set(signers) == {*range(system.n), CLIENT}

    def _context(self, system: QuorumSystem, public: PublicKeys) -> bytes:
        return context_of(self.rule, system, public, self.compare, self.diversity)

    def _words_are_signed(self, rule: Rule, ring: Ed25519Keyring) -> bool:
        """In PBFT they are in the digest that is voted on; in a ballot somebody must have given this answer so."""
        if rule.author is None or self.author is None:
            return rule.author is None and self.author is None
        body = self._body(rule.author, self.author)
        return ring.verify(body) and (body.answer, body.wording) == (self.answer, self.wording)

    def _body(self, kind: type, vote: SignedVote) -> Any:
        """Return what was signed."""
        shared = {"request": self._request, "view": self.view, "seq": self.seq, "digest": self.digest}
        shared |= {"round": self.view, "height": self.seq}
        return message_of(kind, vote, shared)

    def to_json(self) -> dict[str, Any]:
        """Return it in types that JSON knows."""
        rule = rule_of(self.rule, self._system)
        kind, author_kind = rule.vote, rule.author
        author = None if self.author is None or author_kind is None else vote_to_json(author_kind, self.author)
        return {
            "rule": described(self.rule),
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
            "votes": [vote_to_json(kind, vote) for vote in self.votes],
            "public_keys": {str(signer): key.hex() for signer, key in self.public_keys},
            **({} if author is None else {"author": author}),
            **({} if self.compare == CANONICAL else {"compare": described_compare(self.compare)}),
            **({} if self.diversity is None else {"diversity": described_diversity(self.diversity)}),
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
            parts = read_parts(data)
            digest = parts.pop("digest")
            read = cls(**parts)
            if digest not in (None, read.digest):
                raise FormError("digest: is not that of the answer to this question")
        except (BftError, ValueError, RecursionError) as error:
            told = str(error).splitlines()[0][:MESSAGE_SHOWN]
            raise ScenarioError(f"certificate: cannot be read: {told}") from None
        return read
