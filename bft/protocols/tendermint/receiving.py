"""What arrives from other replicas: checked once, filed, and then whatever line of Algorithm 1 it makes possible.

A voter's first vote of a round that is on file is filed here in a few operations; everything else takes the long way
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
    if (vote._well_formed or well_formed(vote)) and vote.replica == sender and vote.height == state.height:
        log = state.current
        now = log is not None and vote.round == log.round
        if not now:
            log = state.rounds.get(vote.round)
        if log is not None:  # as nearly always
            tally = log.prevotes
            votes = tally.votes
            if sender not in votes:
                votes[sender] = vote
                weight = state.weights[sender]
                digest, weights = vote.digest, tally.weights
                tally.total = total = tally.total + weight
                if digest in weights:
                    weight += weights[digest]
                weights[digest] = weight
                if weight >= state.polka_quorum and digest is not None and digest not in log.polkas:
                    log.polkas.append(digest)
                    settle(state)
                elif now:
                    if total >= state.polka_quorum and state.step != PRECOMMIT:
                        settle(state)
                    else:
                        return FILED
                elif log.round > state.round:
                    state.ahead = True
                    settle(state)
                else:
                    return FILED
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
            on_vote(state, sender, vote)
            return None
        log = state.current
        now = log is not None and vote.round == log.round
        if not now:
            log = state.rounds.get(vote.round)
        if log is not None:  # as nearly always
            tally = log.precommits
            votes = tally.votes
            if sender not in votes:
                votes[sender] = vote
                weight = state.weights[sender]
                digest, weights = vote.digest, tally.weights
                tally.total = total = tally.total + weight
                if digest in weights:
                    weight += weights[digest]
                weights[digest] = weight
                if weight >= state.decision_quorum and digest is not None and digest not in log.decided:
                    log.decided.append(digest)
                    state.decidable = True
                    settle(state)
                elif now:
                    if total >= state.any_quorum and not log.precommit_timer_set:
                        settle(state)
                    else:
                        return FILED
                elif log.round > state.round:
                    state.ahead = True
                    settle(state)
                else:
                    return FILED
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
