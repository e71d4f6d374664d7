"""B1 to B8: what a ballot owes besides the state machine; votes are counted anew, naively, from what each node heard.

They hold for every rule and any number of liars. That two honest nodes never decide differently (S1) is promised by a
quorum alone, and only while fewer than 2q − n of weight vote twice.
"""

# ruff: noqa: ARG001 -- every check has the one signature of its table

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bft.checking.ballot.counts import Counting, Vote
from bft.checking.invariants.facts import Facts, Invariant
from bft.core.effects import Execute, RequestVerdict
from bft.core.events import Equivocation, Restarted
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, Restart, TimerFired, VerdictReady
from bft.core.request import Request
from bft.core.shape import checks
from bft.core.verdict import Verdict
from bft.protocols.ballot.events import BallotDecided, BallotUndecided
from bft.protocols.ballot.messages import Approve, Cast, Certificate

DEADLINE = "deadline"


class Held:
    """What one node has heard and said.

    Attributes
    ----------
    request
        The question that it votes on.
    casts, approvals : dict
        The first of each voter that reached it.
    cast, approval
        Its own.
    said, asked, accepted
        Answers that its validator gave; answers that it was asked to judge, by digest; those that it accepted.
    decided : str or None
        What it decided.
    owed : (str, tuple of int) or None
        Answer and voters of a decision whose proof must follow in the same step.
    ended, proved : bool
        Whether it knows how the ballot ends, or a decision that it can prove.
    """

    def __init__(self) -> None:
        self.request: Request | None = None
        self.casts: dict[int, Cast] = {}
        self.approvals: dict[int, Approve] = {}
        self.cast: Cast | None = None
        self.approval: Approve | None = None
        self.said: set[str | None] = set()
        self.asked: dict[str, str | None] = {}
        self.accepted: set[str | None] = set()
        self.decided: str | None = None
        self.owed: tuple[str, tuple[int, ...]] | None = None
        self.ended = self.proved = False


class BallotFacts:
    """What the monitors know of a ballot."""

    def __init__(self, count: Counting, *, judged: bool, n: int) -> None:
        self.count = count
        self.kind: type = Approve if judged else Cast
        self.held = [Held() for _ in range(n)]
        self.certificates: dict[str, list[Certificate]] = {}

    def votes(self, held: Held) -> list[Vote]:
        """Return the votes that a node holds, as they count."""
        kept: dict[int, Any] = dict(held.approvals if self.kind is Approve else held.casts)
        return [counted(kept[voter]) for voter in sorted(kept)]

    def own_vote(self, node: int) -> Cast | Approve | None:
        """Return what a node has voted."""
        return self.held[node].approval if self.kind is Approve else self.held[node].cast


def counted(message: Cast | Approve) -> Vote:
    """Return a message as a vote."""
    if isinstance(message, Approve):
        return Vote(message.replica, message.answers)
    return Vote(message.replica, () if message.answer is None else (message.answer,), message.confidence)


def certificate_fault(facts: Facts, certificate: Certificate) -> str | None:
    """Return what is wrong with a proof of a decision."""
    ballot: BallotFacts = facts.ballot
    voters = [vote.replica for vote in certificate.votes]
    if len(set(voters)) != len(voters):
        return "a voter counts twice"
    for vote in certificate.votes:
        if vote.__class__ is not ballot.kind:
            return f"{type(vote).__name__} is not what counts"
        if not 0 <= vote.replica < facts.n or vote.request != certificate.request:
            return f"the vote of {vote.replica} belongs elsewhere"
        if not facts.genuine(vote):
            return f"the vote of {vote.replica} was not signed by it"
    won = ballot.count.certain([counted(vote) for vote in certificate.votes])
    return None if won == certificate.answer else f"these votes decide {won!r} for sure, not {certificate.answer!r}"


def hear(facts: Facts, node: int, event: object) -> Iterator[tuple[str, str]]:
    """Take in what a node is about to get; yield what it should have done before."""
    ballot: BallotFacts = facts.ballot
    own = ballot.held[node]
    if own.owed is not None:
        yield "B4", f"decided {own.owed[0]!r} and did not show the proof"
        own.owed = None
    match event:
        case Deliver(message=message) if not _readable(facts, message):
            return
        case Deliver(sender=sender, message=Cast() | Approve() as vote):
            if vote.replica == sender or facts.genuine(vote):
                _file(facts, own, vote)
        case Deliver(message=Certificate() as certificate):
            _open(facts, own, certificate.request)
            if certificate.request == own.request and certificate_fault(facts, certificate) is None:
                for vote in certificate.votes:
                    _file(facts, own, vote)
        case ClientRequest(request=request):
            _open(facts, own, request)
        case ProposalReady(request=request, answer=answer) if request == own.request:
            own.said.add(answer)
        case VerdictReady(digest=digest, verdict=Verdict.ACCEPT):
            own.accepted.add(own.asked.get(digest))
        case Restart():
            own.casts = {} if own.cast is None else {node: own.cast}
            own.approvals = {} if own.approval is None else {node: own.approval}


