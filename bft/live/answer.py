"""What a live panel returns: the answer, who stood where, and what it cost. Data only.

| state     | meaning |
|-----------|---------|
| decided   | a quorum signed the answer, and nobody failed |
| degraded  | a quorum signed the answer, but at least one member could not take part as stated |
| no_quorum | no quorum by the deadline, or in all views: there is no answer |

A member takes part as stated if its own model proposed, or said accept, reject or unsure. It does not if its call
failed, if nobody could read what it said, or if a fallback model or an old cached reply spoke for it. One that was
`late`, still at work when the quorum stood and cut off because it was no longer needed, has not failed: it is listed,
and does not degrade the result. One that failed in an earlier view and has not spoken since has failed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from bft.live.certificate import Certificate


class State(Enum):
    """What became of a question; see the table above."""

    DECIDED = "decided"
    DEGRADED = "degraded"
    NO_QUORUM = "no_quorum"


class Stance(Enum):
    """Where a member stood in a view."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    UNPARSEABLE = "unparseable"
    LATE = "late"
    FAILED = "failed"
    NOT_ASKED = "not asked"


SPOKE = frozenset({Stance.PROPOSED, Stance.ACCEPTED, Stance.REJECTED, Stance.UNSURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request to one endpoint.

    Attributes
    ----------
    model : str
        Who was asked.
    latency_s : float
        How long it took to answer, or to fail.
    failure : str or None
        The typed reason; "cancelled" when the attempt was cut off.
    tokens_in, tokens_out : int
        As the endpoint reported; 0 where it did not.
    cost : float or None
        None where the price is not known, or no usage was reported.
    """

    model: str
    latency_s: float
    failure: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of one node: for an answer, or for a verdict.

    Attributes
    ----------
    node : int
        Who.
    member : str
        Its name.
    role : {"answer", "judge"}
        What for.
    view : int
        The view that asked first.
    proposal : str or None
        What was judged.
    prompt : tuple of (role, text)
        What was sent.
    text : str or None
        What came back, as it came.
    answer, verdict : str or None
        What could be read of it.
    failure : str or None
        Why nothing came back; "cancelled" when it was no longer needed.
    detail : str
        The same for people.
    model : str
        Who wrote the text.
    as_stated : bool
        Whether the member's own model wrote it, and just now.
    at_unix_s : float
        When it began, on the wall clock.
    latency_s : float
        How long it took, all attempts and pauses included.
    attempts : tuple of Attempt
        What was sent to endpoints.
    """

    node: int
    member: str
    role: str
    view: int
    proposal: str | None = None
    prompt: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    answer: str | None = None
    verdict: str | None = None
    failure: str | None = None
    detail: str = ""
    model: str = ""
    as_stated: bool = True
    at_unix_s: float = 0.0
    latency_s: float = 0.0
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One member in the view that counts: the one whose proposal was decided, or the last one.

    Attributes
    ----------
    node : int
        Its node.
    member : str
        Its name.
    stance : Stance
        Where it stood.
    reason : str
        Why it failed: a typed reason, such as "timeout" or "status 429".
    detail : str
        The same for people.
    signed : bool
        Whether its vote is in the certificate. A member that rejected may have signed: it saw that a quorum agreed.
    model : str
        Who spoke.
    as_stated : bool
        Whether that was the member's own model, just now.
    latency_s : float
        Of its last call; of one cut off, until then.
    """

    node: int
    member: str
    stance: Stance
    reason: str = ""
    detail: str = ""
    signed: bool = False
    model: str = ""
    as_stated: bool = True
    latency_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view: who proposed what, and how the members took it."""

    number: int
    proposer: int
    answer: str | None
    stances: tuple[Stance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Something that happened while a question was being decided.

    Attributes
    ----------
    at_s : float
        Seconds since the question was put.
    what : str
        asked, proposed, accepted, rejected, unsure, unparseable, failed, decided, no quorum.
    node : int or None
        Who, where it is somebody.
    member : str
        Its name.
    view : int
        In which view.
    detail : str
        The answer proposed, or why it failed.
    """

    at_s: float
    what: str
    node: int | None = None
    member: str = ""
    view: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelAnswer:
    """What became of a question.

    Attributes
    ----------
    id : str
        Names the question in records.
    question : str
        What was asked.
    state : State
        See the top of this file.
    text : str or None
        The answer; None without a quorum.
    why : str
        Why there is no answer: "deadline" or "views exhausted"; empty otherwise.
    proposer : int or None
        Whose answer it is.
    seats : tuple of Seat
        Where each member stood.
    views : tuple of View
        Every view in which something was proposed or tried.
    calls : tuple of Call
        Every call, in the order of their ends.
    certificate : Certificate or None
        What proves the answer.
    latency_s : float
        From question to answer.
    tokens_in, tokens_out : int
        Of all calls, as far as endpoints reported them.
    cost : float or None
        Of all calls; None where a price is not known. What cut-off calls cost, nobody reports.
    dropped : dict of str to int
        Messages between nodes that did not count, by reason.
    """

    id: str
    question: str
    state: State
    text: str | None
    why: str
    proposer: int | None
    seats: tuple[Seat, ...]
    views: tuple[View, ...]
    calls: tuple[Call, ...]
    certificate: Certificate | None
    latency_s: float
    tokens_in: int
    tokens_out: int
    cost: float | None
    dropped: dict[str, int]

    @property
    def answer(self) -> str | None:
        """The answer; None without a quorum."""
        return self.text

    def who(self, stance: Stance) -> tuple[str, ...]:
        """Return the names of the members with a stance."""
        return tuple(seat.member for seat in self.seats if seat.stance is stance)

    def to_json(self) -> dict[str, Any]:
        """Return it in types that JSON knows, without the prompts and replies of single calls."""
        return {
            "id": self.id,
            "question": self.question,
            "state": self.state.value,
            "answer": self.text,
            "why": self.why,
            "proposer": self.proposer,
            "seats": [{**asdict(seat), "stance": seat.stance.value} for seat in self.seats],
            "views": [{**asdict(view), "stances": [stance.value for stance in view.stances]} for view in self.views],
            "latency_s": self.latency_s,
            "calls": len(self.calls),
            "attempts": sum(len(call.attempts) for call in self.calls),
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "cost": self.cost,
            "dropped": self.dropped,
            "certificate": None if self.certificate is None else self.certificate.to_json(),
        }
