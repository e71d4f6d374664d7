"""What was said to a panel's members and by them: calls, and the attempts that they took. Data only."""

from __future__ import annotations

from dataclasses import dataclass


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
    form : str
        In which form a reply was asked for: schema, grammar, tool or text.
    """

    model: str
    latency_s: float
    failure: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    form: str = "text"


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
    confidence : float or None
        The same, where a member is asked how sure it is.
    form : str
        In which form the reply was asked for: schema, grammar, tool or text.
    read_by : str
        The rule by which an answer or a verdict was read; empty where nothing was.
    failure : str or None
        Why nothing came back; "cancelled" when it was no longer needed, "deadline" when it would have come too late.
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
    confidence: float | None = None
    form: str = "text"
    read_by: str = ""
    failure: str | None = None
    detail: str = ""
    model: str = ""
    as_stated: bool = True
    at_unix_s: float = 0.0
    latency_s: float = 0.0
    attempts: tuple[Attempt, ...] = ()
