"""The rules of Tendermint as data: thresholds, predicates and choices, each with the line that demands it.

A seeded bug is one field replaced: `dataclasses.replace(Rules(), decision_quorum=lambda system: system.weak)`. Protocol
code asks here and nowhere else, so what a rule says is what every replica does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bft.core.quorum import QuorumSystem

Threshold = Callable[[QuorumSystem], int]


def _quorum(system: QuorumSystem) -> int:
    return system.quorum


def _weak(system: QuorumSystem) -> int:
    return system.weak


def _as_it_is(system: QuorumSystem) -> QuorumSystem:
    return system


def _unlocked_or_same(locked_round: int, locked: str | None, digest: str) -> bool:
    """Line 23: lockedRound = -1, or lockedValue = v."""
    return locked_round == -1 or locked == digest


def _earlier_or_same(locked_round: int, locked: str | None, valid_round: int, digest: str) -> bool:
    """Line 29: lockedRound ≤ vr, or lockedValue = v."""
    return locked_round <= valid_round or locked == digest


def _before(valid_round: int, round_: int) -> bool:
    """Line 28: vr ≥ 0 and vr < round."""
    return 0 <= valid_round < round_


def _linear(initial_s: float, delta_s: float, round_: int) -> float:
    """Each timeout grows by the same amount with every round."""
    return initial_s + round_ * delta_s


ASKS_AT_LEAST_EVERY = 8
"""Times the first wait: how long a replica that lacks something waits at most until it asks again."""


def _doubled_wait(waited_s: float, first_s: float) -> float:
    """The wait until a replica asks again: doubles up to a cap, lest it outlast the partition that made it long."""
    return min(2.0 * waited_s, ASKS_AT_LEAST_EVERY * first_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Tendermint's thresholds (weights that must be reached), predicates and choices.

    Attributes
    ----------
    polka_quorum : callable
        Weight of the prevotes for one value, or for nil, that count as a polka (lines 28, 36, 44: 2f + 1).
    decision_quorum : callable
        Weight of the precommits for one value that decide it (line 49: 2f + 1).
    any_quorum : callable
        Weight of prevotes, or of precommits, for whatever, that starts a timer (lines 34, 47: 2f + 1).
    skip_quorum : callable
        Weight of distinct senders of exactly one higher round that make a replica go there (line 55: f + 1).
    stakes : callable
        The quorum system by which votes are weighed.
    may_prevote, may_prevote_again, earlier : callable
        The guards of lines 23, 29 and 28.
    need_polka : bool
        A value that is proposed again needs the polka of its valid round (line 28).
    need_proposal : bool
        Nothing is precommitted or decided without its proposal (lines 36, 49).
    count_nil, count_duplicates, pool_rounds : bool
        Whether prevotes for nil count for a value, a voter's second vote counts, votes of other rounds count.
    only_proposer, check_identity, check_requests, check_signatures, check_certificates : bool
        What is demanded of messages, and of certificates that others pass on.
    set_lock : bool
        A precommit locks (lines 38, 39).
    keep_valid : bool
        A polka makes its value the valid value (lines 42, 43), which is proposed again (lines 15, 16).
    prevote_once : bool
        A verdict that comes after the prevote sends no second one.
    arm_prevote_timer, arm_precommit_timer : bool
        Lines 34 and 47.
    drop_stale_timers : bool
        A timer of another round does nothing (lines 57, 61, 65).
    decide_past_rounds : bool
        A decision of any round of the height counts (line 49).
    keep_old_rounds : bool
        Votes and proposals of rounds that were left count (lines 28, 49).
    persist_lock, persist_proposal, persist_votes : bool
        What a restart finds again: the lock, the own proposal, the own votes.
    refuse_executed : bool
        A value whose request has been executed is not valid.
    execute_once : bool
        A request that is decided twice changes state once.
    pass_on : bool
        Who waits is sent the messages of others, too (the gossip that the paper assumes).
    timeout_s, next_wait_s : callable
        How timeouts grow; how long to wait until asking again.
    """

    polka_quorum: Threshold = _quorum
    decision_quorum: Threshold = _quorum
    any_quorum: Threshold = _quorum
    skip_quorum: Threshold = _weak
    stakes: Callable[[QuorumSystem], QuorumSystem] = _as_it_is
    may_prevote: Callable[[int, str | None, str], bool] = _unlocked_or_same
    may_prevote_again: Callable[[int, str | None, int, str], bool] = _earlier_or_same
    earlier: Callable[[int, int], bool] = _before
    need_polka: bool = True
    need_proposal: bool = True
    count_nil: bool = False
    count_duplicates: bool = False
    pool_rounds: bool = False
    only_proposer: bool = True
    check_identity: bool = True
    check_requests: bool = True
    check_signatures: bool = True
    check_certificates: bool = True
    set_lock: bool = True
    keep_valid: bool = True
    prevote_once: bool = True
    arm_prevote_timer: bool = True
    arm_precommit_timer: bool = True
    drop_stale_timers: bool = True
    decide_past_rounds: bool = True
    keep_old_rounds: bool = True
    persist_lock: bool = True
    persist_proposal: bool = True
    persist_votes: bool = True
    refuse_executed: bool = True
    execute_once: bool = True
    pass_on: bool = True
    timeout_s: Callable[[float, float, int], float] = _linear
    next_wait_s: Callable[[float, float], float] = _doubled_wait
