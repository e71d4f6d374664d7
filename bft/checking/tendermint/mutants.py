"""Seeded bugs of Tendermint: one rule replaced each. One that breaks nothing says why in its `argument`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bft.checking.seeded_bug import HARMLESS, LIVENESS, SAFETY, SeededBug
from bft.checking.tendermint.subject import tendermint
from bft.core.quorum import QuorumSystem
from bft.protocols.tendermint import Rules


def bug(
    name: str,
    *,
    n: int = 4,
    quorum: int | None = None,
    breaks: str = SAFETY,
    argument: str = "",
    **rules: Any,
) -> SeededBug:
    """Return Tendermint with rules replaced, by their names."""
    subject = partial(tendermint, replace(Rules(), **rules))
    return SeededBug(name, subject, n=n, quorum=quorum, breaks=breaks, argument=argument)


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


MUTANTS = (
    bug("prevote ignores the lock", may_prevote=_always),
    bug("a value proposed again is prevoted whatever the lock", may_prevote_again=_always),
    bug("unlocks on any higher round", may_prevote=_always, may_prevote_again=_always),
    bug("a lock of round 0 does not hold", may_prevote=_unlock),
    bug("lockedRound not set", set_lock=False),
    bug("line 28 without the polka of vr", need_polka=False),
    bug("vr of this round or later accepted", earlier=lambda vr, _: vr >= 0),
    bug("precommit without holding the proposal", need_proposal=False),
    bug("polka of f + 1", polka_quorum=_weak),
    bug("polka of q - 1", polka_quorum=_less, n=7),
    bug("decision on f + 1 precommits", decision_quorum=_weak),
    bug("decision on q - 1 precommits", decision_quorum=_less, n=7),
    bug("nil counted for a value", count_nil=True),
    bug("votes of different rounds pooled", pool_rounds=True),
    bug("duplicate voters counted", count_duplicates=True),
    bug("proposal from a non-proposer accepted", only_proposer=False),
    bug("identity in a body not compared with its sender", check_identity=False),
    bug("requests not authenticated", check_requests=False),
    bug("messages passed on need no signature", check_signatures=False),
    bug("certificates not checked", check_certificates=False),
    bug("restart forgets its lock", persist_lock=False),
    bug("restart forgets its votes", persist_votes=False),
    bug(
        "own proposal forgotten at a restart",
        persist_proposal=False,
        breaks=HARMLESS,
        argument="the own prevote is stored in the same write, so the propose step is over at the return; "
        "where nobody has the proposal the round is lost, and no more",
    ),
    bug("own proposal and prevote forgotten at a restart", persist_proposal=False, persist_votes=False),
    bug("late verdict sends a second prevote", prevote_once=False),
    bug("stake ignored", stakes=_unweighted),
    bug(
        "executed requests are valid again",
        refuse_executed=False,
        breaks=HARMLESS,
        argument="a request that is decided twice changes the state once; S4 allows it to be ordered again",
    ),
    bug("a request decided twice changes state twice", refuse_executed=False, execute_once=False),
    bug("q = 2f + 1 for n = 5", n=5, quorum=3),
    bug("q = 2f + 1 for n = 6", n=6, quorum=3),
    bug("q = 2f + 1 for n = 8", n=8, quorum=5),
    bug("stale timer acts", drop_stale_timers=False),
    bug("skip at one vote", skip_quorum=_one),
    bug("timeouts do not grow", timeout_s=lambda initial, *_: initial, breaks=LIVENESS),
    bug("validValue not kept", keep_valid=False, breaks=LIVENESS),
    bug("timer of line 34 not armed", arm_prevote_timer=False, breaks=LIVENESS),
    bug("timer of line 47 not armed", arm_precommit_timer=False, breaks=LIVENESS),
    bug("decision of a past round refused", decide_past_rounds=False, breaks=LIVENESS),
    bug("votes of past rounds dropped", keep_old_rounds=False, breaks=LIVENESS),
    bug("only own messages are sent again", pass_on=False, breaks=LIVENESS),
    bug("polka of all", polka_quorum=_all, breaks=LIVENESS),
    bug("decision by all", decision_quorum=_all, breaks=LIVENESS),
    bug("waits without a bound before asking again", next_wait_s=lambda waited, _: 2 * waited, breaks=LIVENESS),
)
