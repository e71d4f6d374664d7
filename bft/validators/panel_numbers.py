"""The numbers that describe a panel, and where they come from: what a preset holds and a fit writes."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from bft.limits import MOST_OPTIONS
from bft.settings import Settings
from bft.validators.clones import CloneSettings
from bft.validators.error_settings import Errors, IndependentErrorSettings
from bft.validators.quantities import Probabilities, ProbabilityBelowOne

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

    missing_correlation: Interval | None = None
    """Latent correlation of missing answers; None in a fit from before it was known."""

    same_given_wrong: Interval
    """P(same wrong answer | both gave a wrong one)."""


class HeldOutShare(Settings):
    """A probability predicted for held-out questions, and what was seen there."""

    predicted: float
    """Mean over the halves of what the fit to the other half predicts."""

    observed: float
    """Mean over the halves of what is seen in them; the difference is what the model cannot express."""

    standard_error: float | None = None
    """Standard error of what is seen in one half, as a sample of questions."""

    mean_miss: float
    """Mean over the halves of how far a single prediction is off."""

    largest_miss: float
    """How far the worst is off."""

    sampling: float
    """Standard deviation of a miss by sampling alone: where the other half's own share takes the place of the fit."""

    beyond_sampling: float
    """Share of the halves that are off by more than 1.96 times that; about .05 for a model that is right."""

    within: float | None = None
    """Share of the halves that are predicted within 2 points."""

    within_by_half: float | None = None
    """The same where the other half's own share takes the place of the fit: as much as sampling lets that reach."""


class HeldOutCurve(Settings):
    """The quorums along δ = 0 … 0.5, right and wrong, predicted for held-out questions."""

    miss: float
    """Largest mean miss along δ: what the model cannot express."""

    mean_miss: float
    """Mean over the halves of the largest miss along δ of a single one."""

    largest_miss: float
    """The same of the worst half."""

    sampling: float
    """Standard deviation of a miss by sampling alone, at the δ where that is largest."""

    within: float | None = None
    """Share of the halves that are predicted within 3 points all along δ."""

    within_by_half: float | None = None
    """The same where the other half's own curves take the place of the fit."""


class HeldOutSize(Settings):
    """The trial for panels of one size: all the models, or smaller panels of them."""

    n: int
    """Number of nodes."""

    quorum: int
    """Number of equal answers that is a quorum."""

    panels: int | None = None
    """How many smaller panels were averaged; None in a fit from before all of them were."""

    correct: HeldOutShare
    """A quorum on the right answer."""

    wrong: HeldOutShare
    """A quorum on a wrong answer."""

    missing: HeldOutShare
    """No quorum at all."""

    crash: HeldOutCurve
    """Along δ when faulty nodes crash."""

    collude: HeldOutCurve
    """Along δ when faulty nodes back the honest nodes' most frequent wrong answer."""


class HeldOut(Settings):
    """How well a fit to one half of the questions predicts the other half, both ways, for several halvings."""

    splits: int
    """Number of halvings."""

    matched: bool
    """Whether the halves are alike in the share of other models that got their questions right, or random."""

    sizes: tuple[HeldOutSize, ...]
    """For 4, 7 and 10 nodes as far as there are models, and for all of them."""


class FitOutcome(Settings):
    """How often panels of one size end in one way, nobody being faulty."""

    recorded: float
    """On the questions of the table."""

    interval: Interval
    """95 % interval of the share over all questions like these, by resampling the questions."""

    fitted: float
    """By the fit."""

    fitted_interval: Interval
    """95 % interval of that, by fitting resampled questions."""


class FitOutcomes(Settings):
    """What panels of one size decide: all the models, or smaller panels of them."""

    n: int
    """Number of nodes."""

    quorum: int
    """Number of equal answers that is a quorum."""

    correct: FitOutcome
    """A quorum on the right answer."""

    wrong: FitOutcome
    """A quorum on a wrong answer."""

    missing: FitOutcome
    """No quorum at all."""


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

    outcomes: tuple[FitOutcomes, ...] = ()
    """How sure outcomes are; none in a fit from before they were looked at."""


class PanelNumbers(Settings):
    """A panel as numbers."""

    accuracy: Probabilities
    """Probability of a right answer: the mean of the members, or one for each."""

    options: int = Field(ge=1, le=MOST_OPTIONS)
    """Number of wrong answers."""

    errors: Errors = IndependentErrorSettings()
    """Who is right together, and who errs alike."""

    missing: Probabilities = 0.0
    """Probability of no parseable answer, taken from the wrong ones."""

    missing_correlation: ProbabilityBelowOne = 0.0
    """Latent correlation κ of two validators' giving no answer where they are not right."""

    clones: CloneSettings | None = None
    """Who are samples of one model, where several models were fitted."""

    models: tuple[str, ...] = ()
    """The models that were fitted."""

    source: str = ""
    """Where the answers come from."""

    fitted: date | None = None
    """When the fit was made."""

    fit: FitQuality | None = None
    """How sure the numbers are."""
