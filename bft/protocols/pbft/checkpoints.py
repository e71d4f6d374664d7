"""Checkpoints, watermarks and garbage collection (§4.3)."""

from __future__ import annotations

from typing import Any

from bft.core.effects import Forget
from bft.protocols.pbft.events import CheckpointStable
from bft.protocols.pbft.messages import Checkpoint, well_formed
from bft.protocols.pbft.state import State

VOTES_BY_SEQ = ("pre-prepare", "prepare", "prepared", "commit", "checkpoint")


def on_checkpoint(state: State, sender: int, message: Checkpoint) -> None:
    """Count a checkpoint; a quorum of equal ones makes it stable."""
    if not well_formed(message):
        return state.drop("malformed message")
    if state.rules.check_identity and message.replica != sender:
        return state.drop("identity differs from sender")
    if message.seq <= state.low or message.seq % state.config.checkpoint_interval:
        return state.drop("old checkpoint")
    if not state.checkpoints.add(message.seq, message.replica, message):
        return state.drop("second checkpoint")
    votes, digest = state.checkpoints.at(message.seq), message.state_digest
    equal = [voter for voter, vote in votes.items() if vote.state_digest == digest]
    if state.system.weight(equal) >= state.checkpoint_quorum:
        make_stable(state, message.seq, tuple([votes[voter] for voter in sorted(equal)]))
    return None


def make_stable(state: State, seq: int, proof: tuple[Checkpoint, ...]) -> None:
    """Move the low watermark to a proved checkpoint and forget what lies at or below it.

    The caller's step goes on with what the new window admits (`moved`). A replica that has not executed that far moves
    its window too, and asks for the state: the quorum has discarded the messages that it lacks.
    """
    if seq <= state.low:
        return
    state.low = seq
    state.high = state.rules.high_watermark(seq, state.config.window)
    state.stable_proof = proof
    state.persist(("stable",), proof)
    state.emit(CheckpointStable(seq, proof[0].state_digest, tuple([vote.replica for vote in proof])))
    forget_through(state, seq)
    state.moved = True
    state.next_seq = max(state.next_seq, seq + 1)
    if state.last_executed < seq:
        state.start_status_timer()


def forget_through(state: State, seq: int) -> None:
    """Discard the log at or below `seq` (§4.3); the snapshot at `seq` stays for those left behind.

    A replica that has not executed that far keeps its last snapshot and the decisions since, lest a crash set it back.
    """
    base = seq if state.last_executed >= seq else last_snapshot(state)
    logs: list[dict[int, Any]] = [state.slots, state.certificates, state.decisions, state.unexecuted]
    for log in [*logs, *state.future.values()]:
        if log:
            for number in [number for number in log if number <= seq]:
                del log[number]
    for number in [number for number in state.snapshots if number < base]:
        del state.snapshots[number]
    if state.early:
        state.early = {place: kept for place, kept in state.early.items() if place[1] > seq}
    state.checkpoints.forget_through(seq)
    state.emit(Forget(VOTES_BY_SEQ, seq))
    state.emit(Forget(("decision",), base))
    state.emit(Forget(("snapshot",), base - 1))


def last_snapshot(state: State) -> int:
    """Return the number of the latest snapshot at or below what this replica has executed; 0 for the genesis state."""
    return max((seq for seq in state.snapshots if seq <= state.last_executed), default=0)
