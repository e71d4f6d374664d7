"""Seeded bugs: PBFT with one thing wrong, each of which the laboratory must find or prove harmless.

Most are one rule replaced; those that no rule reaches are small wrappers in `mutant_replicas`. A mutant that cannot
break safety says why in its `argument`.
"""

# ruff: noqa: ARG001, ARG005 -- a rule has the signature of the rule that it replaces

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from bft.checking.pbft import mutant_replicas as wrapped
from bft.checking.pbft.mutants_of_states import STATE_MUTANTS, bug
from bft.checking.seeded_bug import HARMLESS, LIVENESS
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_PROPOSAL
from bft.protocols.pbft.messages import PreparedCertificate, PrePrepare, ViewChange
from bft.protocols.pbft.new_view import Carried, carry_over


def _minus_one(system: QuorumSystem) -> int:
    return system.quorum - 1


def _weak(system: QuorumSystem) -> int:
    return system.weak


def _nothing(system: QuorumSystem) -> int:
    return 0


def _one(system: QuorumSystem) -> int:
    return 1


def _unreachable(system: QuorumSystem) -> int:
    return system.total + 1


def _rechosen(choose: Callable[[list[PrePrepare]], PrePrepare]) -> Callable[[Iterable[ViewChange]], Carried]:
    """Return a choice of O that takes, at each number, not the latest certificate but the one `choose` picks."""

    def chosen(view_changes: Iterable[ViewChange]) -> Carried:
        changes = sorted(view_changes, key=lambda message: message.replica)
        right = carry_over(changes)
        entries = [certificate.preprepare for message in changes for certificate in message.prepared]
        proposals = []
        for seq, proposal in right.proposals:
            here = [entry for entry in entries if entry.seq == seq]
            proposals.append((seq, choose(here).proposal if here else proposal))
        return replace(right, proposals=tuple(proposals))

    return chosen


def _bent(bend: Callable[[Carried], Carried]) -> Callable[[Iterable[ViewChange]], Carried]:
    """Return a choice of O that is right and then bent."""
    return lambda view_changes: bend(carry_over(view_changes))


def _shortened(right: Carried) -> Carried:
    return replace(right, max_seq=max(right.min_seq, right.max_seq - 1), proposals=right.proposals[:-1])


def _lengthened(right: Carried) -> Carried:
    extra = right.max_seq + 1
    return replace(right, max_seq=extra, proposals=(*right.proposals, (extra, NULL_PROPOSAL)))


def _filled(right: Carried) -> Carried:
    real = [proposal for _, proposal in right.proposals if proposal.request is not None]
    proposals = tuple((seq, real[0] if each.request is None and real else each) for seq, each in right.proposals)
    return replace(right, proposals=proposals)


def _unexecuted(certificates: Mapping[int, PreparedCertificate], last: int) -> tuple[PreparedCertificate, ...]:
    return tuple(certificates[seq] for seq in sorted(certificates) if seq > last)


def _without_last(certificates: Mapping[int, PreparedCertificate], last: int) -> tuple[PreparedCertificate, ...]:
    del last
    return tuple(certificates[seq] for seq in sorted(certificates)[:-1])


