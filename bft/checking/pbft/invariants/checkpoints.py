"""K1 to K4: checkpoints and watermarks (§4.3), and what may be believed of a state that others send."""

# ruff: noqa: ARG001 -- every check has the one signature of its table

from __future__ import annotations

from bft.checking.invariants.facts import Facts, Invariant
from bft.checking.pbft.invariants.proofs import decision_fault
from bft.core.effects import Execute, Forget, Persist
from bft.protocols.pbft.events import CheckpointStable
from bft.protocols.pbft.messages import Checkpoint, Decision


def stable_is_proved(facts: Facts, node: int, event: CheckpointStable) -> str | None:
    """K1: a stable checkpoint needs a quorum of equal votes, q − f of them honest and really cast."""
    if facts.weigh(event.voters) < facts.quorum:
        return f"checkpoint {event.seq} stable by nodes {event.voters} alone"
    honest = facts.honest.intersection(event.voters)
    if facts.weigh(honest) < facts.honest_quorum:
        return f"checkpoint {event.seq} stable by honest nodes {sorted(honest)} alone"
    votes = facts.votes.get((Checkpoint, 0, event.seq), {})
    for voter in honest:
        if votes.get(voter) != event.digest:
            return f"checkpoint {event.seq}: node {voter} never voted for this state"
    return None


def low_grows(facts: Facts, node: int, event: CheckpointStable) -> str | None:
    """K2: the low watermark only grows, from checkpoint to checkpoint."""
    low = facts.nodes[node].low
    if event.seq <= low or event.seq % facts.interval:
        return f"low watermark moved from {low} to {event.seq}"
    return None


def keeps_the_window(facts: Facts, node: int, event: Forget) -> str | None:
    """K2: nothing above the low watermark is discarded."""
    low = facts.nodes[node].low
    return None if event.through <= low else f"discarded through {event.through} with the low watermark at {low}"


def interval_fits(facts: Facts, node: int, event: CheckpointStable) -> str | None:
    """K3: the window is larger than the checkpoint interval."""
    return None if facts.window > facts.interval else f"L = {facts.window} and K = {facts.interval}"


def decision_is_proved(facts: Facts, node: int, event: Persist) -> str | None:
    """C5: what a node takes as decided, from whomever, a quorum of signed commits stands behind."""
    for _, value in event.entries:
        if isinstance(value, Decision):
            fault = facts.fault_of(value, decision_fault)
            if fault is not None:
                return f"decision at seq {value.seq}: {fault}"
    return None


def learn_stable(facts: Facts, node: int, event: CheckpointStable) -> None:
    """The window has moved."""
    own = facts.nodes[node]
    own.low = max(own.low, event.seq)
    own.prepared = {seq: held for seq, held in own.prepared.items() if seq > event.seq}
    own.owed = {place for place in own.owed if place[1] > event.seq}
    facts.reached.add("stable checkpoint")
    if not own.active:
        facts.reached.add("stable checkpoint during a view change")


def none_was_left_out(facts: Facts, node: int, event: Execute) -> str | None:
    """K4: every number that is a multiple of K is followed by a checkpoint, whatever was executed there."""
    due = facts.nodes[node].due_checkpoint
    return missing_checkpoint(due) if due and event.seq > due else None


def missing_checkpoint(seq: int) -> str:
    """Return what to say of a checkpoint that was not taken; a monitor also asks before each input."""
    return f"no checkpoint after seq {seq}"


def learn_execution(facts: Facts, node: int, event: Execute) -> None:
    """A checkpoint is due after each multiple of K (§4.3)."""
    if event.seq % facts.interval == 0:
        facts.nodes[node].due_checkpoint = event.seq
        if event.proposal.request is None:
            facts.reached.add("null at a checkpoint")


def learn_checkpoint(facts: Facts, node: int, event: Checkpoint) -> None:
    """A checkpoint was taken."""
    own = facts.nodes[node]
    if own.due_checkpoint == event.seq:
        own.due_checkpoint = 0


INVARIANTS = (
    Invariant("K1", CheckpointStable, stable_is_proved, "stable checkpoints have a quorum behind them"),
    Invariant("K2", CheckpointStable, low_grows, "the low watermark grows"),
    Invariant("K3", CheckpointStable, interval_fits, "the window is larger than the interval"),
    Invariant("K2", Forget, keeps_the_window, "nothing in the window is discarded"),
    Invariant("K4", Execute, none_was_left_out, "checkpoints are taken when they are due"),
    Invariant("C5", Persist, decision_is_proved, "decisions have a quorum behind them"),
)
LESSONS = {CheckpointStable: learn_stable, Execute: learn_execution, Checkpoint: learn_checkpoint}
