"""From the question to the decision: ask the validator, vote, count, stop as soon as nothing can change the result.

A replica whose result is settled before its validator has answered needs the answer no more: the call is saved. Where
nothing can be decided it abstains, so that others need not wait for it, and goes on asking: others may have been told
something else by a voter that votes twice, and have decided. Whoever decides broadcasts the proof.

Whoever has not voted by the deadline abstains. What is decided then has no proof, and rules without a quorum may decide
differently where different votes are missing.
"""

from __future__ import annotations

from bft.core.effects import Broadcast, CancelTimer, Execute, Reply, RequestProposal, SetTimer
from bft.core.events import Equivocation
from bft.core.inputs import ProposalReady
from bft.core.request import Proposal, Request
from bft.protocols.ballot import judging
from bft.protocols.ballot.events import BallotDecided, BallotUndecided, CallsSaved
from bft.protocols.ballot.messages import Approve, Cast, Certificate, vote_of, well_formed
from bft.protocols.ballot.state import DEADLINE, FIRST, ROUND, STATUS_TIMER, State
from bft.voting import Standing
from bft.voting import State as Ballot


def on_request(state: State, request: Request) -> None:
    """A client's request: ask the validator and start waiting, or give the reply again."""
    if not well_formed(request, state.config.system.n):
        return state.drop("malformed message")
    if state.request is None:
        if not state.keyring.verify(request):
            return state.drop("request not signed by its client")
        state.persist("request", request)
        return open_poll(state, request)
    if request.key != state.request.key:
        return state.drop("another request: a ballot decides one")
    if state.executed is not None:
        reply(state, state.executed)
    return None


def open_poll(state: State, request: Request) -> None:
    """Put the question to the own validator; from now on time runs."""
    state.request = request
    state.emit(SetTimer(DEADLINE, state.config.deadline_s))
    if state.config.retransmit_s is not None:
        state.emit(SetTimer(STATUS_TIMER, state.config.retransmit_s))
    if state.id not in state.casts:
        state.calls += 1
        state.emit(RequestProposal(ROUND, request))


def on_proposal_ready(state: State, event: ProposalReady) -> None:
    """The own validator answered: vote, or abstain if it has no answer."""
    if state.request is None or event.request.key != state.request.key or state.id in state.casts or state.settled:
        return state.drop("answer not needed")
    state.calls -= 1
    return cast(state, Cast(state.request, event.answer, event.confidence, event.wording, state.id))


def cast(state: State, vote: Cast) -> None:
    """Sign, store, tell everybody, count."""
    signed = state.keyring.sign(vote)
    state.persist("cast", signed)
    state.emit(Broadcast(signed))
    file(state, signed)


def on_vote(state: State, sender: int, message: Cast | Approve) -> None:
    """A vote, from its voter or passed on by another: the first of each voter counts."""
    if not well_formed(message, state.config.system.n):
        return state.drop("malformed message")
    if message.replica != sender and not state.keyring.verify(message):
        return state.drop("passed on without its voter's signature")
    if state.request is None:
        on_request(state, message.request)
    if state.request is None or message.request != state.request:
        return state.drop("vote on another request")
    return file(state, message)


def file(state: State, message: Cast | Approve) -> None:
    """Keep a vote and see what has changed."""
    kind: dict[int, Cast] | dict[int, Approve] = state.casts if isinstance(message, Cast) else state.approvals
    held = kind.get(message.replica)
    if held is not None:
        if held != message:
            state.emit(Equivocation(message.replica, held, message))
        return state.drop("second vote")
    kind[message.replica] = message  # type: ignore[assignment]
    return count(state)


def count(state: State) -> None:
    """Count the votes: decide, give up, or wait."""
    if state.executed is not None:
        return None
    n = state.config.system.n
    if state.config.judged and not state.closed and len(state.casts) == n:
        return judging.close(state)  # which counts again once this replica has voted
    votes = state.votes
    standing = tally(state, tuple(voter for voter in range(n) if voter not in votes))
    if standing.state is Ballot.IMPOSSIBLE and not state.settled:
        settle(state)
        state.emit(BallotUndecided(tuple(sorted(votes)), proved=True))
        abstain(state)
    elif standing.answer is not None:
        assert state.request is not None
        proof = Certificate(state.request, standing.answer, tuple(votes[voter] for voter in sorted(votes)))
        decide(state, standing.answer, proof)
    return None


def abstain(state: State) -> None:
    """Say that no vote will come: nothing can be decided with it either."""
    assert state.request is not None
    if state.config.judged:
        judging.approve(state, ())
    elif state.id not in state.casts:
        cast(state, Cast(state.request, None, 0.0, "", state.id))


def tally(state: State, missing: tuple[int, ...]) -> Standing:
    """Return what the rule makes of the votes held, if these voters may still vote."""
    votes = state.votes
    return state.config.rule.standing([vote_of(votes[voter]) for voter in sorted(votes)], missing)


def on_deadline(state: State) -> None:
    """Time is up: whoever has not named a candidate, or not voted, abstains."""
    if state.executed is not None or state.settled:
        return
    if state.config.judged and not state.closed:
        state.emit(SetTimer(DEADLINE, state.config.deadline_s))
        judging.close(state)
        return
    standing = tally(state, ())
    if standing.answer is not None:
        decide(state, standing.answer, None)
    else:
        state.emit(BallotUndecided(tuple(sorted(state.votes)), proved=False))


def settle(state: State) -> None:
    """No vote that is still missing matters any more: wait for none, and ask the validator for nothing further."""
    state.settled = True
    state.emit(CancelTimer(DEADLINE))
    if state.calls:
        state.emit(CallsSaved(state.calls))
        state.calls = 0


def decide(state: State, answer: str, proof: Certificate | None) -> None:
    """Execute the decision, answer the client, and tell the others why."""
    assert state.request is not None
    voters = tuple(sorted(state.votes)) if proof is None else tuple(vote.replica for vote in proof.votes)
    settle(state)
    state.emit(CancelTimer(STATUS_TIMER))
    state.emit(BallotDecided(answer, voters, proved=proof is not None))
    state.certificate = proof
    proposal = Proposal(request=state.request, answer=answer)
    state.persist("decision", (proposal, proof))
    execute(state, proposal)
    if proof is not None:
        state.emit(Broadcast(proof))


def execute(state: State, proposal: Proposal) -> None:
    """Let the decision take effect."""
    state.executed = proposal
    state.machine.apply(proposal)
    state.emit(Execute(ROUND, FIRST, proposal.digest, proposal, False, state.machine.digest()))
    reply(state, proposal)


def reply(state: State, proposal: Proposal) -> None:
    """Answer the client."""
    assert proposal.request is not None
    state.emit(Reply(proposal.request.client, proposal.request.timestamp, proposal.answer or ""))
