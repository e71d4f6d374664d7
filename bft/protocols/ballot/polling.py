"""From the question to the vote: ask the validator, hear the others, and stop at the deadline; `counting` has the rest.

Whoever has not voted by the deadline abstains. What is decided then has no proof, and rules without a quorum may decide
differently where different votes are missing.
"""

from __future__ import annotations

from bft.core.effects import RequestProposal, SetTimer
from bft.core.events import Judgement
from bft.core.inputs import ProposalReady, VerdictReady
from bft.core.request import Request
from bft.core.verdict import Verdict
from bft.protocols.ballot import counting
from bft.protocols.ballot.events import BallotUndecided
from bft.protocols.ballot.messages import Approve, Cast, well_formed
from bft.protocols.ballot.state import DEADLINE, ROUND, STATUS_TIMER, State


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
        counting.reply(state, state.executed)
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
    return counting.cast(state, Cast(state.request, event.answer, event.confidence, event.wording, state.id))


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
    return counting.file(state, message)


def on_deadline(state: State) -> None:
    """Time is up: whoever has not named a candidate, or not voted, abstains."""
    if state.executed is not None or state.settled:
        return
    if state.config.judged and not state.closed:
        state.emit(SetTimer(DEADLINE, state.config.deadline_s))
        counting.close(state)
        return
    standing = counting.tally(state, ())
    if standing.answer is not None:
        counting.decide(state, standing.answer, None)
    else:
        state.emit(BallotUndecided(tuple(sorted(state.votes)), proved=False))


def on_verdict(state: State, event: VerdictReady) -> None:
    """The validator judged a candidate."""
    answer = state.candidates.pop(event.digest, None)
    if answer is None or state.settled:
        return state.drop("verdict not needed")
    state.calls -= 1
    state.emit(Judgement(event.view, event.seq, event.verdict))
    if event.verdict is Verdict.ACCEPT:
        state.accepted.append(answer)
    return counting.approve_when_done(state)