QUORUMS = (
    bug("commit quorum f+1", commit_quorum=_weak),
    bug("commit quorum q-1", commit_quorum=_minus_one),
    bug("commit on no votes", commit_quorum=_nothing),
    bug("prepare quorum f", prepare_quorum=_weak),
    bug("prepare counts the pre-prepare twice", prepare_quorum=_minus_one),
    bug("prepare phase skipped", prepare_quorum=_nothing),
    bug("q = 2f+1 at n = 5", n=5, quorum=3),
    bug("q = 2f+1 at n = 6", n=6, quorum=3),
    bug("q = 2f+1 at n = 8", n=8, quorum=5),
    bug("q = 2 at n = 4", n=4, quorum=2),
    bug("q = 4 at n = 7", n=7, quorum=4),
    bug("certificate with f prepares accepted", certificate_quorum=_weak),
    bug("new-view with f+1 view-changes", view_change_quorum=_weak),
    bug("new-view with q-1 view-changes", view_change_quorum=_minus_one),
    bug("checkpoint stable at 1 vote", checkpoint_quorum=_one),
    bug("checkpoint stable at f+1 votes", checkpoint_quorum=_weak),
    bug("join at 1 view-change", join_quorum=_one),
    bug("heads counted instead of stakes", wrapped.counting_heads),
)
NORMAL_CASE = (
    bug("primary's prepare counted", count_primary_prepare=True),
    bug("duplicate prepares counted", wrapped.hearing_once("Commit"), count_duplicates=True),
    bug("duplicate commits counted", wrapped.hearing_once("Prepare"), count_duplicates=True),
    bug("vote digests not compared", compare_digests=False),
    bug("second pre-prepare overwrites the first", keep_first_preprepare=False),
    bug("pre-prepare accepted from a non-primary", only_primary_proposes=False),
    bug("votes of old views filed under the current one", refuse_old_views=False),
    bug("old view goes on during a view change", wrapped.VotesInLeftView),
    bug("pre-prepare without request validity", check_requests=False),
    bug("pre-prepare digest not checked", check_digest=False),
    bug("identity in the body not checked", check_identity=False),
    bug("execution skips gaps", execute_in_order=False),
    bug("repeated request executed again", execute_once=False),
    bug("high watermark off by one", high_watermark=lambda low, window: low + window + 1),
    bug("high watermark absent", high_watermark=lambda low, window: low + 1000),
    bug("primary sends a prepare", wrapped.preparing_primary),
    bug("commits sent in another's name", wrapped.commits_in_anothers_name),
    bug("discards above the stable checkpoint", wrapped.discards_too_much),
)
VIEW_CHANGE = (
    bug("view-change omits prepared entries", prepared_entries=lambda certificates, last: ()),
    bug("view-change drops executed requests", prepared_entries=_unexecuted),
    bug("view-change omits its last entry", prepared_entries=_without_last),
    bug("lowest-view certificate kept", keep_certificate=lambda kept, new: kept),
    bug("view-changes not validated", check_view_changes=False),
    bug("certificates not validated", check_certificates=False),
    bug("signatures inside certificates unchecked", check_signatures=False),
    bug("backup trusts O", check_carried=False),
    bug("backup does not validate V", wrapped.trusting("view_change", inside="new_view")),
    bug("O always empty", carry_over=_bent(lambda right: replace(right, max_seq=right.min_seq, proposals=()))),
    bug(
        "O all null",
        carry_over=_bent(
            lambda right: replace(right, proposals=tuple((seq, NULL_PROPOSAL) for seq, _ in right.proposals))
        ),
    ),
    bug("max-s one too low", carry_over=_bent(_shortened)),
    bug("max-s one too high", carry_over=_bent(_lengthened)),
    bug(
        "next number reuses max-s",
        carry_over=_bent(lambda right: replace(right, max_seq=max(right.min_seq, right.max_seq - 1))),
    ),
    bug(
        "O picks the lowest view's certificate",
        carry_over=_rechosen(lambda here: min(here, key=lambda entry: entry.view)),
    ),
    bug("O picks an arbitrary view's certificate", carry_over=_rechosen(lambda here: here[0])),
    bug(
        "gap left instead of null",
        carry_over=_bent(
            lambda right: replace(
                right, proposals=tuple(each for each in right.proposals if each[1].request is not None)
            )
        ),
    ),
    bug("gap filled with a neighbour's request", carry_over=_bent(_filled)),
    bug("O judged again by the LLM", judge_carried=True),
    bug("new-view accepted from anyone", wrapped.led_by_anyone),
    bug("timer not doubled", timeout_s=lambda timeout_s, growth, failures, cap_s: timeout_s),
)
CATCHING_UP = (
    bug("decisions of others believed unproved", wrapped.trusting("decision")),
    bug("snapshots of others believed unproved", wrapped.trusting("checkpoint")),
    bug("restart forgets own votes", wrapped.forgetting("pre-prepare", "prepare", "commit")),
    bug("restart forgets the view", wrapped.forgetting("view")),
    bug("restart forgets certificates", wrapped.forgetting("prepared")),
)
LIVE = (
    bug("join never", join_quorum=_unreachable, breaks=LIVENESS),
    bug("view-change not resent", resend_view_changes=False, breaks=LIVENESS),
    bug("view timer never starts", wrapped.without_timer("view"), breaks=LIVENESS),
    # Where replicas retransmit it costs time only, so this one shows without.
    bug("early pre-prepare discarded", keep_early=False, breaks=LIVENESS),
    bug("status timer not capped", next_wait_s=lambda waited, first: 2.0 * waited, breaks=LIVENESS),
    bug("view timer started anew at every execution", time_one_request=False, breaks=LIVENESS),
    bug("nothing retransmitted", wrapped.without_timer("status"), breaks=LIVENESS),
)
HARMLESS_ONES = (
    bug(
        "votes filed in the left view's place during a view change",
        pause_in_view_change=False,
        breaks=HARMLESS,
        argument="A vote of the view that a replica waits for is filed in a log that entering the view replaces, "
        "and nothing is evaluated while waiting: the vote is lost, as on a network, and status brings it again.",
    ),
    bug(
        "commit digest not compared",
        wrapped.commits_without_digest,
        breaks=HARMLESS,
        argument="Commits count only at a replica that has prepared (view, seq); C1 excludes that honest replicas "
        "prepare two digests there, so an honest commit of this place is for the same one; the others are at most f.",
    ),
)
MUTANTS = (*QUORUMS, *NORMAL_CASE, *VIEW_CHANGE, *CATCHING_UP, *STATE_MUTANTS, *LIVE, *HARMLESS_ONES)
