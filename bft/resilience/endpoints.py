"""What an LLM service is made of: endpoints, providers, and what may disturb them; frozen and checked.

How they run is left to the simulation, how they are asked to the policies beside this file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from bft.arguments import check_positive
from bft.durations import Constant, Exponential, Lifetime, Lognormal
from bft.errors import ScenarioError, bad_value
from bft.resilience.limits import RateLimit

ServiceTime = Annotated[Exponential | Constant | Lognormal, Field(discriminator="law")]
"""How long a worker needs for a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdowns:
    """Workers that fail by themselves, busy or idle, and are repaired."""

    up: Lifetime
    """How long a worker runs until it fails."""

    down: Lifetime
    """How long its repair takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """A window of time in which an endpoint refuses calls, hangs or is slow.

    Attributes
    ----------
    start_s, end_s : float
        Start included, end not; 0 ≤ start < end < infinity.
    kind : {"refuse", "hang", "slow"}
        Answers 503 at once and loses what it was doing; accepts calls and says nothing until the end; takes `factor`
        times as long for calls that it begins.
    factor : float
        Positive; of "slow" only.
    """

    start_s: float
    end_s: float
    kind: Literal["refuse", "hang", "slow"] = "refuse"
    factor: float = 4.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.start_s < self.end_s < math.inf:
            allowed = f"must be finite and after disturbance.start_s, {self.start_s}, which is 0 or more"
            raise ScenarioError(bad_value("disturbance.end_s", self.end_s, allowed))
        if self.kind not in ("refuse", "hang", "slow"):
            raise ScenarioError(bad_value("disturbance.kind", self.kind, "must be 'refuse', 'hang' or 'slow'"))
        check_positive("disturbance.factor", self.factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One model behind one address.

    Attributes
    ----------
    name : str
        The model's name, as queries use it.
    workers : int
        Calls served at a time, 1 or more.
    time : ServiceTime
        How long each takes.
    queue : int or None
        Calls that may wait; None: any number. What finds the queue full is answered 503.
    rate_limit : RateLimit or None
        What exceeds it waits for its turn, or is answered 429 with Retry-After where that would take longer than
        `max_wait_s`.
    p_error : float
        Share of calls answered 500 after the time they took.
    breakdowns : Breakdowns or None
        Of each worker by itself.
    disturbances : tuple of Disturbance
        Not overlapping.
    provider : str
        Endpoints with one provider share its outages.
    notices_cancel : bool
        Whether a call that is given up frees its worker.
    """

    name: str
    workers: int = 1
    time: ServiceTime
    queue: int | None = None
    rate_limit: RateLimit | None = None
    p_error: float = 0.0
    breakdowns: Breakdowns | None = None
    disturbances: tuple[Disturbance, ...] = ()
    provider: str = ""
    notices_cancel: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            raise ScenarioError(bad_value("endpoint.name", self.name, "must not be empty"))
        if self.workers < 1:
            raise ScenarioError(bad_value("endpoint.workers", self.workers, "must be a whole number, 1 or more"))
        if self.queue is not None and self.queue < 0:
            raise ScenarioError(bad_value("endpoint.queue", self.queue, "must be a whole number, 0 or more"))
        if not 0.0 <= self.p_error <= 1.0:
            raise ScenarioError(bad_value("endpoint.p_error", self.p_error, "must be between 0 and 1"))
        ordered = sorted(self.disturbances, key=lambda each: each.start_s)
        for earlier, later in pairwise(ordered):
            if later.start_s < earlier.end_s:
                allowed = f"must not be before {earlier.end_s}, when the one before it ends"
                raise ScenarioError(bad_value("endpoint.disturbances.start_s", later.start_s, allowed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who runs endpoints: random outages that refuse all calls to all of them.

    Attributes
    ----------
    name : str
        As endpoints use it.
    up, down : Lifetime
        Between outages, and of each.
    stationary : bool
        Whether it starts as one finds it at a random moment, up or down, instead of up; for exponential laws only.
    """

    name: str
    up: Lifetime
    down: Lifetime
    stationary: bool = False

    def __post_init__(self) -> None:
        if self.stationary and not self.up.shape == self.down.shape == 1.0:
            raise ScenarioError(bad_value("provider.stationary", True, "needs up and down of shape 1"))

    @property
    def availability(self) -> float:
        """Share of time up, in the long run."""
        return self.up.mean_s / (self.up.mean_s + self.down.mean_s)