def _readable(facts: Facts, message: object) -> bool:
    """Return whether a message is one that counts: typed, by nodes that there are, with no more answers than nodes."""
    if not _typed(message):
        return False
    votes: tuple[Any, ...] = message.votes if isinstance(message, Certificate) else (message,)
    known = all(vote.replica < facts.n and len(getattr(vote, "answers", ())) <= facts.n for vote in votes)
    return known and 0 < len(votes) <= facts.n


_typed = checks(Cast, Approve, Certificate)


def _open(facts: Facts, own: Held, request: Request) -> None:
    if own.request is None and facts.genuine(request):
        own.request = request


def _file(facts: Facts, own: Held, vote: Cast | Approve) -> None:
    """Keep the first vote of each voter on the node's own question."""
    _open(facts, own, vote.request)
    if vote.request != own.request or not 0 <= vote.replica < facts.n:
        return
    kept: dict[int, Any] = own.approvals if isinstance(vote, Approve) else own.casts
    if kept.setdefault(vote.replica, vote) != vote:
        facts.reached.add("double vote")


def one_vote(facts: Facts, node: int, message: Cast | Approve) -> str | None:
    """B1: an honest node votes once, and passes on only what its voter signed."""
    if message.replica != node:
        return None if facts.genuine(message) else f"passes on a vote that {message.replica} never signed"
    own = facts.ballot.held[node]
    before = own.cast if isinstance(message, Cast) else own.approval
    return None if before is None or before == message else f"votes {message} after {before}"


def own_judgement(facts: Facts, node: int, message: Cast | Approve) -> str | None:
    """B2: an honest vote is what the node's own validator said, or an abstention."""
    own = facts.ballot.held[node]
    if message.replica != node:
        return None
    if isinstance(message, Cast):
        fine = message.answer is None or message.answer in own.said
        return None if fine else f"votes for {message.answer!r}, its validator said {sorted(map(str, own.said))}"
    mine = None if own.cast is None else own.cast.answer
    strange = [answer for answer in message.answers if answer not in own.accepted and answer != mine]
    return f"approves {strange}, which its validator did not accept" if strange else None


def at_the_deadline(facts: Facts, node: int, event: BallotDecided) -> str | None:
    """B3: what is decided without proof is decided at the deadline, by the votes held then."""
    ballot: BallotFacts = facts.ballot
    if event.proved:
        return None
    if not _time_is_up(facts, node):
        return f"decided {event.answer!r} without proof, and not at the deadline"
    votes = ballot.votes(ballot.held[node])
    won = ballot.count.winner(votes)
    if won != event.answer or tuple(vote.voter for vote in votes) != event.voters:
        return f"decided {event.answer!r} by {event.voters}; the votes held decide {won!r}"
    return None


def as_decided(facts: Facts, node: int, event: Execute) -> str | None:
    """B3: what executes is what was decided."""
    own = facts.ballot.held[node]
    return None if event.proposal.answer == own.decided else f"decided {own.decided!r}, executes another answer"


def proof(facts: Facts, node: int, certificate: Certificate) -> str | None:
    """B4: whoever decides shows votes that decide so whatever the others say, and every honest proof verifies."""
    return certificate_fault(facts, certificate)


def giving_up(facts: Facts, node: int, event: BallotUndecided) -> str | None:
    """B5: a node gives up only where no vote could help, or time is up."""
    ballot: BallotFacts = facts.ballot
    votes = ballot.votes(ballot.held[node])
    if event.proved:
        return None if ballot.count.impossible(votes) else f"gave up, though these may still decide: {votes}"
    if not _time_is_up(facts, node):
        return "gave up for want of time before the deadline"
    won = ballot.count.winner(votes)
    return None if won is None else f"decided nothing at the deadline, though {won!r} has won"


