"""Lines 11 to 21: a round starts, and its proposer proposes.

The paper's getValue() returns at once. Here it asks the proposer's validator, which may never answer: so a proposer
that has to ask schedules timeoutPropose too. A value that had a polka is proposed again without asking (lines 15, 16).
"""

from __future__ import annotations

from bft.core.effects import Broadcast, RequestProposal
from bft.core.events import ProposalMissing, ViewsExhausted
from bft.core.inputs import ProposalReady
from bft.core.lean import maker
from bft.core.request import Proposal
from bft.core.verdict import Verdict
from bft.protocols.tendermint.config import PRECOMMIT_TIMER, PREVOTE_TIMER, PROPOSE_TIMER
from bft.protocols.tendermint.events import RoundStarted
from bft.protocols.tendermint.filing import file_in, take_far
from bft.protocols.tendermint.messages import NO_ROUND, Precommit, Prevote, Propose
from bft.protocols.tendermint.state import PROPOSE, State

new_broadcast = maker(Broadcast)


def start_round(state: State, round_: int, *, skipped: bool = False) -> None:
    """Lines 11 to 21; `skipped` where line 55 leads here."""
    if state.config.views is not None and round_ >= state.config.views:
        state.emit(ViewsExhausted(state.round))
        return
    if round_ > 0 and state.rules.drop_stale_timers:
        for name in (PROPOSE_TIMER, PREVOTE_TIMER, PRECOMMIT_TIMER):
            state.cancel(name)
    state.round = round_  # line 12
    state.step = PROPOSE  # line 13
    state.current = state.log(round_)
    state.ahead = bool(state.far) or max(state.rounds) > round_
    state.proposing = None
    if round_ > 0:
        state.persist(("round",), (state.height, round_))
        state.emit(RoundStarted(round_, state.height, skipped))
        take_far(state, round_)
    state.start_status_timer()
    if state.is_proposer:  # line 14
        propose(state)
    else:
        state.schedule(PROPOSE_TIMER)  # line 21


def propose(state: State) -> None:
    """Lines 15 to 19: the valid value again, or a new one from the validator."""
    own = state.signed.get("Propose")
    if own is not None and (own.height, own.round) == (state.height, state.round):
        return None  # before a crash
    if state.valid is not None:
        return send_proposal(state, state.valid, state.valid_round)  # lines 16, 19
    state.schedule(PROPOSE_TIMER)
    ask_for_value(state)
    return None


def ask_for_value(state: State) -> None:
    """Line 18: ask the validator to answer the request that has waited longest."""
    request = next(iter(state.pending.values()), None)
    if request is not None and state.proposing is None:
        state.proposing = request.key
        state.emit(RequestProposal(state.round, request))


def on_proposal_ready(state: State, event: ProposalReady) -> None:
    """Line 19: propose what the validator answered, if it is still wanted."""
    wanted = state.step == PROPOSE and event.view == state.round and event.request.key == state.proposing
    own = state.signed.get("Propose")
    if not wanted or (own is not None and (own.height, own.round) == (state.height, state.round)):
        return state.drop("stale proposal")
    if event.answer is None:
        return state.emit(ProposalMissing(state.round))
    value = Proposal(request=event.request, answer=event.answer, wording=event.wording)
    state.verdicts[value.digest] = Verdict.ACCEPT  # the proposer counts for its own value
    return send_proposal(state, value, NO_ROUND)


def send_proposal(state: State, value: Proposal, valid_round: int) -> None:
    """Line 19."""
    say(state, Propose(state.height, state.round, value, valid_round, state.id))


def say(state: State, message: Propose | Prevote | Precommit) -> None:
    """Sign, store, tell everybody, and hear it oneself."""
    kind = message.__class__.__name__
    signed = state.keyring.sign(message)
    state.signed[kind] = signed
    emit, persist = state.emit, state.persist
    persist((kind,), signed)
    emit(new_broadcast(signed))
    log = state.current
    assert log is not None  # of the round that the message is for
    if state.hear_own is None:
        file_in(state, log, signed)
    else:
        state.hear_own(state, signed)
