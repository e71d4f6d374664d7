"""Calls that their first attempt answers, which are nearly all, without a program.

`Pipeline.ask` is a chain of generators, and for such a call none of them decides anything: the breaker is closed, the
first level is asked, and it answers in time. Starting, resuming and ending the chain takes most of the time of the
call. This file does to the policies' state what the chain does on that way, and notes the same. A call that leaves the
way goes on in the program, which is told what has happened (`Begun`) and takes it from there.

Not every pipeline has such a way: cache, hedge, limits and chaos decide something about every call, and so does a
breaker that counts attempts.
"""

from __future__ import annotations

from bft.core.lean import maker
from bft.resilience.breaker import CircuitBreaker, State, Ticket
from bft.resilience.effects import Note
from bft.resilience.exchange import Answer, Begun, Provenance, Source
from bft.resilience.retry import Retry, RetryBudget, attempt_s

new_answer = maker(Answer)
_UNGUARDED = Ticket(0)


class FirstAttempt:
    """The first attempt of each call of one pipeline.

    Parameters
    ----------
    level, model : str
        The first level, and whom it asks.
    retry, breaker, budget : optional
        What it has of these.

    Attributes
    ----------
    model : str
        Whom it asks.
    timeout_s : float
        How long it may take.
    ignored, answered : Note
        What is noted of an answer: that it came too late for the breaker, and in any case.
    """

    def __init__(
        self,
        level: str,
        model: str,
        *,
        retry: Retry | None,
        breaker: CircuitBreaker | None,
        budget: RetryBudget | None,
    ) -> None:
        self.model = model
        self.timeout_s = attempt_s(retry)
        self._breaker, self._budget = breaker, budget
        self._provenance = Provenance(level=level, model=model)
        self.ignored = Note(policy="breaker", action="ignored", level=level)
        self.answered = tuple(
            [
                Note(policy=by, action="answered", level=level, reason=Source.MODEL.value)
                for by in ("fallback", "pipeline")
            ]
        )

    def begin(self, now_s: float) -> Begun | None:
        """Let a call in; None: the program is to decide."""
        ticket, breaker = _UNGUARDED, self._breaker
        if breaker is not None:
            if breaker.state is not State.CLOSED:
                return None
            ticket = Ticket(breaker.generation)
        if self._budget is not None:
            self._budget.deposit()
        return Begun(ticket, now_s)

    def counts(self, begun: Begun, now_s: float) -> bool:
        """Count an answer; False: it came too late for the breaker."""
        return self._breaker is None or self._breaker.settle(begun.ticket, True, now_s)

    def answer(self, result: Answer) -> Answer:
        """Return what the program makes of what a model said."""
        return new_answer(
            text=result.text, attempts=result.attempts, provenance=self._provenance, readable=result.readable
        )
