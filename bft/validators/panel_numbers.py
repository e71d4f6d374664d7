"""The numbers that describe a panel, and where they come from: what a preset holds and a fit writes."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from bft.settings import Settings
from bft.validators.error_settings import Errors, IndependentErrorSettings
from bft.validators.quantities import Probabilities

Interval = tuple[float, float]


class FitIntervals(Settings):
    """95 % intervals of what was estimated, by resampling the questions."""

    accuracy: tuple[Interval, ...]
    """Probability of a right answer of each model, or of their mean alone."""

    r: Interval
    """Latent correlation of correctness."""

    flawed: Interval
    """Share of flawed questions."""

    tau: Interval
    """Probability of a trap."""

    k_alpha: Interval
    """Kα of the urn; infinity means that nobody copies."""

    same_given_wrong: Interval
    """P(same wrong answer | both gave a wrong one)."""


class HeldOutShare(Settings):
    """A probability predicted for questions kept aside, and what was seen there."""

    predicted: float
    """Mean over the halves of what the fit to the other half predicts."""

    observed: float
    """Mean over the halves of what is seen in them."""

    spread: float
    """Standard deviation of the error in a single half, most of which is the sampling of questions."""

    sampling: float
    """The same where the other half's own share takes the place of the fit: what no model can do without."""


class HeldOut(Settings):
    """How well a fit to one half of the questions predicts the other half, both ways, for several splits."""

    splits: int
    """Number of random halvings."""

    quorum: int
    """Number of equal answers that is a quorum."""

    correct: HeldOutShare
    """A quorum on the right answer."""

    wrong: HeldOutShare
    """A quorum on a wrong answer."""

    missing: HeldOutShare
    """No quorum at all."""

    largest_error_crash: float
    """Largest mean error of the two quorums along δ = 0 … 0.5 when faulty nodes crash."""

    largest_error_collude: float
    """The same when faulty nodes back the honest nodes' most frequent wrong answer."""


class FitQuality(Settings):
    """How sure a fit is, and how well it predicts."""

    questions: int
    """Number of questions that the panel answered in full."""

    seed: int
    """Seed of the resamples and splits."""

    resamples: int
    """Number of resamples behind the intervals."""

    same_given_wrong: float | None = None
    """P(same wrong answer | both gave a wrong one), as counted."""

    intervals: FitIntervals
    """How sure the estimates are."""

    held_out: HeldOut
    """How well they predict."""


class PanelNumbers(Settings):
    """A panel as numbers."""

    accuracy: Probabilities
    """Probability of a right answer: the mean of the members, or one for each."""

    options: int = Field(ge=1)
    """Number of wrong answers."""

    errors: Errors = IndependentErrorSettings()
    """Who is right together, and who errs alike."""

    missing: Probabilities = 0.0
    """Probability of no parseable answer, taken from the wrong ones."""

    models: tuple[str, ...] = ()
    """The models that were fitted."""

    source: str = ""
    """Where the answers come from."""

    fitted: date | None = None
    """When the fit was made."""

    fit: FitQuality | None = None
    """How sure the numbers are."""
