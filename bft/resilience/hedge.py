"""Hedged requests: when an answer is late, ask again without waiting for it, take the first, cancel the other [1]_.

A hedge cuts the tail of the latency, not failures: a call that fails before its hedge is due fails at once and is
left to `retry`. Hedges add load as retries do, so where there is a retry budget they are paid from it.

Notes: `launched`, `won` (a hedge answered first), `unaffordable` (the budget was spent).

References
----------
.. [1] J. Dean, L. A. Barroso, "The tail at scale", Communications of the ACM 56(2), 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.refusal import require_positive, require_whole
from bft.resilience.effects import Handler, Note, Program, Race, Signal, Sleep, Wait
from bft.resilience.exchange import Answer, Query, Result
from bft.resilience.retry import RetryBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """When to ask again.

    Attributes
    ----------
    delay_s : float
        Lateness after which each further request is sent; about the 95th percentile of the latency is usual [1]_.
    extra : int
        Further requests at most, 1 or more.
    """

    delay_s: float
    extra: int = 1

    def __post_init__(self) -> None:
        require_positive("hedge.delay_s", self.delay_s)
        require_whole("hedge.extra", self.extra, at_least=1)


def hedging(rules: Hedge, inner: Handler, *, level: str = "", budget: RetryBudget | None = None) -> Handler:
    """Wrap a handler in hedges; `budget` pays for them, None if they are free."""

    def handle(query: Query) -> Program[Result]:
        under_way = 1

        def hedge(place: int) -> Program[Result]:
            nonlocal under_way
            yield Sleep(place * rules.delay_s)
            if budget and not budget.withdraw():
                yield Note(policy="hedge", action="unaffordable", level=level)
                yield Wait(Signal())  # no result of its own: the race goes on without it
            under_way += 1
            yield Note(policy="hedge", action="launched", level=level)
            result = yield from inner(query)
            if isinstance(result, Answer):
                yield Note(policy="hedge", action="won", level=level)
            return result

        def decides(result: Result) -> bool:
            nonlocal under_way
            under_way -= 1
            return isinstance(result, Answer) or under_way == 0

        hedges = (hedge(place) for place in range(1, rules.extra + 1))
        result: Result = yield Race((inner(query), *hedges), wins=decides)
        return result

    return handle