def conviction(facts: Facts, node: int, certificate: Certificate) -> str | None:
    """B6: two proofs of different decisions hold two different votes of one voter."""
    ballot: BallotFacts = facts.ballot
    mine = {vote.replica: vote for vote in certificate.votes}
    for answer, others in ballot.certificates.items():
        for other in others if answer != certificate.answer else ():
            if all(mine.get(vote.replica, vote) == vote for vote in other.votes):
                return f"{answer!r} and {certificate.answer!r} are both proved, and nobody voted twice"
    return None


def accusation(facts: Facts, node: int, event: Equivocation) -> str | None:
    """B7: nobody is accused but by two different votes that it signed, and no honest node is."""
    first: Any = event.first
    second: Any = event.second
    if first == second:
        return f"accuses {event.culprit} of saying the same thing twice"
    if event.culprit in facts.honest:
        return f"accuses {event.culprit}, which is honest"
    proved = all(each.replica == event.culprit and facts.genuine(each) for each in (first, second))
    return None if proved else f"accuses {event.culprit} without two votes that it signed"


def coming_back(facts: Facts, node: int, event: Restarted) -> str | None:
    """B8: a node that had decided comes back with its decision."""
    own = facts.ballot.held[node]
    return None if own.decided is None or event.last_executed else f"forgot that it had decided {own.decided!r}"


def _time_is_up(facts: Facts, node: int) -> bool:
    latest = facts.nodes[node].last_input
    return isinstance(latest, TimerFired) and latest.name == DEADLINE


def learn_vote(facts: Facts, node: int, message: Cast | Approve) -> None:
    """Remember a node's own vote."""
    own = facts.ballot.held[node]
    if message.replica != node:
        return
    if isinstance(message, Approve):
        own.approval = own.approval or message
    else:
        own.cast = own.cast or message
    kept: dict[int, Any] = own.approvals if isinstance(message, Approve) else own.casts
    kept.setdefault(node, message)
    facts.reached.add("vote")


def learn_question(facts: Facts, node: int, event: RequestVerdict) -> None:
    """Remember what the node's validator is asked to judge."""
    facts.ballot.held[node].asked[event.digest] = event.proposal.answer


def learn_decision(facts: Facts, node: int, event: BallotDecided) -> None:
    """Remember a decision; its proof must follow."""
    own = facts.ballot.held[node]
    own.decided, own.ended, own.proved = event.answer, True, event.proved
    own.owed = (event.answer, event.voters) if event.proved else None
    facts.reached.add("decided" if event.proved else "decided at the deadline")


def learn_proof(facts: Facts, node: int, certificate: Certificate) -> None:
    """Remember a proof."""
    own = facts.ballot.held[node]
    if own.owed == (certificate.answer, tuple(vote.replica for vote in certificate.votes)):
        own.owed = None
    known = facts.ballot.certificates.setdefault(certificate.answer, [])
    if certificate not in known:
        known.append(certificate)


def learn_end(facts: Facts, node: int, event: BallotUndecided) -> None:
    """Remember that a node decided nothing."""
    own = facts.ballot.held[node]
    own.ended = True
    facts.reached.add("gave up" if event.proved else "undecided at the deadline")


def learn_restart(facts: Facts, node: int, event: Restarted) -> None:
    """What the node knew of the end is gone, unless it had decided."""
    own = facts.ballot.held[node]
    own.ended = bool(event.last_executed)
    facts.reached.add("restart")


INVARIANTS = (
    Invariant("B1", Cast, one_vote, "honest nodes vote once"),
    Invariant("B1", Approve, one_vote, "honest nodes vote once"),
    Invariant("B2", Cast, own_judgement, "votes are what validators said"),
    Invariant("B2", Approve, own_judgement, "votes are what validators said"),
    Invariant("B3", BallotDecided, at_the_deadline, "without proof nothing is decided before the deadline"),
    Invariant("B3", Execute, as_decided, "what is decided executes"),
    Invariant("B4", Certificate, proof, "decisions are proved"),
    Invariant("B5", BallotUndecided, giving_up, "nobody gives up early"),
    Invariant("B6", Certificate, conviction, "different proofs convict a voter"),
    Invariant("B7", Equivocation, accusation, "only liars are accused"),
    Invariant("B8", Restarted, coming_back, "decisions survive a crash"),
)
LESSONS = {
    Cast: learn_vote,
    Approve: learn_vote,
    RequestVerdict: learn_question,
    BallotDecided: learn_decision,
    Certificate: learn_proof,
    BallotUndecided: learn_end,
    Restarted: learn_restart,
}
