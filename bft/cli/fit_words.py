"""What `bft validators fit` tells people: the numbers with their intervals, and how well they predict."""

from __future__ import annotations

from collections.abc import Sequence

from bft.calibration.fitting import Fit
from bft.experiments.tables import align
from bft.validators.panel_numbers import FitOutcomes, HeldOut, HeldOutCurve, HeldOutShare, Interval, PanelNumbers
from bft.validators.quantities import each_node

NOTES = """\
miss: mean over the halves, predicted − observed; what the model cannot express. s.e.: standard error of what is
observed in one half, as a sample of questions.
one half: mean and largest miss of a single half; ± is where 95 % of the halves would lie if the other half's own
answers were the prediction, so a miss within it may be sampling; beyond is the share of the halves outside, about 5 %
for a model that is right.
within: share of the halves predicted within 2 points, along δ within 3; by half: the same where the other half's own
answers are the prediction: what so many questions tell without any model.
Along δ the largest of the misses for δ = 0 … 0.5 counts. Smaller panels: the mean over all of that size, or 210."""


def readable(found: Fit) -> str:
    """Return the numbers with their intervals, and how well they predict."""
    numbers = found.numbers
    quality = numbers.fit
    assert quality is not None, "a fit says how sure it is"
    parts = [f"{numbers.source}: {quality.questions} questions that all {len(numbers.models)} models answered"]
    parts.append(_members(numbers))
    errors, intervals = found.estimate, quality.intervals
    rows = [
        ["r, correlation of correctness", f"{errors.r:.3f}", _interval(intervals.r)],
        ["ν, share of flawed questions", f"{errors.flawed:.3f}", _interval(intervals.flawed)],
        ["τ, probability of a trap", f"{errors.tau:.3f}", _interval(intervals.tau)],
        ["Kα, of the urn", f"{errors.k_alpha:.2f}", _interval(intervals.k_alpha, digits=2)],
        ["α", f"{errors.k_alpha / numbers.options:.4f}", _interval(intervals.k_alpha, digits=4, by=numbers.options)],
    ]
    if intervals.missing_correlation is not None:
        together = f"{errors.missing_correlation:.3f}"
        rows.append(["κ, correlation of missing answers", together, _interval(intervals.missing_correlation)])
    if (alike := quality.same_given_wrong) is not None:
        rows.append(["P(same wrong answer | both wrong)", f"{alike:.3f}", _interval(intervals.same_given_wrong)])
    if numbers.clones is not None:
        rows.append(["ρ, correlation within a model", f"{numbers.clones.correlation:.3f}", ""])
        rows.append(["P(a sample repeats a wrong answer)", f"{numbers.clones.same_wrong:.3f}", ""])
    parts.append(align([["parameter", "value", "95 % interval"], *rows]))
    parts.append(_outcomes(quality.outcomes))
    parts.append(_trial(quality.held_out))
    return "\n\n".join(parts)


def _members(numbers: PanelNumbers) -> str:
    assert numbers.fit is not None
    size = len(numbers.models)
    shares = each_node("accuracy", numbers.accuracy, size), each_node("missing", numbers.missing, size)
    intervals = numbers.fit.intervals.accuracy
    if isinstance(numbers.accuracy, float):
        row = ["all, alike", f"{shares[0][0]:.4f}", _interval(intervals[0]), f"{shares[1][0]:.4f}"]
        return align([["model", "accuracy", "95 % interval", "missing"], row])
    body = [
        [model, f"{right:.4f}", _interval(interval), f"{missing:.4f}"]
        for model, right, interval, missing in zip(numbers.models, shares[0], intervals, shares[1], strict=True)
    ]
    return align([["model", "accuracy", "95 % interval", "missing"], *body])


def _outcomes(outcomes: Sequence[FitOutcomes]) -> str:
    header = ["n", "quorum", "", "recorded", "95 % interval", "fitted", "95 % interval"]
    body = []
    for size in outcomes:
        shares = (("correct", size.correct), ("wrong", size.wrong), ("missing", size.missing))
        for name, share in shares:
            seen = [f"{100 * share.recorded:.2f}", _interval_of_points(share.interval)]
            fitted = [f"{100 * share.fitted:.2f}", _interval_of_points(share.fitted_interval)]
            body.append([str(size.n), str(size.quorum), name, *seen, *fitted])
    return f"Outcomes of panels, in points, nobody faulty\n{align([header, *body])}"


def _interval_of_points(interval: Interval) -> str:
    return f"{100 * interval[0]:.2f} … {100 * interval[1]:.2f}"


def _trial(kept: HeldOut) -> str:
    halves = "matched in difficulty" if kept.matched else "random"
    title = f"Half of the questions fitted, the other predicted, in points: {kept.splits} halvings, {halves}, both ways"
    header = ["n", "quorum", "", "predicted", "observed", "miss", "s.e."]
    header += ["one half: mean", "largest", "±", "beyond", "within", "by half"]
    body: list[list[str]] = []
    for size in kept.sizes:
        where = [str(size.n), str(size.quorum)]
        shares = (("correct", size.correct), ("wrong", size.wrong), ("missing", size.missing))
        body += [[*where, name, *_share(share)] for name, share in shares]
        curves = (("along δ, crash", size.crash), ("along δ, collude", size.collude))
        body += [[*where, name, *_curve(curve)] for name, curve in curves]
    return f"{title}\n{align([header, *body])}\n\n{NOTES}"


def _share(share: HeldOutShare) -> list[str]:
    points = [share.predicted, share.observed]
    miss = 100.0 * (share.predicted - share.observed)
    single = [share.mean_miss, share.largest_miss, 1.96 * share.sampling]
    shown = [*(f"{100.0 * each:.2f}" for each in points), f"{miss:+.2f}", _points(share.standard_error)]
    shown += [f"{100.0 * each:.2f}" for each in single]
    return [*shown, f"{share.beyond_sampling:.0%}", _percent(share.within), _percent(share.within_by_half)]


def _curve(curve: HeldOutCurve) -> list[str]:
    shown = [curve.miss, curve.mean_miss, curve.largest_miss, 1.96 * curve.sampling]
    points = [f"{100.0 * each:.2f}" for each in shown]
    return ["", "", points[0], "", *points[1:], "", _percent(curve.within), _percent(curve.within_by_half)]


def _points(share: float | None) -> str:
    return "" if share is None else f"{100.0 * share:.2f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _interval(interval: Interval, *, digits: int = 3, by: int = 1) -> str:
    low, high = (f"{end / by:.{digits}f}" for end in interval)
    return f"{low} … {high}"
