"""What a replica of a ballot remembers. Data only; the rooms beside it say what changes it."""

from __future__ import annotations

from bft.core.request import Proposal, Request
from bft.core.signatures import Keyring
from bft.core.state_machine import StateMachine
from bft.protocols.ballot.config import BallotConfig
from bft.protocols.ballot.messages import Approve, Cast, Certificate

DEADLINE = "deadline"
STATUS_TIMER = "status"
ROUND = 0  # a ballot has one view
FIRST = 1  # and decides one request


class State:
    """The private, mutable state of one replica.

    Attributes
    ----------
    request
        The question on which the ballot is held; None before it is asked.
    casts, approvals
        The first of each voter, by voter.
    candidates
        Digest and answer of the proposals that the validator is judging.
    accepted
        Answers that it has accepted.
    calls
        Calls to the validator that have not answered.
    closed
        Whether the round of candidates is over, where answers are judged.
    settled
        Whether nothing that the missing voters say can change the result.
    executed, certificate
        What was decided, and the proof of it where there is one.
    """

    def __init__(self, replica: int, config: BallotConfig, keyring: Keyring, machine: StateMachine) -> None:
        self.id = replica
        self.config = config
        self.keyring = keyring
        self.machine = machine
        self.request: Request | None = None
        self.casts: dict[int, Cast] = {}
        self.approvals: dict[int, Approve] = {}
        self.candidates: dict[str, str] = {}
        self.accepted: list[str] = []
        self.calls = 0
        self.closed = False
        self.settled = False
        self.executed: Proposal | None = None
        self.certificate: Certificate | None = None
        self.asked_again = 0
        self.drops: dict[str, int] = {}
        self.effects: list[object] = []
        self.unsaved: dict[tuple[object, ...], object | None] = {}

    @property
    def votes(self) -> dict[int, Cast | Approve]:
        """What the rule counts, by voter."""
        return {**self.approvals} if self.config.judged else {**self.casts}

    def emit(self, effect: object) -> None:
        """Ask the host for an effect, or report an event."""
        self.effects.append(effect)

    def persist(self, key: str, value: object) -> None:
        """Store a value before anything of this step is sent."""
        self.unsaved[key, 0] = value

    def drop(self, reason: str) -> None:
        """Count an input that does not count."""
        self.drops[reason] = self.drops.get(reason, 0) + 1
