"""What is known of a rare event: its probability by strata, with an interval, and what that rests on."""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf

FEW = 100.0  # effective events below which an interval is wide, and the estimate an order of magnitude at best
HEAVY = 0.1  # share of the estimate in a single run above which the weights are too unequal
MATTERS = 0.05  # of the estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """One number of faulty nodes, and of validators that fail by themselves.

    Attributes
    ----------
    faulty : int
        K.
    failing : int or None
        J; None where no validator ever fails, or they are drawn whatever their number.
    weight : float
        P(K = k, J = j).
    runs : int
        Replications that the engine was asked about.
    value, low, high : float
        P(event | K = k, J = j) and its interval; all the same where it is exact, and from 0 to 1 without runs.
    exact : bool
        Whether nothing had to be estimated: the event is impossible, or every fault set was asked about.
    """

    faulty: int
    failing: int | None
    weight: float
    runs: int
    value: float
    low: float
    high: float
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEvent:
    """The estimated probability of a rare outcome.

    Attributes
    ----------
    value, low, high : float
        Probability, and the ends of its interval. Where the event was not met the value is 0 and says nothing: `met`
        is false, and the upper end is all that is known.
    effective_runs : float
        Plain replications that would have told as much; infinity where nothing had to be estimated, and the number of
        drawn replications where the event was never, or always, met among them.
    effective_events : float
        (Σ w)² / Σ w² over the drawn replications with the event, w its weight in the estimate: as many events of equal
        weight would tell as much. Infinity where nothing had to be estimated.
    largest_share : float
        Share of the estimate that a single drawn replication has.
    unsampled : float
        Probability of the strata that were not drawn from; the upper end counts all of it.
    unmet : float
        Probability of the strata that were drawn from and showed no event. The upper end counts what so many runs
        leave possible.
    asked_of_events : int
        Replications that only the event engine could decide, and did.
    untilted : tuple of str
        What had to be drawn as it is, and what can be done about it.
    strata : tuple of Stratum
        By number of faulty nodes, and of validators that fail.
    """

    value: float
    low: float
    high: float
    effective_runs: float
    effective_events: float
    largest_share: float
    unsampled: float
    unmet: float
    asked_of_events: int
    untilted: tuple[str, ...]
    strata: tuple[Stratum, ...]

    @property
    def runs(self) -> int:
        """Replications that the engine was asked about."""
        return sum(stratum.runs for stratum in self.strata)

    @property
    def exact(self) -> bool:
        """Whether nothing had to be estimated."""
        return isinf(self.effective_runs)

    @property
    def met(self) -> bool:
        """Whether the value is one: it is exact, or the event was met."""
        return self.exact or self.value > 0.0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What has to be known to use the estimate, in sentences."""
        said = list(self.untilted)
        if not self.met:
            said.append(
                f"no drawn replication met the event: its probability is not estimated, only bounded by {self.high:.3g}"
            )
        if self.unsampled > MATTERS * self.value:
            said.append(
                f"strata of probability {self.unsampled:.3g} were not drawn from: the upper end counts all of it; more "
                "runs reach them"
            )
        if self.met and not self.exact:
            if self.effective_events < FEW:
                said.append(
                    f"the estimate rests on {self.effective_events:.3g} effective events: more runs would narrow it"
                )
            if self.largest_share > HEAVY:
                said.append(
                    f"one replication carries {100 * self.largest_share:.0f} % of the estimate: weights are unequal, "
                    "and the value may be too low; more runs would tell"
                )
        if self.unmet > MATTERS * self.value and self.high > 2.0 * self.value and self.met:
            said.append(
                f"strata of probability {self.unmet:.3g} showed no event: the upper end counts what their runs leave "
                "possible"
            )
        return tuple(said)
