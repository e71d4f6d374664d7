"""The rules of Algorithm 1, by their line numbers: each fires if its guard holds, and says whether it did.

`settle` lets them fire until none does. Where several guards hold at once the paper leaves the order open; here a
decision comes first and a timer last, since timers are for what does not come by itself.
"""

from __future__ import annotations

from bft.core.effects import RequestVerdict
from bft.core.events import Judgement
from bft.core.inputs import TimerFired, VerdictReady
from bft.core.lean import maker
from bft.core.request import Proposal
from bft.core.verdict import Verdict
from bft.protocols.tendermint.config import PRECOMMIT_TIMER, PREVOTE_TIMER, PROPOSE_TIMER
from bft.protocols.tendermint.deciding import decide
from bft.protocols.tendermint.events import PolkaFollowed
from bft.protocols.tendermint.messages import Decision, Precommit, Prevote
from bft.protocols.tendermint.requests import fresh
from bft.protocols.tendermint.starting import say, start_round
from bft.protocols.tendermint.state import PRECOMMIT, PREVOTE, PROPOSE, WAITING, State

new_prevote, new_precommit = maker(Prevote, well_formed=True), maker(Precommit, well_formed=True)
new_polka_followed, new_judgement = maker(PolkaFollowed), maker(Judgement)
new_verdict_request, new_decision = maker(RequestVerdict), maker(Decision)


def settle(state: State) -> None:
    """Let the rules fire until none does; those that plainly cannot are not asked."""
    while True:
        if (state.decidable and line_49(state)) or (state.ahead and line_55(state)):
            continue
        step, log = state.step, state.current
        if step == WAITING or log is None:
            if not state.pending:
                return
            start_round(state, 0)  # line 10: a height starts with round 0, here as soon as something is asked
            continue
        if step == PROPOSE:
            fired = bool(log.proposals) and (line_22(state) or line_28(state))
        elif step == PREVOTE:
            quorum = log.polkas or log.prevotes.total >= state.least
            fired = bool(quorum) and (line_36(state) or line_44(state) or line_34(state))
        else:
            fired = not log.followed and line_36(state)
        if not fired and not (log.precommits.votes and line_47(state)):
            return


def line_22(state: State) -> bool:
    """A new value: prevote it if it is valid and no lock forbids it, else nil (lines 22 to 27)."""
    if state.step != PROPOSE or state.current is None:
        return False
    for digest, message in state.current.proposals.items():
        if message.valid_round != -1:
            continue
        allowed = state.rules.may_prevote(state.locked_round, state.locked, digest)  # line 23
        judged = valid(state, digest, message.proposal, polka=False) if allowed else False
        if judged is not None:
            prevote(state, digest if judged else None)  # lines 24, 26
            return True
    return False


def line_28(state: State) -> bool:
    """A value that had a polka in round vr: prevote it unless locked on another since (lines 28 to 33)."""
    if state.step != PROPOSE or state.current is None:
        return False
    rules = state.rules
    for digest, message in state.current.proposals.items():
        valid_round = message.valid_round
        if valid_round < 0 or not rules.earlier(valid_round, state.round):
            continue
        earlier = state.rounds.get(valid_round)
        polka = earlier is not None and digest in earlier.polkas
        if not polka and rules.need_polka:
            continue
        allowed = rules.may_prevote_again(state.locked_round, state.locked, valid_round, digest)  # line 29
        judged = valid(state, digest, message.proposal, polka=polka) if allowed else False
        if judged is not None:
            prevote(state, digest if judged else None)  # lines 30, 32
            return True
    return False


def line_34(state: State) -> bool:
    """A quorum of prevotes for whatever, for the first time: wait a little for a polka (lines 34, 35)."""
    log = state.current
    if log is None or state.step != PREVOTE or log.prevote_timer_set or log.prevotes.total < state.any_quorum:
        return False
    log.prevote_timer_set = True
    if state.rules.arm_prevote_timer:
        state.schedule(PREVOTE_TIMER)
    return True


def line_36(state: State) -> bool:
    """A polka for a valid value whose proposal is here, for the first time: lock and precommit (lines 36 to 43)."""
    log = state.current
    if log is None or not log.polkas or log.followed or state.step < PREVOTE:
        return False
    rules = state.rules
    for digest in log.polkas:
        message = log.proposals.get(digest)
        if message is None:
            if rules.need_proposal:
                continue
        elif not valid(state, digest, message.proposal, polka=True):
            continue
        log.followed = True
        votes, voters = log.prevotes.votes_for(digest)
        emit = state.emit
        emit(new_polka_followed(log.round, state.height, digest, state.step == PREVOTE, voters))
        if message is not None and rules.keep_valid:
            state.valid, state.valid_round = message.proposal, log.round  # lines 42, 43
            state.persist(("valid",), (state.height, log.round, message.proposal, votes))
        if state.step == PREVOTE:
            if rules.set_lock:
                state.locked, state.locked_round = digest, log.round  # lines 38, 39
                state.persist(("locked",), (state.height, log.round, digest))
            precommit(state, digest)  # lines 40, 41
        return True
    return False


