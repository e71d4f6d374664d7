"""What arrives from other replicas: checked once, filed, and then whatever line of Algorithm 1 it makes possible.

A vote whose fields were found good before, of a round that is on file, is filed here in a few operations; everything
else takes the long way through `filing`.
"""

from __future__ import annotations

from bft.protocols.tendermint.filing import PAST_HEIGHT, file_message
from bft.protocols.tendermint.lines import settle
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose, Vote, well_formed
from bft.protocols.tendermint.state import PRECOMMIT, State


def on_prevote(state: State, sender: int, vote: Prevote) -> None:
    """PREVOTE(h, r, id(v) or nil) from its voter."""
    if (vote._well_formed or well_formed(vote)) and vote.replica == sender:
        log = state.rounds.get(vote.round) if vote.height == state.height else None
        if log is not None and state.plain:  # as nearly always
            tally = log.prevotes
            if sender not in tally.votes:
                tally.votes[sender] = vote
                weight = state.weights[sender]
                digest = vote.digest
                tally.total = total = tally.total + weight
                tally.weights[digest] = weight = tally.weights.get(digest, 0) + weight
                if weight >= state.polka_quorum and digest is not None and digest not in log.polkas:
                    log.polkas.append(digest)
                    settle(state)
                elif log is state.current:
                    if total >= state.polka_quorum and state.step != PRECOMMIT:
                        settle(state)
                elif log.round > state.round:
                    state.ahead = True
                    settle(state)
                return None
    return on_vote(state, sender, vote)


def on_precommit(state: State, sender: int, vote: Precommit) -> None:
    """PRECOMMIT(h, r, id(v) or nil) from its voter."""
    if (vote._well_formed or well_formed(vote)) and vote.replica == sender:
        if vote.height < state.height:
            return state.drop(PAST_HEIGHT)
        log = state.rounds.get(vote.round) if vote.height == state.height else None
        if log is not None and state.plain:  # as nearly always
            tally = log.precommits
            if sender not in tally.votes:
                tally.votes[sender] = vote
                weight = state.weights[sender]
                digest = vote.digest
                tally.total = total = tally.total + weight
                tally.weights[digest] = weight = tally.weights.get(digest, 0) + weight
                if weight >= state.decision_quorum and digest is not None and digest not in log.decided:
                    log.decided.append(digest)
                    state.decidable = True
                    settle(state)
                elif log is state.current:
                    if total >= state.any_quorum and not log.precommit_timer_set:
                        settle(state)
                elif log.round > state.round:
                    state.ahead = True
                    settle(state)
                return None
    return on_vote(state, sender, vote)


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
