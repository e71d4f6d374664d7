"""What a replica remembers. Data only; the rooms beside it say what changes it."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import NamedTuple

from bft.core.ballot import BallotBox
from bft.core.effects import CancelTimer, SetTimer
from bft.core.replica_state import ReplicaState
from bft.core.request import Proposal, Request
from bft.core.signatures import Keyring
from bft.core.state_machine import Snapshot, StateMachine
from bft.core.verdict import Verdict
from bft.protocols.hotstuff.certificates import Verifier
from bft.protocols.hotstuff.config import STATUS_TIMER, VIEW_TIMER, WAIT_TIMER, HotStuffConfig
from bft.protocols.hotstuff.messages import (
    GENESIS_QC,
    LastReply,
    NewView,
    Node,
    Phase,
    Propose,
    QuorumCertificate,
    SavedState,
    Timeout,
    TimeoutCertificate,
    Vote,
)
from bft.protocols.hotstuff.tree import Tree

CANCEL_VIEW_TIMER = CancelTimer(VIEW_TIMER)
CANCEL_STATUS_TIMER = CancelTimer(STATUS_TIMER)
CANCEL_WAIT_TIMER = CancelTimer(WAIT_TIMER)

PHASES = 8
"""More than any variant has: views and phases make one number, view times this plus phase."""
MOST_MISSING = 8
"""Certified nodes that are fetched at a time."""


MOST_HELD = 8
"""Messages that wait for missing nodes, the latest ones."""


class Saved(NamedTuple):
    """The replicated state after a committed node: the machine's, and the last reply to each client."""

    node: Node
    machine: Snapshot
    replies: tuple[LastReply, ...]


