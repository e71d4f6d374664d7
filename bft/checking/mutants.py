"""Seeded bugs: PBFT with one thing wrong, each of which the laboratory must find or prove harmless.

Most are one rule replaced; those that no rule reaches are small wrappers in `mutant_replicas`. A mutant that cannot
break safety says why in its `argument`.
"""

# ruff: noqa: ARG001, ARG005 -- a rule has the signature of the rule that it replaces

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from bft.checking import mutant_replicas as wrapped
from bft.checking.mutant import Mutant
from bft.checking.mutants_of_states import STATE_MUTANTS
from bft.checking.seeded_bug import HARMLESS, LIVENESS
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_PROPOSAL
from bft.errors import ScenarioError, bad_value
from bft.protocols.pbft.messages import PreparedCertificate, PrePrepare, ViewChange
from bft.protocols.pbft.new_view import Carried, carry_over


def mutant(name: str) -> Mutant:
    """Return the mutant of a name.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    for each in MUTANTS:
        if each.name == name:
            return each
    raise ScenarioError(bad_value("mutant", name, f"must be one of {', '.join(each.name for each in MUTANTS)}"))


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
    Mutant(name="commit quorum f+1", rules={"commit_quorum": _weak}),
    Mutant(name="commit quorum q-1", rules={"commit_quorum": _minus_one}),
    Mutant(name="commit on no votes", rules={"commit_quorum": _nothing}),
    Mutant(name="prepare quorum f", rules={"prepare_quorum": _weak}),
    Mutant(name="prepare counts the pre-prepare twice", rules={"prepare_quorum": _minus_one}),
    Mutant(name="prepare phase skipped", rules={"prepare_quorum": _nothing}),
    Mutant(name="q = 2f+1 at n = 5", n=5, quorum=3),
    Mutant(name="q = 2f+1 at n = 6", n=6, quorum=3),
    Mutant(name="q = 2f+1 at n = 8", n=8, quorum=5),
    Mutant(name="q = 2 at n = 4", n=4, quorum=2),
    Mutant(name="q = 4 at n = 7", n=7, quorum=4),
    Mutant(name="certificate with f prepares accepted", rules={"certificate_quorum": _weak}),
    Mutant(name="new-view with f+1 view-changes", rules={"view_change_quorum": _weak}),
    Mutant(name="new-view with q-1 view-changes", rules={"view_change_quorum": _minus_one}),
    Mutant(name="checkpoint stable at 1 vote", rules={"checkpoint_quorum": _one}),
    Mutant(name="checkpoint stable at f+1 votes", rules={"checkpoint_quorum": _weak}),
    Mutant(name="join at 1 view-change", rules={"join_quorum": _one}),
    Mutant(name="heads counted instead of stakes", make_replica=wrapped.counting_heads),
)
NORMAL_CASE = (
    Mutant(name="primary's prepare counted", rules={"count_primary_prepare": True}),
    Mutant(
        name="duplicate prepares counted",
        rules={"count_duplicates": True},
        make_replica=wrapped.hearing_once("Commit"),
    ),
    Mutant(
        name="duplicate commits counted",
        rules={"count_duplicates": True},
        make_replica=wrapped.hearing_once("Prepare"),
    ),
    Mutant(name="vote digests not compared", rules={"compare_digests": False}),
    Mutant(name="second pre-prepare overwrites the first", rules={"keep_first_preprepare": False}),
    Mutant(name="pre-prepare accepted from a non-primary", rules={"only_primary_proposes": False}),
    Mutant(name="votes of old views filed under the current one", rules={"refuse_old_views": False}),
    Mutant(name="old view goes on during a view change", make_replica=wrapped.UndeadReplica),
    Mutant(name="pre-prepare without request validity", rules={"check_requests": False}),
    Mutant(name="pre-prepare digest not checked", rules={"check_digest": False}),
    Mutant(name="identity in the body not checked", rules={"check_identity": False}),
    Mutant(name="execution skips gaps", rules={"execute_in_order": False}),
    Mutant(name="repeated request executed again", rules={"execute_once": False}),
    Mutant(name="high watermark off by one", rules={"high_watermark": lambda low, window: low + window + 1}),
    Mutant(name="high watermark absent", rules={"high_watermark": lambda low, window: low + 1000}),
    Mutant(name="primary sends a prepare", make_replica=wrapped.TalkativePrimary),
    Mutant(name="commits sent in another's name", make_replica=wrapped.Impostor),
    Mutant(name="discards above the stable checkpoint", make_replica=wrapped.Forgetful),
)
VIEW_CHANGE = (
    Mutant(name="view-change omits prepared entries", rules={"prepared_entries": lambda certificates, last: ()}),
    Mutant(name="view-change drops executed requests", rules={"prepared_entries": _unexecuted}),
    Mutant(name="view-change omits its last entry", rules={"prepared_entries": _without_last}),
    Mutant(name="lowest-view certificate kept", rules={"keep_certificate": lambda kept, new: kept}),
    Mutant(name="view-changes not validated", rules={"check_view_changes": False}),
    Mutant(name="certificates not validated", rules={"check_certificates": False}),
    Mutant(name="signatures inside certificates unchecked", rules={"check_signatures": False}),
    Mutant(name="backup trusts O", rules={"check_carried": False}),
    Mutant(name="backup does not validate V", make_replica=wrapped.trusting("view_change", inside="new_view")),
    Mutant(
        name="O always empty",
        rules={"carry_over": _bent(lambda right: replace(right, max_seq=right.min_seq, proposals=()))},
    ),
    Mutant(
        name="O all null",
        rules={
            "carry_over": _bent(
                lambda right: replace(right, proposals=tuple((seq, NULL_PROPOSAL) for seq, _ in right.proposals))
            )
        },
    ),
    Mutant(name="max-s one too low", rules={"carry_over": _bent(_shortened)}),
    Mutant(name="max-s one too high", rules={"carry_over": _bent(_lengthened)}),
    Mutant(
        name="next number reuses max-s",
        rules={"carry_over": _bent(lambda right: replace(right, max_seq=max(right.min_seq, right.max_seq - 1)))},
    ),
    Mutant(
        name="O picks the lowest view's certificate",
        rules={"carry_over": _rechosen(lambda here: min(here, key=lambda entry: entry.view))},
    ),
    Mutant(name="O picks an arbitrary view's certificate", rules={"carry_over": _rechosen(lambda here: here[0])}),
    Mutant(
        name="gap left instead of null",
        rules={
            "carry_over": _bent(
                lambda right: replace(
                    right, proposals=tuple(each for each in right.proposals if each[1].request is not None)
                )
            )
        },
    ),
    Mutant(name="gap filled with a neighbour's request", rules={"carry_over": _bent(_filled)}),
    Mutant(name="O judged again by the LLM", rules={"judge_carried": True}),
    Mutant(name="new-view accepted from anyone", make_replica=wrapped.led_by_anyone),
    Mutant(name="timer not doubled", rules={"timeout_s": lambda timeout_s, growth, failures, cap_s: timeout_s}),
)
CATCHING_UP = (
    Mutant(name="decisions of others believed unproved", make_replica=wrapped.trusting("decision")),
    Mutant(name="snapshots of others believed unproved", make_replica=wrapped.trusting("checkpoint")),
    Mutant(name="restart forgets own votes", make_replica=wrapped.forgetting("pre-prepare", "prepare", "commit")),
    Mutant(name="restart forgets the view", make_replica=wrapped.forgetting("view")),
    Mutant(name="restart forgets certificates", make_replica=wrapped.forgetting("prepared")),
)
LIVE = (
    Mutant(name="join never", rules={"join_quorum": _unreachable}, breaks=LIVENESS),
    Mutant(name="view-change not resent", rules={"resend_view_changes": False}, breaks=LIVENESS),
    Mutant(name="view timer never starts", make_replica=wrapped.without_timer("view"), breaks=LIVENESS),
    # Where replicas retransmit it costs time only, so this one shows without.
    Mutant(name="early pre-prepare discarded", rules={"keep_early": False}, breaks=LIVENESS),
    Mutant(name="status timer not capped", rules={"next_wait_s": lambda waited, first: 2.0 * waited}, breaks=LIVENESS),
    Mutant(name="view timer started anew at every execution", rules={"time_one_request": False}, breaks=LIVENESS),
    Mutant(name="nothing retransmitted", make_replica=wrapped.without_timer("status"), breaks=LIVENESS),
)
HARMLESS_ONES = (
    Mutant(
        name="votes filed in the left view's place during a view change",
        rules={"pause_in_view_change": False},
        breaks=HARMLESS,
        argument="A vote of the view that a replica waits for is filed in a log that entering the view replaces, "
        "and nothing is evaluated while waiting: the vote is lost, as on a network, and status brings it again.",
    ),
    Mutant(
        name="commit digest not compared",
        make_replica=wrapped.commits_without_digest,
        breaks=HARMLESS,
        argument="Commits count only at a replica that has prepared (view, seq); C1 excludes that honest replicas "
        "prepare two digests there, so an honest commit of this place is for the same one; the others are at most f.",
    ),
)
MUTANTS = (*QUORUMS, *NORMAL_CASE, *VIEW_CHANGE, *CATCHING_UP, *STATE_MUTANTS, *LIVE, *HARMLESS_ONES)
