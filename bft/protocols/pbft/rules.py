"""The rules of PBFT as data: thresholds, predicates and choices, each with the section that demands it.

A seeded bug is one field replaced: `dataclasses.replace(Rules(), commit_quorum=lambda system: system.weak)`. Protocol
code asks here and nowhere else, so what a rule says is what every replica does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.protocols.pbft.messages import PreparedCertificate, ViewChange
from bft.protocols.pbft.new_view import Carried, carry_over

Threshold = Callable[[QuorumSystem], int]


def _quorum(system: QuorumSystem) -> int:
    return system.quorum


def _weak(system: QuorumSystem) -> int:
    return system.weak


def _all_prepared(
    certificates: Mapping[int, PreparedCertificate], last_executed: int
) -> tuple[PreparedCertificate, ...]:
    """Every certificate above the stable checkpoint, executed or not (V2)."""
    del last_executed
    return tuple(certificates[seq] for seq in sorted(certificates))


def _later_view(kept: PreparedCertificate, new: PreparedCertificate) -> PreparedCertificate:
    """The certificate of the highest view is the one that counts (V2)."""
    return new if new.preprepare.view > kept.preprepare.view else kept


def _low_plus_window(low: int, window: int) -> int:
    return low + window


def _doubled(timeout_s: float, growth: float, failures: int, cap_s: float) -> float:
    """The timeout after a number of failed views: doubles on each, up to the cap (§4.5.2).

    The exponent is bounded so that many failures cannot overflow a float; the cap is reached long before.
    """
    if failures == 0:
        return float(min(cap_s, timeout_s))
    return float(min(cap_s, timeout_s * growth ** min(failures, 500)))


ASKS_AT_LEAST_EVERY = 8
"""Times the first wait: how long a replica that lacks something waits at most until it asks again."""


def _doubled_wait(waited_s: float, first_s: float) -> float:
    """The wait until a replica asks again: doubles up to a cap, lest it outlast the partition that made it long."""
    return min(2.0 * waited_s, ASKS_AT_LEAST_EVERY * first_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """PBFT's thresholds (weights that must be reached), predicates and choices.

    Attributes
    ----------
    prepare_quorum : callable
        Weight of the primary and the backups that prepared, together (§4.2: pre-prepare and 2f prepares).
    commit_quorum : callable
        Weight of the commits that make a decision (§4.2: 2f + 1).
    certificate_quorum : callable
        Weight of a prepared certificate inside a view-change, the primary included (§4.4).
    checkpoint_quorum : callable
        Weight of equal checkpoints that make one stable (§4.3: 2f + 1).
    view_change_quorum : callable
        Weight of view-changes that a new-view needs (§4.4: 2f + 1).
    join_quorum : callable
        Weight of view-changes for later views at which a replica joins (§4.5.2: f + 1).
    count_primary_prepare, count_duplicates, compare_digests : bool
        Which prepares and commits count.
    keep_first_preprepare, only_primary_proposes, check_requests, check_digest : bool
        What a backup demands of a pre-prepare (§4.2).
    refuse_old_views, pause_in_view_change : bool
        Votes of another view never count, and none does during a view change (§4.4).
    check_identity : bool
        The replica named in a body is its authenticated sender.
    check_view_changes, check_certificates, check_signatures, check_carried : bool
        What is verified of view-changes, of the certificates in them, and of a new-view's O (§4.4).
    judge_carried : bool
        Whether what a new view carries over is judged by the validator again. It must not be: it may be committed.
    execute_in_order, execute_once : bool
        Execution leaves no gaps, and a request ordered twice changes state once (§4.1, §4.2).
    keep_early : bool
        Pre-prepares above the window or of a later view are kept until they fit.
    resend_view_changes : bool
        A view-change is resent to those who lack it.
    time_one_request : bool
        The view timer runs on for the request that it was started for, whatever else executes (§4.4).
    next_wait_s : callable
        How long to wait until asking again, from the last wait and the first one (TOCS 2002, §5.2).
    high_watermark, timeout_s, keep_certificate, prepared_entries, carry_over : callable
        The choices of §4.3 (window), §4.5.2 (timer), §4.4 (which certificates are kept, which are sent, and what
        follows from them).
    """

    prepare_quorum: Threshold = _quorum
    commit_quorum: Threshold = _quorum
    certificate_quorum: Threshold = _quorum
    checkpoint_quorum: Threshold = _quorum
    view_change_quorum: Threshold = _quorum
    join_quorum: Threshold = _weak
    count_primary_prepare: bool = False
    count_duplicates: bool = False
    compare_digests: bool = True
    keep_first_preprepare: bool = True
    only_primary_proposes: bool = True
    check_requests: bool = True
    check_digest: bool = True
    refuse_old_views: bool = True
    pause_in_view_change: bool = True
    check_identity: bool = True
    check_view_changes: bool = True
    check_certificates: bool = True
    check_signatures: bool = True
    check_carried: bool = True
    judge_carried: bool = False
    execute_in_order: bool = True
    execute_once: bool = True
    keep_early: bool = True
    resend_view_changes: bool = True
    next_wait_s: Callable[[float, float], float] = _doubled_wait
    time_one_request: bool = True
    high_watermark: Callable[[int, int], int] = _low_plus_window
    timeout_s: Callable[[float, float, int, float], float] = _doubled
    keep_certificate: Callable[[PreparedCertificate, PreparedCertificate], PreparedCertificate] = _later_view
    prepared_entries: Callable[[Mapping[int, PreparedCertificate], int], tuple[PreparedCertificate, ...]] = (
        _all_prepared
    )
    carry_over: Callable[[Iterable[ViewChange]], Carried] = carry_over
