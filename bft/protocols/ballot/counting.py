"""Votes, and what they come to: cast, file, count, stop as soon as nothing can change the result.

A replica whose result is settled before its validator has answered needs the answer no more: the call is saved. Where
nothing can be decided it abstains, so that others need not wait for it, and keeps requesting retransmission: others may
have been told something else by a voter that votes twice, and have decided. Whoever decides broadcasts the proof.

Judge, then vote: when all candidates are known, or time is up, the validator judges each that is not its own.
"""

from __future__ import annotations

from bft.core.effects import Broadcast, CancelTimer, Execute, Reply, RequestVerdict
from bft.core.events import Equivocation
from bft.core.request import Proposal
from bft.protocols.ballot.events import BallotDecided, BallotUndecided, CallsSaved
from bft.protocols.ballot.messages import Approve, Cast, Certificate, vote_of
from bft.protocols.ballot.state import DEADLINE, FIRST, ROUND, STATUS_TIMER, State
from bft.voting import Standing
from bft.voting import State as Ballot


def cast(state: State, vote: Cast) -> None:
    """Sign, store, tell everybody, count."""
    signed = state.keyring.sign(vote)
    state.persist("cast", signed)
    state.emit(Broadcast(signed))
    file(state, signed)


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
        return close(state)  # which counts again once this replica has voted
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


def tally(state: State, missing: tuple[int, ...]) -> Standing:
    """Return what the rule makes of the votes held, if these voters may still vote."""
    votes = state.votes
    return state.config.rule.standing([vote_of(votes[voter]) for voter in sorted(votes)], missing)


def close(state: State) -> None:
    """Take no more candidates. Of several texts with one answer the judge reads the first that says more than that."""
    assert state.request is not None
    state.closed = True
    texts: dict[str, str] = {}
    for voter in sorted(state.casts):
        candidate = state.casts[voter]
        if candidate.answer is not None:
            texts[candidate.answer] = texts.get(candidate.answer) or candidate.wording
    own = state.casts.get(state.id)
    for answer, wording in texts.items():
        if own is not None and answer == own.answer:
            state.accepted.append(answer)
            continue
        proposal = Proposal(request=state.request, answer=answer, wording=wording)
        state.candidates[proposal.digest] = answer
        state.calls += 1
        state.emit(RequestVerdict(ROUND, FIRST, proposal.digest, proposal))
    approve_when_done(state)


def approve_when_done(state: State) -> None:
    """Vote once every candidate has been judged."""
    if not state.candidates:
        approve(state, tuple(sorted(state.accepted)))


def approve(state: State, answers: tuple[str, ...]) -> None:
    """Sign, store, tell everybody, count; once."""
    if state.id in state.approvals:
        return
    assert state.request is not None
    vote = state.keyring.sign(Approve(state.request, answers, state.id))
    state.persist("approval", vote)
    state.emit(Broadcast(vote))
    file(state, vote)


def abstain(state: State) -> None:
    """Say that no vote will come: nothing can be decided with it either."""
    assert state.request is not None
    if state.config.judged:
        approve(state, ())
    elif state.id not in state.casts:
        cast(state, Cast(state.request, None, 0.0, "", state.id))


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
