"""What a Tendermint replica is told at its birth."""

from __future__ import annotations

from dataclasses import dataclass, field

from bft.core.effects import SetTimer
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.protocols.tendermint.rotation import Rotation
from bft.protocols.tendermint.rules import ASKS_AT_LEAST_EVERY, Rules

PROPOSE_TIMER, PREVOTE_TIMER, PRECOMMIT_TIMER, STATUS_TIMER = "propose", "prevote", "precommit", "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class TendermintConfig:
    """Parameters of a Tendermint system; equal at all replicas.

    Attributes
    ----------
    system : QuorumSystem
        Weights, tolerated faults and quorum.
    propose_s, prevote_s, precommit_s, delta_s : float
        The timeouts of round 0, and by how much each grows with every round.
    views : int or None
        Largest number of rounds of a height; None for no limit.
    retransmit_s : float or None
        A waiting replica asks for what it lacks after this many seconds, then after twice as many, …, and at last every
        `ASKS_AT_LEAST_EVERY` times as many; None never.
    checkpoint_interval : int
        The state is written to disk every so many heights; a replica that comes back goes on from there.
    follow_polka : bool
        Whether valid(v) counts as true in lines 29, 36 and 50 once a replica holds a polka for v. As the paper has it
        (False) whoever rejected v neither locks nor decides it, and with fallible validators a crash can stop a height
        for ever.
    durable : bool
        Whether the host keeps what a replica persists. Only where the node never comes back after a crash may it be
        False. It alone may differ between replicas.
    rules : Rules
        Thresholds and predicates.
    """

    system: QuorumSystem
    propose_s: float = 10.0
    prevote_s: float = 5.0
    precommit_s: float = 5.0
    delta_s: float = 5.0
    views: int | None = None
    retransmit_s: float | None = 5.0
    checkpoint_interval: int = 16
    follow_polka: bool = False
    durable: bool = True
    rules: Rules = field(default_factory=Rules)
    rotation: Rotation = field(init=False, compare=False, repr=False)
    counted: QuorumSystem = field(init=False, compare=False, repr=False)
    thresholds: tuple[int, int, int, int] = field(init=False, compare=False, repr=False)
    plain: bool = field(init=False, compare=False, repr=False)
    first_timers: dict[str, SetTimer] = field(init=False, compare=False, repr=False)
    """What follows from these, worked out once for all replicas: who proposes when; by which weights votes count; the
    quorums of a polka, a decision, whatever votes, a skip; whether a first vote of a round simply counts; the timers of
    round 0, and the first wait until a replica asks."""

    def __post_init__(self) -> None:
        rules = self.rules
        counted = rules.stakes(self.system)
        quorums = (rules.polka_quorum, rules.decision_quorum, rules.any_quorum, rules.skip_quorum)
        plain = not (rules.count_nil or rules.count_duplicates or rules.pool_rounds) and rules.keep_old_rounds
        object.__setattr__(self, "rotation", Rotation(self.system))
        object.__setattr__(self, "counted", counted)
        object.__setattr__(self, "thresholds", tuple(quorum(counted) for quorum in quorums))
        object.__setattr__(self, "plain", plain)
        for name in ("propose_s", "prevote_s", "precommit_s"):
            if not getattr(self, name) > 0:
                raise ScenarioError(bad_value(name, getattr(self, name), "must be more than 0 seconds"))
        if not self.delta_s >= 0:
            raise ScenarioError(bad_value("delta_s", self.delta_s, "must be 0 seconds or more"))
        if self.views is not None and self.views < 1:
            raise ScenarioError(bad_value("views", self.views, "must be at least 1"))
        if self.retransmit_s is not None and not self.retransmit_s > 0:
            raise ScenarioError(bad_value("retransmit_s", self.retransmit_s, "must be more than 0 seconds"))
        if self.checkpoint_interval < 1:
            raise ScenarioError(bad_value("checkpoint_interval", self.checkpoint_interval, "must be at least 1"))
        first = {name: self.timer(name, 0) for name in (PROPOSE_TIMER, PREVOTE_TIMER, PRECOMMIT_TIMER)}
        first[STATUS_TIMER] = SetTimer(STATUS_TIMER, self.retransmit_s or 0.0)
        object.__setattr__(self, "first_timers", first)

    def timeout_s(self, initial_s: float, round_: int) -> float:
        """Return a timeout in a round: initial + r · delta."""
        return self.rules.timeout_s(initial_s, self.delta_s, round_)

    def timer(self, name: str, round_: int) -> SetTimer:
        """Return one of the timers of a round."""
        return SetTimer(name, self.timeout_s(getattr(self, f"{name}_s"), round_))

    def round_s(self, round_: int) -> float:
        """Return how long a failed round may take by its timers alone."""
        return sum(self.timeout_s(each, round_) for each in (self.propose_s, self.prevote_s, self.precommit_s))

    def next_wait_s(self, waited_s: float) -> float:
        """Return how long a replica waits until it asks again, having waited so long before it asked."""
        assert self.retransmit_s is not None
        return self.rules.next_wait_s(waited_s, self.retransmit_s)

    def healing_s(self, round_: int, requests: int, message_s: float) -> float:
        """Return by when everything asked is executed once the network is well, whatever came before.

        Let A be the longest wait between two questions, 8 `retransmit_s`. After A and three messages every correct
        replica is at the latest height that one had decided, holds what all hold of it, and is in the latest round. Of
        the rounds that follow at most F in a row have a faulty proposer. In the first one with a correct proposer all
        learn of the latest polka before timeoutPrecommit ends, so the next correct proposer's value is accepted by all;
        what was lost on the way is asked for at most A later. After that a height takes F + 1 rounds.

        Parameters
        ----------
        round_ : int
            The latest round that any correct replica is in.
        requests : int
            How many requests are still to be executed, at most.
        message_s : float
            Longest time of a message, with what is done about it, in seconds; small beside the timeouts.
        """
        assert self.retransmit_s is not None
        in_a_row = self.system.tolerated + 1
        first = sum(self.round_s(round_ + more) for more in range(2 * in_a_row + 1))
        later = sum(self.round_s(more) for more in range(in_a_row + 1))
        rounds = (2 + requests) * (in_a_row + 1)
        return 3.0 * ASKS_AT_LEAST_EVERY * self.retransmit_s + first + requests * later + 10.0 * rounds * message_s
