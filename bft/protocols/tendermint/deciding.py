"""Lines 50 to 54: a decision takes effect, exactly once and in the order of heights, and the next height begins."""

from __future__ import annotations

from bft.core.ballot import BallotBox
from bft.core.effects import Execute, Forget, Reply
from bft.core.lean import maker
from bft.core.state_machine import Snapshot
from bft.protocols.tendermint.events import Decided, ProposalHeard
from bft.protocols.tendermint.messages import NO_ROUND, Decision
from bft.protocols.tendermint.requests import fresh, settle_requests
from bft.protocols.tendermint.state import WAITING, State

new_decided, new_execute, new_reply = maker(Decided), maker(Execute), maker(Reply)


def decide(state: State, decision: Decision, voters: tuple[int, ...]) -> None:
    """Let a decided value take effect, and wait for what is to be decided next (lines 51 to 54)."""
    proposal, height = decision.proposal, decision.height
    emit = state.emit
    emit(new_decided(decision.round, height, proposal.digest, voters))
    state.decisions[height] = decision
    state.persist(("decision", height), decision)
    repeated = apply(state, decision)
    emit(new_execute(decision.round, height, proposal.digest, proposal, repeated, state.machine.digest()))
    request = proposal.request
    assert request is not None
    timestamp, result = state.clients[request.client]
    if timestamp == request.timestamp:
        emit(new_reply(request.client, timestamp, result))
    settle_requests(state, request.client)
    if height % state.config.checkpoint_interval == 0:
        save(state, height)
    next_height(state)


def apply(state: State, decision: Decision) -> bool:
    """Change the state machine and the reply cache; return True if the request had been executed before."""
    request = decision.proposal.request
    assert request is not None
    if state.rules.execute_once and not fresh(state, request):
        return True
    state.clients[request.client] = (request.timestamp, state.machine.apply(decision.proposal))
    return False


def save(state: State, height: int) -> None:
    """Write the state to disk, and forget decisions that neither a restart nor any other replica needs."""
    for number in range(state.snapshots + 1, height + 1):
        for vote in state.decisions[number].precommits:
            state.heights[vote.replica] = number
    state.snapshots = height
    state.persist(("saved state",), (height, snapshot(state)))
    lowest = min(state.heights)
    for number in [number for number in state.decisions if number < lowest]:
        del state.decisions[number]
    if state.config.durable:
        state.emit(Forget(("decision",), min(lowest - 1, height)))


def snapshot(state: State) -> Snapshot:
    """Return the replicated state: the machine's, and the last reply to each client."""
    replies = tuple([(client, *last) for client, last in sorted(state.clients.items())])
    return (state.machine.snapshot(), replies)


def restore(state: State, saved: Snapshot) -> None:
    """Go on from a snapshot."""
    assert isinstance(saved, tuple)
    machine_snapshot, replies = saved
    state.machine.restore(machine_snapshot)
    state.clients = {client: (timestamp, result) for client, timestamp, result in replies}


def next_height(state: State) -> None:
    """Lines 52 and 53: forget the height that is over; what came early for the next one counts now."""
    state.cancel_all()
    state.height += 1
    state.round, state.step, state.current = NO_ROUND, WAITING, None
    state.locked_round = state.valid_round = NO_ROUND
    state.locked = state.valid = None
    state.rounds, state.next_rounds = state.next_rounds, {}
    if state.far:
        state.far = BallotBox()
    state.ahead = bool(state.rounds)
    state.decidable = state.ahead and any(log.decided for log in state.rounds.values())
    if state.asked or state.verdicts:
        state.verdicts.clear()
        state.asked.clear()
    state.proposing = None
    for log in state.rounds.values():
        for message in log.proposals.values():
            state.emit(ProposalHeard(log.round, state.height, message.digest, message.valid_round))
    if state.pending:
        state.start_status_timer()
