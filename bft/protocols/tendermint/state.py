"""What a replica remembers: height, round and step, lock and log. Data; the rooms beside it say what changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from bft.core.ballot import BallotBox
from bft.core.effects import CancelTimer
from bft.core.replica_state import ReplicaState
from bft.core.request import Proposal, Request, RequestKey
from bft.core.signatures import Keyring
from bft.core.state_machine import StateMachine
from bft.core.verdict import Verdict
from bft.protocols.tendermint.certificates import Verifier
from bft.protocols.tendermint.config import (
    PRECOMMIT_TIMER,
    PREVOTE_TIMER,
    PROPOSE_TIMER,
    STATUS_TIMER,
    TendermintConfig,
)
from bft.protocols.tendermint.messages import NO_ROUND, Decision, Precommit, Prevote, Propose
from bft.protocols.tendermint.round_log import RoundLog

WAITING, PROPOSE, PREVOTE, PRECOMMIT = range(4)
"""The steps. A replica waits before round 0 while nothing is asked: then nothing is to be decided."""

_CANCEL = {name: CancelTimer(name) for name in (PROPOSE_TIMER, PREVOTE_TIMER, PRECOMMIT_TIMER, STATUS_TIMER)}

ROUNDS_AHEAD = 16
"""Of rounds further ahead each sender's few latest messages are kept, to go there (line 55)."""

Own = Propose | Prevote | Precommit


class State(
    ReplicaState,
    copied="verdicts asked pending clients decisions heights signed timers",
    cloned="far",
):
    """The private, mutable state of one replica.

    Attributes
    ----------
    height, round, step
        h_p, round_p and step_p of the paper; round -1 while waiting.
    locked_round, locked, valid_round, valid
        lockedRound_p, the id of lockedValue_p, validRound_p, validValue_p.
    rounds, next_rounds
        What was heard of this height and of the next one, by round.
    far
        Of rounds far ahead each sender's few latest messages.
    ahead, decidable
        Whether anything of a higher round is here; whether some value has a quorum of precommits.
    verdicts, asked
        What the validator has said of the values of this height, and about which it was asked.
    proposing
        The request that the validator is answering for this replica's own proposal.
    pending
        Per client the latest request known and not executed, the one that has waited longest first.
    clients
        Per client its last timestamp and reply.
    decisions
        Decided values with their precommits, as long as some replica may lack them; `heights` says by whose votes.
    signed
        The latest own proposal, prevote and precommit, by kind.
    timers
        For which height and round each timer runs.
    hear_own
        What is done with an own message once it was sent: it is filed like any other.
    """

    __slots__ = (
        "ahead",
        "any_quorum",
        "asked",
        "clients",
        "config",
        "current",
        "decidable",
        "decision_quorum",
        "decisions",
        "far",
        "hear_own",
        "height",
        "heights",
        "id",
        "keyring",
        "least",
        "locked",
        "locked_round",
        "next_rounds",
        "pending",
        "polka_quorum",
        "proposing",
        "rotation",
        "round",
        "rounds",
        "rules",
        "signed",
        "skip_quorum",
        "snapshots",
        "status_wait_s",
        "step",
        "system",
        "timers",
        "valid",
        "valid_round",
        "verdicts",
        "verifier",
        "weights",
    )

    def __init__(self, replica: int, config: TendermintConfig, keyring: Keyring, machine: StateMachine) -> None:
        rules = config.rules
        super().__init__(machine, config.durable)
        self.id = replica
        self.config = config
        self.rules = rules
        self.keyring = keyring
        self.system = system = config.counted
        self.weights = system.weights
        self.verifier = Verifier(system, rules, keyring)
        self.rotation = config.rotation
        self.polka_quorum, self.decision_quorum, self.any_quorum, self.skip_quorum = config.thresholds
        self.least = min(self.polka_quorum, self.any_quorum)

        self.height = 1
        self.round = NO_ROUND
        self.step = WAITING
        self.locked_round = NO_ROUND
        self.locked: str | None = None
        self.valid_round = NO_ROUND
        self.valid: Proposal | None = None
        self.rounds: dict[int, RoundLog] = {}
        self.next_rounds: dict[int, RoundLog] = {}
        self.current: RoundLog | None = None
        self.far: BallotBox[Own] = BallotBox()
        self.ahead = False
        self.decidable = False

        self.verdicts: dict[str, Verdict] = {}
        self.asked: set[str] = set()
        self.proposing: RequestKey | None = None
        self.pending: dict[str, Request] = {}
        self.clients: dict[str, tuple[int, str]] = {}
        self.decisions: dict[int, Decision] = {}
        self.heights = [1] * system.n
        self.snapshots = 0
        self.signed: dict[str, Own] = {}

        self.timers: dict[str, tuple[int, int]] = {}
        self.status_wait_s = config.retransmit_s or 0.0
        self.hear_own: Callable[[State, Own], None] | None = None

    def clone(self) -> Self:
        """Return an independent state that goes on from here; messages, keys and parameters are shared."""
        twin = super().clone()
        twin.rounds = {number: log.clone() for number, log in self.rounds.items()}
        twin.next_rounds = {number: log.clone() for number, log in self.next_rounds.items()}
        twin.current = twin.rounds.get(self.round)
        return twin

    def log(self, round_: int) -> RoundLog:
        """Return what was heard of a round of this height."""
        log = self.rounds.get(round_)
        if log is None:
            log = self.rounds[round_] = RoundLog(round_)
        return log

    @property
    def is_proposer(self) -> bool:
        """Whether this replica proposes in the current round."""
        return self.round >= 0 and self.rotation.proposer(self.height, self.round) == self.id

    def schedule(self, name: str) -> None:
        """Schedule OnTimeout of the current height and round (lines 21, 34, 47)."""
        round_, config = self.round, self.config
        self.timers[name] = (self.height, round_)
        self.emit(config.timer(name, round_) if round_ else config.first_timers[name])

    def cancel(self, name: str) -> None:
        """Stop a timer that runs."""
        if self.timers.pop(name, None) is not None:
            self.emit(_CANCEL[name])

    def cancel_all(self) -> None:
        """Stop all timers."""
        for name in self.timers:
            self.emit(_CANCEL[name])
        self.timers.clear()

    def start_status_timer(self) -> None:
        """Begin to ask for what is missing, unless that is going on already."""
        if STATUS_TIMER not in self.timers and self.config.retransmit_s is not None:
            self.status_wait_s = self.config.retransmit_s
            self.timers[STATUS_TIMER] = (self.height, self.round)
            self.emit(self.config.first_timers[STATUS_TIMER])