class State(
    ReplicaState,
    copied="missing held pending unanswered judging verdicts clients own own_votes saved shares",
    cloned="new_views timeouts tree votes",
):
    """The private, mutable state of one replica.

    Attributes
    ----------
    view, entry, tc
        The current view, and what proves that it may be entered: a certificate of the last votes of the view before,
        or a timeout certificate of it; neither in view 0.
    high, locked, commit
        The highest certificate (prepareQC, genericQC, qc_high), the locked one, and the last that committed something.
    voted, phases, own_votes
        The last view voted in; a bit for each phase of it that was voted in, and the votes.
    left
        The last view given up, −1 for none.
    formed
        View and phase of the last certificate that this replica has made as a collector.
    tree
        Nodes known; the committed chain among them.
    proposal, phase
        The accepted proposal of the current view, and the last certificate that its leader has shown.
    own_proposal, own_phase, own_timeout, own_new_view
        What this replica has said last as a leader, when it gave its view up, and when it entered one.
    votes, timeouts, new_views
        What others have said: by view and phase, by the view given up, by the view entered.
    missing, held
        Certified nodes that are fetched, and by view and phase the messages that wait for them.
    pending
        Per client the latest request known and not executed (§4.1 of PBFT), the one that waits longest first.
    asked, ready, unanswered
        Whether the own validator is asked for an answer in this view; its answer until that is proposed; requests for
        which it had none.
    judging, verdicts
        Values that the validator is judging, and what it has said of those that are not executed, by digest.
    follows, announced
        How far execution follows from the highest certificate; and how far it follows from proposals, which everybody
        gets: above that a leader of a chained variant owes an empty node, however far it has come itself.
    saved, shares
        The last saved states; and from each sender the last states that it has sent to bring this replica up to date.
    failures
        Views given up since anything was executed: the exponent of the timeout.
    """

    __slots__ = (
        "announced",
        "asked",
        "clients",
        "collects_later",
        "commit",
        "config",
        "durable",
        "entry",
        "exhausted",
        "failures",
        "follows",
        "formed",
        "held",
        "high",
        "id",
        "judging",
        "keyring",
        "last_executed",
        "last_phase",
        "left",
        "locked",
        "missing",
        "moved",
        "n",
        "new_views",
        "own",
        "own_new_view",
        "own_phase",
        "own_proposal",
        "own_timeout",
        "own_votes",
        "pending",
        "phase",
        "phases",
        "progressed",
        "proposal",
        "quorum",
        "ready",
        "rules",
        "saved",
        "shares",
        "status_timer_runs",
        "status_wait_s",
        "system",
        "tc",
        "timeouts",
        "tree",
        "unanswered",
        "verdicts",
        "verifier",
        "view",
        "view_timer_runs",
        "views",
        "voted",
        "votes",
        "wait_timer_runs",
    )

    def __init__(self, replica: int, config: HotStuffConfig, keyring: Keyring, machine: StateMachine) -> None:
        super().__init__(machine, config.durable)
        self.id = replica
        self.config = config
        self.rules = rules = config.rules
        self.keyring = keyring
        self.system = config.system
        self.n = config.system.n
        self.last_phase = rules.last_phase
        self.collects_later = 1 if rules.chain else 0
        self.views = inf if config.views is None else config.views
        self.verifier = Verifier(config, keyring)
        self.quorum = config.certificate_quorum

        self.view = 0
        self.entry: QuorumCertificate | None = None
        self.tc: TimeoutCertificate | None = None
        self.high = GENESIS_QC
        self.locked = GENESIS_QC
        self.commit: QuorumCertificate | None = None
        self.voted = -1
        self.phases = 0
        self.own_votes: dict[int, Vote] = {}
        self.left = -1
        self.formed = (-1, 0)
        self.tree = Tree()

        self.proposal: Propose | None = None
        self.phase: QuorumCertificate | None = None
        self.own_proposal: Propose | None = None
        self.own_phase: Phase | None = None
        self.own_timeout: Timeout | None = None
        self.own_new_view: NewView | None = None
        self.votes: BallotBox[Vote] = BallotBox()
        self.timeouts: BallotBox[Timeout] = BallotBox()
        self.new_views: BallotBox[NewView] = BallotBox()
        self.missing: dict[str, QuorumCertificate] = {}
        self.held: dict[tuple[int, int], tuple[int, Propose | Phase]] = {}

        self.pending: dict[str, Request] = {}
        self.asked = False
        self.ready: Proposal | None = None
        self.unanswered: set[tuple[str, int]] = set()
        self.judging: dict[str, Proposal] = {}
        self.verdicts: dict[str, tuple[Verdict, Proposal]] = {}
        self.last_executed = 0
        self.follows = 0
        self.announced = 0
        self.clients: dict[str, tuple[int, str]] = {}
        self.saved: list[Saved] = []
        self.shares: dict[int, tuple[SavedState, ...]] = {}
        self.failures = 0
        self.exhausted = False

        self.view_timer_runs = False
        self.status_timer_runs = False
        self.wait_timer_runs = False
        self.status_wait_s = config.retransmit_s or 0.0
        self.progressed = False
        self.moved = False
        self.own: deque[object] = deque()
        """Messages of this replica to itself, taken up before the step ends."""
        self.durable = config.durable

    def leader(self, view: int) -> int:
        """Return who leads a view."""
        return view % self.n

    def collector(self, view: int) -> int:
        """Return who collects the votes of a view: its leader, or the next one where views are chained."""
        return (view + self.collects_later) % self.n

    @property
    def leads(self) -> bool:
        """Whether this replica leads the current view."""
        return self.view % self.n == self.id

    def allowed(self, view: int) -> bool:
        """Whether a view is among those that may be used."""
        return view < self.views

    def start_view_timer(self) -> None:
        """Give the current view its time, anew."""
        self.view_timer_runs = True
        failures = self.failures
        config = self.config
        self.emit(SetTimer(VIEW_TIMER, config.timeout_s(failures)) if failures else config.first_view_timer)

    def stop_view_timer(self) -> None:
        """Nothing is waited for."""
        if self.view_timer_runs:
            self.view_timer_runs = False
            self.emit(CANCEL_VIEW_TIMER)

    def start_status_timer(self) -> None:
        """Begin to ask for what is missing, unless that is going on already."""
        if not self.status_timer_runs and self.config.retransmit_s is not None:
            self.status_timer_runs = True
            self.progressed = False
            self.status_wait_s = self.config.retransmit_s
            self.emit(self.config.first_status_timer)

    def stop_status_timer(self) -> None:
        """Nothing is missing any more."""
        if self.status_timer_runs:
            self.status_timer_runs = False
            self.emit(CANCEL_STATUS_TIMER)

    def stop_wait_timer(self) -> None:
        """The leader waits for nothing any more."""
        if self.wait_timer_runs:
            self.wait_timer_runs = False
            self.emit(CANCEL_WAIT_TIMER)