def line_44(state: State) -> bool:
    """A quorum of prevotes for nil: precommit nil (lines 44 to 46)."""
    log = state.current
    if log is None or state.step != PREVOTE or log.prevotes.weights.get(None, 0) < state.polka_quorum:
        return False
    precommit(state, None)
    return True


def line_47(state: State) -> bool:
    """A quorum of precommits for whatever, for the first time: wait a little for a decision (lines 47, 48)."""
    log = state.current
    if log is None or log.precommits.total < state.any_quorum or log.precommit_timer_set:
        return False
    log.precommit_timer_set = True
    if state.rules.arm_precommit_timer:
        state.schedule(PRECOMMIT_TIMER)
    return True


def line_49(state: State) -> bool:
    """A quorum of precommits in any round for a valid value whose proposal is here: decide (lines 49 to 54)."""
    for log in state.rounds.values():
        if not log.decided or (log.round < state.round and not state.rules.decide_past_rounds):
            continue
        for digest in log.decided:
            message = log.proposals.get(digest)
            if message is None:
                continue
            polka = state.config.follow_polka and had_polka(state, digest)
            if valid(state, digest, message.proposal, polka=polka):  # line 50
                votes, voters = log.precommits.votes_for(digest)
                decide(state, new_decision(state.height, log.round, message.proposal, votes), voters)
                return True
    return False


def line_55(state: State) -> bool:
    """More than F of weight is in one higher round: go there (lines 55, 56). Its proposal counts as its sender's."""
    highest, round_ = -1, state.round
    for number, log in state.rounds.items():
        if number > round_ and number > highest and state.system.weight(set(log.senders())) >= state.skip_quorum:
            highest = number
    for number, messages in state.far.items():
        if number > round_ and number > highest and state.system.weight(messages) >= state.skip_quorum:
            highest = number
    if highest < 0:
        return False
    start_round(state, highest, skipped=True)
    return True


def on_timer(state: State, event: TimerFired) -> None:
    """OnTimeoutPropose, OnTimeoutPrevote and OnTimeoutPrecommit (lines 57 to 67)."""
    name = event.name
    due = state.timers.pop(name, None)
    if due != (state.height, state.round) and state.rules.drop_stale_timers:
        return state.drop("stale timer")
    if name == PROPOSE_TIMER and state.step == PROPOSE:
        prevote(state, None)  # lines 58 to 60
    elif name == PREVOTE_TIMER and state.step == PREVOTE:
        precommit(state, None)  # lines 62 to 64
    elif name == PRECOMMIT_TIMER and state.step != WAITING:
        start_round(state, state.round + 1)  # lines 66, 67
    return settle(state)


def valid(state: State, digest: str, value: Proposal, *, polka: bool) -> bool | None:
    """valid(v): whether the own validator accepts a value; None while that is not known.

    It is asked once for each value, whose request must be still to be executed; within a height that does not change.

    Parameters
    ----------
    state : State
        The replica's.
    digest, value : str, Proposal
        The value, and its id.
    polka : bool
        Whether this replica holds a polka for it, which stands for the verdict where `follow_polka` says so.
    """
    if polka and state.config.follow_polka:
        return True
    verdict = state.verdicts.get(digest)
    if verdict is not None:
        return verdict is Verdict.ACCEPT
    assert value.request is not None
    if state.rules.refuse_executed and not fresh(state, value.request):
        return False
    if digest not in state.asked:
        state.asked.add(digest)
        emit = state.emit
        emit(new_verdict_request(max(state.round, 0), state.height, digest, value))
    return None


def had_polka(state: State, digest: str) -> bool:
    """Return whether this replica holds a polka of any round for a value."""
    return any(digest in log.polkas for log in state.rounds.values())


def on_verdict(state: State, event: VerdictReady) -> None:
    """The validator has judged a value: whatever waited for that goes on. A second prevote is never sent."""
    if event.seq != state.height or event.digest not in state.asked or event.digest in state.verdicts:
        return state.drop("stale verdict")
    state.verdicts[event.digest] = event.verdict
    state.persist(("verdicts",), (state.height, tuple(state.verdicts.items())))
    emit = state.emit
    emit(new_judgement(event.view, event.seq, event.verdict))
    if not state.rules.prevote_once and state.step >= PREVOTE and event.verdict is Verdict.ACCEPT:
        prevote(state, event.digest)
    return settle(state)


def prevote(state: State, digest: str | None) -> None:
    """Broadcast a prevote, and step on."""
    state.step = max(state.step, PREVOTE)
    state.cancel(PROPOSE_TIMER)
    say(state, new_prevote(state.height, state.round, digest, state.id))


def precommit(state: State, digest: str | None) -> None:
    """Broadcast a precommit, and step on."""
    state.step = PRECOMMIT
    state.cancel(PREVOTE_TIMER)
    say(state, new_precommit(state.height, state.round, digest, state.id))
