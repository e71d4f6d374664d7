"""What a replica remembers: its log, its view, its watermarks. Data only; the rooms beside it say what changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from bft.core.ballot import BallotBox
from bft.core.effects import CancelTimer, SetTimer
from bft.core.lean import maker
from bft.core.replica_state import Clonable, ReplicaState
from bft.core.request import Proposal, Request, RequestKey
from bft.core.signatures import Keyring
from bft.core.state_machine import Snapshot, StateMachine
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.config import STATUS_TIMER, VIEW_TIMER, PbftConfig
from bft.protocols.pbft.messages import (
    Checkpoint,
    Commit,
    Decision,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    ViewChange,
)
from bft.protocols.pbft.replies import ReplyList

CANCEL_VIEW_TIMER = CancelTimer(VIEW_TIMER)
CANCEL_STATUS_TIMER = CancelTimer(STATUS_TIMER)

new_verifier = maker(Verifier)

VIEWS_AHEAD = 16
"""Votes for views further ahead are not filed: a replica that far behind catches up by status."""


class Slot(Clonable, copied="prepares commits"):
    """One sequence number in one view: the accepted pre-prepare and the first vote of every replica.

    `prepare_weight` and `commit_weight` count the votes for the accepted digest, so a vote costs O(1).
    """

    __slots__ = (
        "commit_weight",
        "commits",
        "committed",
        "digest",
        "prepare_sent",
        "prepare_weight",
        "prepared",
        "prepares",
        "preprepare",
        "seq",
        "view",
    )

    def __init__(self, view: int, seq: int) -> None:
        self.view = view
        self.seq = seq
        self.preprepare: PrePrepare | None = None
        self.digest: str | None = None
        self.prepares: dict[int, Prepare] = {}
        self.prepare_weight = 0
        self.prepare_sent = False
        self.prepared = False
        self.commits: dict[int, Commit] = {}
        self.commit_weight = 0
        self.committed = False


class State(
    ReplicaState,
    copied="answered asked certificates clients decisions early ordering pending snapshots unexecuted unordered",
    cloned="checkpoints view_changes",
):
    """The private, mutable state of one replica.

    Attributes
    ----------
    view, active
        The current view; inactive while waiting for its new-view.
    low, high
        Watermarks (§4.3): numbers in (low, high] are in play.
    slots, future
        The log of the current view, and votes filed early for later views.
    certificates
        Per number above `low`, the prepared certificate that a view-change would carry.
    decisions, unexecuted
        Executed numbers above `low` with their proof, and committed ones that wait for a gap to close.
    pending
        Per client the latest request known and not executed (§4.1), the one that has waited longest first.
    ordering, asked
        Requests that already have, or await, a number in this view; clients whose request the validator is answering,
        or whose answered one waits for a number.
    awaited
        The request for which the view timer runs (§4.4); None where it runs for something else.
    clients
        Per client its last timestamp and reply (§4.1).
    replies, answered
        The same as the last checkpoint listed them, and the clients answered since.
    moved
        The view or the window has moved in this step, so early messages may fit now.
    stops, over
        Whether the machine, at a checkpoint, says that this instance is over, and whether it is: then nothing more is
        executed in it.
    failures
        View changes since the last execution: the exponent of the timeout.
    """

    __slots__ = (
        "active",
        "answered",
        "asked",
        "awaited",
        "certificates",
        "checkpoint_quorum",
        "checkpoints",
        "clients",
        "commit_quorum",
        "config",
        "decisions",
        "early",
        "failures",
        "future",
        "high",
        "id",
        "join_quorum",
        "keyring",
        "last_executed",
        "least_prepares",
        "low",
        "moved",
        "new_view",
        "next_seq",
        "ordering",
        "over",
        "own_view_change",
        "pending",
        "prepare_quorum",
        "primary",
        "replies",
        "rules",
        "slots",
        "snapshots",
        "stable_proof",
        "status_timer_runs",
        "status_wait_s",
        "stops",
        "system",
        "unexecuted",
        "unordered",
        "verifier",
        "view",
        "view_change_quorum",
        "view_changes",
        "view_timer_runs",
        "weights",
    )

    def __init__(self, replica: int, config: PbftConfig, keyring: Keyring, machine: StateMachine) -> None:
        super().__init__(machine, config.durable)
        self.id = replica
        self.config = config
        self.rules = config.rules
        self.keyring = keyring
        self.system = config.system
        self.weights = config.system.weights
        self.verifier = new_verifier(config.system, config.rules, keyring, config.window, config.checkpoint_interval)
        self.prepare_quorum = config.prepare_quorum
        self.least_prepares = config.least_prepares
        self.commit_quorum = config.commit_quorum
        self.checkpoint_quorum = config.checkpoint_quorum
        self.view_change_quorum = config.view_change_quorum
        self.join_quorum = config.join_quorum

        self.view = 0
        self.active = True
        self.primary = self.verifier.primary(0)
        self.low = 0
        self.high = self.rules.high_watermark(0, config.window)
        self.slots: dict[int, Slot] = {}
        self.future: dict[int, dict[int, Slot]] = {}
        self.early: dict[tuple[int, int], PrePrepare] = {}
        self.certificates: dict[int, PreparedCertificate] = {}

        self.next_seq = 1
        self.pending: dict[str, Request] = {}
        self.ordering: set[RequestKey] = set()
        self.asked: set[str] = set()
        self.awaited: RequestKey | None = None
        self.unordered: list[Proposal] = []

        self.last_executed = 0
        self.stops: Callable[[StateMachine], bool] | None = None
        self.over = False
        self.decisions: dict[int, Decision] = {}
        self.unexecuted: dict[int, Decision] = {}
        self.clients: dict[str, tuple[int, str]] = {}
        self.answered: list[str] = []
        self.replies: ReplyList | None = None

        self.checkpoints: BallotBox[Checkpoint] = BallotBox()
        self.stable_proof: tuple[Checkpoint, ...] = ()
        self.snapshots: dict[int, Snapshot] = {}

        self.view_changes: BallotBox[ViewChange] = BallotBox()
        self.own_view_change: ViewChange | None = None
        self.new_view: NewView | None = None
        self.failures = 0

        self.view_timer_runs = False
        self.status_timer_runs = False
        self.status_wait_s = config.retransmit_s or 0.0
        self.moved = False

    def clone(self) -> Self:
        """Return an independent state that goes on from here; messages, keys and parameters are shared."""
        twin = super().clone()
        twin.slots = {seq: slot.clone() for seq, slot in self.slots.items()}
        twin.future = {view: {seq: slot.clone() for seq, slot in slots.items()} for view, slots in self.future.items()}
        twin.replies = None if self.replies is None else self.replies.clone()
        return twin

    @property
    def is_primary(self) -> bool:
        """Whether this replica leads the current view."""
        return self.primary == self.id

    def slot(self, seq: int) -> Slot:
        """Return the current view's slot for `seq`, new if need be."""
        slot = self.slots.get(seq)
        if slot is None:
            slot = self.slots[seq] = Slot(self.view, seq)
        return slot

    def start_view_timer(self) -> None:
        """Start the view timer anew with the current timeout, for the request that has waited longest."""
        self.view_timer_runs = True
        self.awaited = None
        if self.active:
            for oldest in self.pending.values():
                self.awaited = oldest.key
                break
        config, failures, emit = self.config, self.failures, self.emit
        emit(SetTimer(VIEW_TIMER, config.timeout_s(failures)) if failures else config.first_view_timer)

    def stop_view_timer(self) -> None:
        """Stop the view timer."""
        if self.view_timer_runs:
            self.view_timer_runs = False
            emit = self.emit
            emit(CANCEL_VIEW_TIMER)

    def start_status_timer(self) -> None:
        """Begin to ask for what is missing, unless that is going on already."""
        if not self.status_timer_runs and self.config.retransmit_s is not None:
            self.status_timer_runs = True
            self.status_wait_s = self.config.retransmit_s
            emit = self.emit
            emit(self.config.first_status_timer)

    def stop_status_timer(self) -> None:
        """Nothing is missing any more."""
        if self.status_timer_runs:
            self.status_timer_runs = False
            emit = self.emit
            emit(CANCEL_STATUS_TIMER)
