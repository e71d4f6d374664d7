"""What became of the operator's requests to change the members: whether each was answered, how, and took effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bft.core.lean import lean
from bft.membership.machine import OPERATOR
from bft.membership.settings import MemberChange
from bft.simulation.clients import Clients


@lean(kw_only=True)
class ChangeTold:
    """One change that the operator asked for.

    Attributes
    ----------
    at_s : float
        When it was due.
    operation : str
        What was asked.
    answered_at_s : float or None
        When f + 1 members had given the same reply; the operator asks for the next change then.
    reply : str or None
        That reply.
    effective_at_s : float or None
        From when on the members were as asked, at the earliest when it was answered; None if that never came.
    """

    at_s: float
    operation: str
    answered_at_s: float | None
    reply: str | None
    effective_at_s: float | None

    def to_json(self) -> dict[str, float | str | None]:
        """Return all fields."""
        return asdict(self)

    def __str__(self) -> str:
        asked = f"{self.operation} (at {self.at_s:g} s)"
        if self.effective_at_s is not None:
            return f"{asked} took effect at {self.effective_at_s:.3f} s"
        if self.answered_at_s is None:
            return f"{asked} was never executed"
        if self.reply is not None and self.reply.startswith("error"):
            return f"{asked} never took effect: {self.reply}"
        return f"{asked} was executed at {self.answered_at_s:.3f} s and never took effect: no epoch with it began"


def changes_told(changes: Sequence[MemberChange], clients: Clients) -> tuple[ChangeTold, ...]:
    """Return what became of each change."""
    return tuple(_told(number, change, clients) for number, change in enumerate(changes, 1))


def _told(number: int, change: MemberChange, clients: Clients) -> ChangeTold:
    answered_at_s, reply = clients.told.get((OPERATOR, number), (None, None))
    effective_at_s = None
    if answered_at_s is not None and reply is not None and reply.startswith("ok"):
        effective_at_s = _effective_at_s(change, clients.epochs, answered_at_s)
    return ChangeTold(
        at_s=change.at_s,
        operation=change.operation,
        answered_at_s=answered_at_s,
        reply=reply,
        effective_at_s=effective_at_s,
    )


def _effective_at_s(
    change: MemberChange, epochs: Sequence[tuple[float, frozenset[int]]], answered_at_s: float
) -> float | None:
    """Return when the members were first as asked, in the epoch of the answer or in a later one."""
    for place, (since_s, members) in enumerate(epochs):
        over = place + 1 < len(epochs) and epochs[place + 1][0] <= answered_at_s
        wanted = (change.add is None or change.add in members) and (
            change.remove is None or change.remove not in members
        )
        if wanted and not over:
            return max(since_s, answered_at_s)
    return None
