"""What a live panel returns: the answer, who stood where, and what it cost. Data only.

| state     | meaning |
|-----------|---------|
| decided   | the votes that were signed decide by the panel's rule, and nobody failed |
| degraded  | the same, but at least one member could not take part as stated, or a minority of the seats decided |
| no_quorum | nothing was decided by the deadline, in all views, or by the votes of all: there is no answer |

In PBFT, and in ballots with a quorum, votes that decide are those of a quorum; what other rules promise is said in
`rule_settings`. A member takes part as stated if its own model proposed, or said accept, reject or unsure; in a ballot,
if it gave an answer and, where answers are judged, a verdict on each that it was asked about. It does not if its call
failed, if nobody could read what it said, or if a fallback model or an old cached reply spoke for it; in a ballot it
then abstains, and an answer may win with fewer votes than it looks. One that was `late`, still at work when the result
stood and cut off because it was no longer needed, has not failed: it is listed, and does not degrade the result. One
that failed in an earlier view and has not spoken since has failed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from bft.live.certificate import Certificate
from bft.live.transcript import Call


class State(Enum):
    """What became of a question; see the table above."""

    DECIDED = "decided"
    DEGRADED = "degraded"
    NO_QUORUM = "no_quorum"


class Stance(Enum):
    """Where a member stood: in a view of PBFT, or towards what a ballot decided."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    ANSWERED = "answered"
    """It voted in a ballot that decided nothing."""
    AGREED = "agreed"
    """It gave the answer that a ballot decided, or approved of it."""
    DISSENTED = "dissented"
    """It gave another answer and, where answers are judged, rejected this one."""
    UNPARSEABLE = "unparseable"
    LATE = "late"
    FAILED = "failed"
    NOT_ASKED = "not asked"


EXCERPT_CHARS = 200
"""So much of a reply that nobody could read is shown."""

SPOKE = frozenset({Stance.PROPOSED, Stance.ACCEPTED, Stance.REJECTED, Stance.UNSURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One member: in a ballot, or in the view that counts, whose proposal was decided or else the last one.

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
    answer : str or None
        The answer that it gave by itself, where it was asked for one.
    vote : str or None
        What that answer was a vote for in a ballot: its form, or that of an answer before it that is the same.
    confidence : float or None
        How sure it said it is, where that counts.
    approved : tuple of str
        Answers of others of which it approved, where the rule has answers judged.
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
    answer: str | None = None
    vote: str | None = None
    confidence: float | None = None
    approved: tuple[str, ...] = ()


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
        asked, proposed, accepted, rejected, unsure, unparseable, failed, decided, no quorum; in a ballot answered and
        approved instead of proposed and accepted.
    node : int or None
        Who, where it is somebody.
    member : str
        Its name.
    view : int
        In which view.
    detail : str
        The answer given, proposed or judged, or why it failed.
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
    rule : str or dict
        By what rule, as `PanelSettings.rule` reads it.
    state : State
        See the top of this file.
    text : str or None
        The answer, in the words of the member who gave it; None where nothing was decided.
    why : str
        Why there is no answer: "deadline", "spend", "views exhausted" or "the votes decide nothing"; empty otherwise.
    proposer : int or None
        Whose answer it is; in a ballot the lowest-numbered node that gave it, in whose words it is shown.
    seats : tuple of Seat
        Where each member stood.
    views : tuple of View
        Every view in which something was proposed or tried; none in a ballot.
    calls : tuple of Call
        Every call that had ended, in the order of their ends. Calls that run on for the record (`finish`), and what
        they cost, are in the record alone.
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
    caveats : tuple of str
        What the panel's rule does not promise, as `bft.live.caveats` says; empty for most panels.
    """

    id: str
    question: str
    rule: str | dict[str, Any]
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
    caveats: tuple[str, ...] = ()

    @property
    def answer(self) -> str | None:
        """The answer; None without a quorum."""
        return self.text

    @property
    def unreadable(self) -> Call | None:
        """One call whose reply nobody could read, for people to look at; None: all were read."""
        asked = (call for call in self.calls if call.role in ("answer", "judge") and call.text is not None)
        return next((call for call in asked if call.answer is None and call.verdict is None), None)

    def who(self, stance: Stance) -> tuple[str, ...]:
        """Return the names of the members with a stance."""
        return tuple(seat.member for seat in self.seats if seat.stance is stance)

    def to_json(self) -> dict[str, Any]:
        """Return it in types that JSON knows, without the prompts and replies of single calls."""
        return {
            "id": self.id,
            "question": self.question,
            "rule": self.rule,
            "state": self.state.value,
            "caveats": list(self.caveats),
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
            "unreadable": _excerpt(self.unreadable),
            "certificate": None if self.certificate is None else self.certificate.to_json(),
        }


def _excerpt(call: Call | None) -> dict[str, Any] | None:
    """Return how the reply of a call begins, and whose it is."""
    if call is None or call.text is None:
        return None
    return {"member": call.member, "role": call.role, "form": call.form, "text": call.text[:EXCERPT_CHARS]}
