"""What arrives from other replicas: checked once, filed, and then whatever line of Algorithm 1 it makes possible.

A voter's first vote of the present round is filed here in a few operations; everything else takes the long way
through `filing`, and so does every vote where a seeded bug counts votes otherwise (`TendermintConfig.plain`).
"""

from __future__ import annotations

from bft.protocols.tendermint.filing import PAST_HEIGHT, file_message
from bft.protocols.tendermint.lines import settle
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose, Vote, well_formed
from bft.protocols.tendermint.state import PRECOMMIT, State

FILED = object()
"""What a vote's handler returns where the vote was filed, or counted as late, and nothing followed from it."""


def on_prevote(state: State, sender: int, vote: Prevote) -> object:
    """PREVOTE(h, r, id(v) or nil) from its voter."""
    if (vote._well_formed or well_formed(vote)) and vote.replica == sender:
        if vote.height != state.height:
            if vote.height < state.height:
                state.drop(PAST_HEIGHT)
                return FILED
        elif (log := state.current) is not None and vote.round == log.round:
            tally = log.prevotes
            if sender not in tally.votes:  # as nearly always
                tally.votes[sender] = vote
                if vote.digest == tally.value:
                    tally.weight = weight = tally.weight + state.weights[sender]
                else:
                    weight = tally.add(vote.digest, state.weights[sender])
                if weight < state.polka_quorum:
                    if not tally.others or state.step == PRECOMMIT or tally.total < state.polka_quorum:
                        return FILED
                elif vote.digest in log.polkas:
                    if state.step == PRECOMMIT:
                        return FILED
                elif vote.digest is not None:
                    log.polkas.append(vote.digest)
                settle(state)
                return None
    on_vote(state, sender, vote)
    return None


def on_precommit(state: State, sender: int, vote: Precommit) -> object:
    """PRECOMMIT(h, r, id(v) or nil) from its voter."""
    if (vote._well_formed or well_formed(vote)) and vote.replica == sender:
        if vote.height != state.height:
            if vote.height < state.height:  # the height was decided without it
                drops = state.drops
                drops[PAST_HEIGHT] = drops.get(PAST_HEIGHT, 0) + 1
                return FILED
        elif (log := state.current) is not None and vote.round == log.round:
            tally = log.precommits
            if sender not in tally.votes:  # as nearly always
                tally.votes[sender] = vote
                if vote.digest == tally.value:
                    tally.weight = weight = tally.weight + state.weights[sender]
                else:
                    weight = tally.add(vote.digest, state.weights[sender])
                if weight < state.decision_quorum or vote.digest is None or vote.digest in log.decided:
                    if log.precommit_timer_set or (tally.total if tally.others else weight) < state.any_quorum:
                        return FILED
                else:
                    log.decided.append(vote.digest)
                    state.decidable = True
                settle(state)
                return None
    on_vote(state, sender, vote)
    return None


def on_vote(state: State, sender: int, vote: Vote) -> None:
    """Any vote: checked in full."""
    if not well_formed(vote):
        return state.drop("malformed message")
    if state.rules.check_identity and vote.replica != sender:
        return state.drop("identity differs from sender")
    if file_message(state, vote):
        settle(state)
    return None


def on_proposal(state: State, sender: int, message: Propose) -> None:
    """PROPOSAL(h, r, v, vr) from the proposer of (h, r)."""
    if not well_formed(message):
        return state.drop("malformed message")
    if state.rules.check_identity and message.replica != sender:
        return state.drop("identity differs from sender")
    if file_message(state, message):
        settle(state)
    return None
