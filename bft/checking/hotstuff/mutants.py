"""Bugs seeded in HotStuff: one rule replaced each, in the variants where it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bft.checking.hotstuff.subject import VARIANTS, hotstuff
from bft.checking.seeded_bug import HARMLESS, LIVENESS, SAFETY, SeededBug
from bft.core.quorum import QuorumSystem
from bft.protocols.hotstuff.rules import (
    after_any,
    always,
    chain_of,
    never,
    newer_or_as_new,
    of_phase,
    on_its_grandparent,
    on_the_node,
    safe_node,
    the_locked,
)

ALL = tuple(VARIANTS)
PHASED = ("hotstuff", "hotstuff-2")
CHAINED = ("hotstuff-chained", "hotstuff-chained-2")
LOCKING = (*PHASED, "hotstuff-chained")


def one_less(system: QuorumSystem) -> int:
    """Return a quorum that is one vote short."""
    return system.quorum - 1


def one(system: QuorumSystem) -> int:
    """Return a weight that anybody has."""
    return min(system.weights)


def nobody(system: QuorumSystem) -> int:
    """Return a weight that is never reached."""
    return system.total + 1


def constant(timeout_s: float, growth: float, failures: int, cap_s: float) -> float:
    """Return a timeout that does not grow."""
    del growth, failures
    return min(timeout_s, cap_s)


Listed = tuple[str, tuple[str, ...], dict[str, Any], str]

BUGS: tuple[Listed, ...] = (
    ("liveness rule always true", LOCKING, {"safe": safe_node(always)}, SAFETY),
    ("lock never updated", LOCKING, {"locks": never}, SAFETY),
    ("lock one phase late", ("hotstuff",), {"locks": of_phase(2)}, SAFETY),
    ("lock one phase late (two phases)", ("hotstuff-2",), {"locks": of_phase(1)}, SAFETY),
    ("lock on a 3-chain", ("hotstuff-chained",), {"locks": on_its_grandparent}, SAFETY),
    ("commit on a 2-chain without timeout certificates", ("hotstuff-chained",), {"commits": chain_of(2)}, SAFETY),
    ("commit on a 1-chain", CHAINED, {"commits": chain_of(1)}, SAFETY),
    ("commit one phase early", ("hotstuff",), {"commits": lambda tree, qc: _early(tree, qc, 1)}, SAFETY),
    ("commit one phase early (two phases)", ("hotstuff-2",), {"commits": lambda tree, qc: _early(tree, qc, 0)}, SAFETY),
    ("views of a chain not consecutive", ("hotstuff-chained",), {"commits": chain_of(3, consecutive=False)}, SAFETY),
    (
        "views of a chain of 2 not consecutive",
        ("hotstuff-chained-2",),
        {"commits": chain_of(2, consecutive=False)},
        SAFETY,
    ),
    ("certificate of q − 1", ALL, {"certificate_quorum": one_less}, SAFETY),
    ("certificate with duplicate voters", ALL, {"count_duplicates": True}, SAFETY),
    ("certificate of mixed nodes", ALL, {"compare_nodes": False}, SAFETY),
    ("certificate of mixed phases", PHASED, {"compare_phases": False}, SAFETY),
    ("signatures in certificates unchecked", ALL, {"check_signatures": False}, SAFETY),
    ("timeout certificate of q − 1", ("hotstuff-chained-2",), {"timeout_quorum": one_less}, SAFETY),
    ("vote twice in a view", ALL, {"vote_once": False}, SAFETY),
    ("vote after the timeout", ALL, {"silent_after_timeout": False}, SAFETY),
    ("timeout certificate without the highest certificate", ("hotstuff-chained-2",), {"safe": after_any}, SAFETY),
    ("restart forgets the last voted view", ALL, {"keeps_voted": False}, SAFETY),
    ("restart forgets the highest certificate", ("hotstuff-chained-2",), {"keeps_high": False}, SAFETY),
    ("restart forgets the lock", LOCKING, {"keeps_lock": False}, SAFETY),
    ("own proposal forgotten at a restart", ALL, {"keeps_proposal": False}, SAFETY),
    ("proposal from another than the leader", ALL, {"only_leader_proposes": False}, SAFETY),
    ("proposal out of its place", ALL, {"check_place": False}, SAFETY),
    ("request without its client's signature", ALL, {"check_requests": False}, SAFETY),
    ("view entered without proof", ALL, {"check_entry": False}, SAFETY),
    ("votes without the validator's consent", ALL, {"follow_verdict": False}, SAFETY),
    ("a value judged again", ALL, {"judge_again": True}, SAFETY),
    ("request executed twice", ALL, {"execute_once": False, "skip_proposed": False}, SAFETY),
    ("lock on a 1-chain", ("hotstuff-chained",), {"locks": on_the_node}, LIVENESS),
    ("lock on the first phase", ("hotstuff",), {"locks": of_phase(0)}, LIVENESS),
    ("new leader ignores the highest certificate", ("hotstuff-chained",), {"proposes_on": the_locked}, LIVENESS),
    ("f + 1 timeouts not joined", ALL, {"join_quorum": nobody}, LIVENESS),
    ("timer not reset", ALL, {"reset_failures": False}, LIVENESS),
    ("timeouts do not grow", ALL, {"timeout_s": constant}, LIVENESS),
    ("no empty nodes", CHAINED, {"empty_nodes": False}, LIVENESS),
)
"""What is wrong, in which variants, with which rules, and what it breaks."""

OF_STATES: tuple[Listed, ...] = (
    ("restart forgets the saved state", ALL, {"keeps_state": False}, SAFETY),
    ("state taken over from one replica", ALL, {"transfer_quorum": one}, SAFETY),
    ("states not compared", ALL, {"compare_states": False}, SAFETY),
    ("state after a node that is not certified", ALL, {"check_states": False}, SAFETY),
    ("state that is behind taken over", ALL, {"newer_states": False}, SAFETY),
    ("those left behind are sent no state", ALL, {"shares_states": False}, LIVENESS),
)
"""The same about state transfer, among six: one that is left behind leaves leaders enough in a row."""


def _early(tree: Any, qc: Any, phase: int) -> Any:
    """Commit what the certificate of an earlier phase certifies."""
    return tree.nodes[qc.node] if qc.phase >= phase else None


EQUAL_VIEWS = (
    "Two certificates of one view are for one node (H2), so what the rule with ≥ lets pass beside the rule with > "
    "extends the locked node, and passes by the safety rule anyway."
)
"""Why the liveness rule may let views be equal."""


def mutants(name: str) -> Sequence[SeededBug]:
    """Return the bugs that are seeded in a variant."""
    right = VARIANTS[name]

    def bug(what: str, rules: Mapping[str, Any], breaks: str, argument: str = "", n: int = 4) -> SeededBug:
        wrong = replace(right, **rules)
        return SeededBug(what, partial(hotstuff, right, wrong), n=n, breaks=breaks, argument=argument)

    listed = [bug(what, rules, breaks) for what, variants, rules, breaks in BUGS if name in variants]
    listed += [bug(what, rules, breaks, n=6) for what, variants, rules, breaks in OF_STATES if name in variants]
    if name in LOCKING:
        listed.append(bug("liveness rule with ≥", {"safe": safe_node(newer_or_as_new)}, HARMLESS, EQUAL_VIEWS))
    return listed
