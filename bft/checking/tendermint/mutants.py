"""Seeded bugs of Tendermint: one rule replaced each. One that breaks nothing says why in its `argument`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bft.checking.seeded_bug import HARMLESS, LIVENESS, SAFETY
from bft.checking.subject import Subject
from bft.checking.tendermint.subject import tendermint
from bft.core.quorum import QuorumSystem
from bft.protocols.tendermint import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class TendermintMutant:
    """One seeded bug.

    Attributes
    ----------
    name : str
        Says what is wrong.
    rules : mapping
        Rules replaced, by name.
    n : int
        Number of nodes at which it can bite.
    quorum : int or None
        Quorum that the replicas are told.
    follow_polka : bool
        Whether a polka stands for the verdict.
    breaks : str
        "safety", "liveness", or "harmless".
    argument : str
        Why a harmless one is harmless.
    """

    name: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    n: int = 4
    quorum: int | None = None
    follow_polka: bool = False
    breaks: str = SAFETY
    argument: str = ""

    def subject(self) -> Subject:
        """Return Tendermint with this bug."""
        return tendermint(replace(Rules(), **self.rules), follow_polka=self.follow_polka)


def _weak(system: QuorumSystem) -> int:
    return system.weak


def _less(system: QuorumSystem) -> int:
    return system.quorum - 1


def _one(system: QuorumSystem) -> int:
    return min(system.weights)


def _all(system: QuorumSystem) -> int:
    return system.total


def _unweighted(system: QuorumSystem) -> QuorumSystem:
    return QuorumSystem.of(system.n)


def _always(*_: object) -> bool:
    return True


def _unlock(locked_round: int, locked: str | None, digest: str) -> bool:
    return locked_round <= 0 or locked == digest


MUTANTS: tuple[TendermintMutant, ...] = (
    TendermintMutant(name="prevote ignores the lock", rules={"may_prevote": _always}),
    TendermintMutant(name="a value proposed again is prevoted whatever the lock", rules={"may_prevote_again": _always}),
    TendermintMutant(
        name="unlocks on any higher round", rules={"may_prevote": _always, "may_prevote_again": _always}
    ),
    TendermintMutant(name="a lock of round 0 does not hold", rules={"may_prevote": _unlock}),
    TendermintMutant(name="lockedRound not set", rules={"set_lock": False}),
    TendermintMutant(name="line 28 without the polka of vr", rules={"need_polka": False}),
    TendermintMutant(name="vr of this round or later accepted", rules={"earlier": lambda vr, _: vr >= 0}),
    TendermintMutant(name="precommit without holding the proposal", rules={"need_proposal": False}),
    TendermintMutant(name="polka of f + 1", rules={"polka_quorum": _weak}),
    TendermintMutant(name="polka of q - 1", rules={"polka_quorum": _less}, n=7),
    TendermintMutant(name="decision on f + 1 precommits", rules={"decision_quorum": _weak}),
    TendermintMutant(name="decision on q - 1 precommits", rules={"decision_quorum": _less}, n=7),
    TendermintMutant(name="nil counted for a value", rules={"count_nil": True}),
    TendermintMutant(name="votes of different rounds pooled", rules={"pool_rounds": True}),
    TendermintMutant(name="duplicate voters counted", rules={"count_duplicates": True}),
    TendermintMutant(name="proposal from a non-proposer accepted", rules={"only_proposer": False}),
    TendermintMutant(name="identity in a body not compared with its sender", rules={"check_identity": False}),
    TendermintMutant(name="requests not authenticated", rules={"check_requests": False}),
    TendermintMutant(name="messages passed on need no signature", rules={"check_signatures": False}),
    TendermintMutant(name="certificates not checked", rules={"check_certificates": False}),
    TendermintMutant(name="restart forgets its lock", rules={"persist_lock": False}),
    TendermintMutant(name="restart forgets its votes", rules={"persist_votes": False}),
    TendermintMutant(name="own proposal forgotten at a restart", rules={"persist_proposal": False}, breaks=HARMLESS,
        argument="the own prevote is stored in the same write, so the propose step is over at the return; "
        "where nobody has the proposal the round is lost, and no more"),
    TendermintMutant(name="own proposal and prevote forgotten at a restart",
        rules={"persist_proposal": False, "persist_votes": False}),
    TendermintMutant(name="late verdict sends a second prevote", rules={"prevote_once": False}),
    TendermintMutant(name="stake ignored", rules={"stakes": _unweighted}),
    TendermintMutant(name="executed requests are valid again", rules={"refuse_executed": False}, breaks=HARMLESS,
        argument="a request that is decided twice changes the state once; S4 allows it to be ordered again"),
    TendermintMutant(name="a request decided twice changes state twice",
        rules={"refuse_executed": False, "execute_once": False}),
    TendermintMutant(name="q = 2f + 1 for n = 5", n=5, quorum=3),
    TendermintMutant(name="q = 2f + 1 for n = 6", n=6, quorum=3),
    TendermintMutant(name="q = 2f + 1 for n = 8", n=8, quorum=5),
    TendermintMutant(name="stale timer acts", rules={"drop_stale_timers": False}),
    TendermintMutant(name="skip at one vote", rules={"skip_quorum": _one}),
    TendermintMutant(name="timeouts do not grow", rules={"timeout_s": lambda initial, *_: initial}, breaks=LIVENESS),
    TendermintMutant(name="validValue not kept", rules={"keep_valid": False}, breaks=LIVENESS),
    TendermintMutant(name="timer of line 34 not armed", rules={"arm_prevote_timer": False}, breaks=LIVENESS),
    TendermintMutant(name="timer of line 47 not armed", rules={"arm_precommit_timer": False}, breaks=LIVENESS),
    TendermintMutant(name="decision of a past round refused", rules={"decide_past_rounds": False}, breaks=LIVENESS),
    TendermintMutant(name="votes of past rounds dropped", rules={"keep_old_rounds": False}, breaks=LIVENESS),
    TendermintMutant(name="only own messages are sent again", rules={"pass_on": False}, breaks=LIVENESS),
    TendermintMutant(name="polka of all", rules={"polka_quorum": _all}, breaks=LIVENESS),
    TendermintMutant(name="decision by all", rules={"decision_quorum": _all}, breaks=LIVENESS),
    TendermintMutant(name="waits without a bound before asking again",
        rules={"next_wait_s": lambda waited, _: 2 * waited}, breaks=LIVENESS),
)  # fmt: skip
