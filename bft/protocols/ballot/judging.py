"""Judge, then vote: when all candidates are known, or time is up, the validator judges each that is not its own."""

from __future__ import annotations

from bft.core.effects import Broadcast, RequestVerdict
from bft.core.events import Judgement
from bft.core.inputs import VerdictReady
from bft.core.request import Proposal
from bft.core.verdict import Verdict
from bft.protocols.ballot import polling
from bft.protocols.ballot.messages import Approve
from bft.protocols.ballot.state import FIRST, ROUND, State


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


def on_verdict(state: State, event: VerdictReady) -> None:
    """The validator judged a candidate."""
    answer = state.candidates.pop(event.digest, None)
    if answer is None or state.settled:
        return state.drop("verdict not needed")
    state.calls -= 1
    state.emit(Judgement(event.view, event.seq, event.verdict))
    if event.verdict is Verdict.ACCEPT:
        state.accepted.append(answer)
    return approve_when_done(state)


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
    polling.file(state, vote)
