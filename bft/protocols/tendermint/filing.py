"""Where messages go: filed by height and round, the first of each voter; what does not count is dropped and counted.

Of the own height all rounds are kept, up to `ROUNDS_AHEAD` ahead, for lines 28 and 49 look back. Messages of the next
height are filed until it begins. What is further away is dropped: whoever is that far behind catches up by asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bft.core.events import Equivocation
from bft.protocols.tendermint import requests
from bft.protocols.tendermint.events import ProposalHeard
from bft.protocols.tendermint.messages import Prevote, Propose, Vote
from bft.protocols.tendermint.round_log import PROPOSALS, RoundLog, Tally
from bft.protocols.tendermint.state import ROUNDS_AHEAD, Own, State

PAST_HEIGHT = "message of a past height"


def file_message(state: State, message: Own) -> bool:
    """File a proposal or a vote whose signer is known; return whether it may make something possible now."""
    ahead = message.height - state.height
    if ahead not in (0, 1):
        if ahead > 1:
            state.start_status_timer()
        state.drop(PAST_HEIGHT if ahead < 0 else "message of a far height")
        return False
    if not 0 <= message.replica < len(state.weights):
        state.drop("unknown sender")
        return False
    round_ = message.round
    if state.config.views is not None and round_ >= state.config.views:
        state.drop("message of a far round")
        return False
    if ahead:
        state.start_status_timer()
        if round_ > ROUNDS_AHEAD:
            state.drop("message of a far round")
            return False
        log = state.next_rounds.get(round_)
        if log is None:
            log = state.next_rounds[round_] = RoundLog(round_)
        file_in(state, log, message)
        return False
    if round_ > max(state.round, 0) + ROUNDS_AHEAD:
        if not state.far.add(round_, message.replica, message):
            state.drop("second message of a far round")
            return False
        state.ahead = True
        return True
    if round_ < state.round and not state.rules.keep_old_rounds:
        state.drop("message of a past round")
        return False
    if round_ > state.round:
        state.ahead = True
    return file_in(state, state.log(max(state.round, 0) if state.rules.pool_rounds else round_), message)


def file_in(state: State, log: RoundLog, message: Own) -> bool:
    """File a message in the log of its round; return whether it counts."""
    if isinstance(message, Propose):
        return file_proposal(state, log, message)
    return file_vote(state, log, message)


def file_proposal(state: State, log: RoundLog, message: Propose) -> bool:
    """File a proposal of its round's proposer; return whether it is new."""
    if state.rules.only_proposer and message.replica != state.rotation.proposer(message.height, message.round):
        state.drop("proposal not from the proposer")
        return False
    digest = message.proposal.digest
    held = log.proposals.get(digest)
    if held is not None:
        state.drop("second proposal")
        return False
    if message.valid_round < -1:
        state.drop("malformed message")
        return False
    if not state.verifier.request_authentic(message.proposal):
        state.drop("request not signed by its client")
        return False
    if log.proposals:
        first = next(iter(log.proposals.values()))
        if first.replica == message.replica:
            state.emit(Equivocation(message.replica, first, message))
        backed = max(log.prevotes.weights.get(digest, 0), log.precommits.weights.get(digest, 0))
        proved = digest in log.polkas or digest in log.decided
        if len(log.proposals) >= PROPOSALS and backed < state.system.weak and not proved:
            state.drop("second proposal")
            return False
    log.proposals[digest] = message
    if message.height == state.height:
        state.emit(ProposalHeard(message.round, message.height, digest, message.valid_round))
    assert message.proposal.request is not None
    requests.learn(state, message.proposal.request)
    return True


def file_vote(state: State, log: RoundLog, vote: Vote) -> bool:
    """File a voter's first vote of its kind; return whether it counts."""
    is_prevote = vote.__class__ is Prevote
    tally: Tally[Any] = log.prevotes if is_prevote else log.precommits
    held = tally.votes.get(vote.replica)
    if held is not None and (held.round == vote.round or not state.rules.pool_rounds):
        if held.digest != vote.digest:
            state.emit(Equivocation(vote.replica, held, vote))
        if not state.rules.count_duplicates:
            state.drop("second vote")
            return False
    tally.votes[vote.replica] = vote
    tally.add(vote.digest, state.weights[vote.replica])
    needed = state.polka_quorum if is_prevote else state.decision_quorum
    if tally.total < needed:
        return True
    reached = log.polkas if is_prevote else log.decided
    weights = tally.weights
    nil = weights.get(None, 0) if state.rules.count_nil else 0
    for digest, backing in weights.items():
        if digest is not None and digest not in reached and backing + nil >= needed:
            reached.append(digest)
            state.decidable = state.decidable or not is_prevote
    return True


def file_quorum(state: State, log: RoundLog, votes: Sequence[Vote], digest: str) -> None:
    """File a proved quorum for a value: it counts whatever its voters told this replica before."""
    is_prevote = votes[0].__class__ is Prevote
    tally: Tally[Any] = log.prevotes if is_prevote else log.precommits
    reached = log.polkas if is_prevote else log.decided
    for vote in votes:
        held = tally.votes.get(vote.replica)
        if held is None:
            file_vote(state, log, vote)
        elif held.digest != digest:
            state.emit(Equivocation(vote.replica, held, vote))
    if digest not in reached:
        tally.proofs[digest] = tuple(votes)
        reached.append(digest)
        state.decidable = state.decidable or not is_prevote


def take_far(state: State, round_: int) -> None:
    """The replica went on to a round: file what was kept of those that are far ahead no more."""
    near = round_ + ROUNDS_AHEAD
    kept = [(number, messages) for number, messages in state.far.items() if number <= near]
    state.far.forget_through(near)
    for number, messages in kept:
        for _, message in sorted(messages.items()):
            file_in(state, state.log(number), message)
