"""Linearizability of what clients saw: whether one order of all requests explains every answer (Wing & Gong, 1993).

Nothing inside the system is looked at: a history holds only when each request was made, when its answer came and what
it was. The search puts requests in order one by one. The next one must have been made before any other that is left
was answered; its answer must be what the service says there; a request without an answer may have taken effect at any
time, or never. What was tried (the set of requests placed and the state reached) is not tried again (Lowe, 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from bft.core.request import Request, RequestKey

Accepts = Callable[[Hashable, str | None], Hashable | None]
"""From a state and an answer (None: unknown) to the next state, or None if the service would not have said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of a client."""

    name: str
    """What to call it in a message."""
    answered: int | None = None
    """How many requests had been made, by all clients, when its answer came; None if none did."""
    result: str | None = None
    """The answer."""


def ledger_accepts(state: Hashable, result: str | None) -> Hashable | None:
    """Judge the answers of `bft.checking.ledger`: they begin with the number of requests executed until then."""
    assert isinstance(state, int)
    after = state + 1
    if result is None or result.startswith(f"{after}. "):
        return after
    return None


def history_of(requests: Sequence[Request], answered: Mapping[RequestKey, tuple[int, str]]) -> list[Call]:
    """Return the history of a run, from the requests in the order in which they were made."""
    calls = []
    for request in requests:
        at, result = answered.get(request.key, (None, None))
        calls.append(Call(name=f"request {request.timestamp} of {request.client}", answered=at, result=result))
    return calls


def fault_in(history: Sequence[Call], accepts: Accepts, initial: Hashable) -> str | None:
    """Return what no order explains, or None if there is one that explains all.

    Parameters
    ----------
    history : sequence of Call
        In the order in which the requests were made.
    accepts : callable
        The service.
    initial : hashable
        Its first state.
    """
    wanted = sum(1 << place for place, call in enumerate(history) if call.answered is not None)
    tried: set[tuple[int, Hashable]] = set()
    stack: list[tuple[int, Hashable]] = [(0, initial)]
    most = 0
    while stack:
        placed, state = stack.pop()
        if placed & wanted == wanted:
            return None
        if (placed, state) in tried:
            continue
        tried.add((placed, state))
        most = max(most, (placed & wanted).bit_count())
        for place in _next(history, placed):
            after = accepts(state, history[place].result)
            if after is not None:
                stack.append((placed | 1 << place, after))
    answers = [call for call in history if call.answered is not None]
    told = "; ".join(f"{call.name}: {call.result!r}" for call in answers[:6])
    return f"no order of the requests explains these answers ({most} of {len(answers)} at most): {told}"


def _next(history: Sequence[Call], placed: int) -> list[int]:
    """Return which requests may come next: those made before any that is left was answered."""
    left: list[int] = []
    bound = len(history)
    place = (~placed & placed + 1).bit_length() - 1  # the first one that is left
    while place < bound:
        if not placed >> place & 1:
            left.append(place)
            bound = min(bound, history[place].answered or bound)
        place += 1
    return left[::-1]  # the stack takes the oldest first
