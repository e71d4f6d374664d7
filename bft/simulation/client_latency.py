"""How long clients waited: percentiles of the answered requests, as numbers and in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (50, 90, 95, 99)


def latency_summary(latencies_s: NDArray[np.float64]) -> dict[str, float | int] | None:
    """Return how many requests were answered, and mean, percentiles and maximum of their latencies in seconds.

    Parameters
    ----------
    latencies_s : ndarray of float, shape (answered,)
        Of the answered requests.

    Returns
    -------
    dict or None
        `answered`, `mean_s`, `p50_s`, `p90_s`, `p95_s`, `p99_s`, `max_s`; None where no request was answered. Between
        two measured values percentiles are interpolated linearly, as `numpy.percentile` does.

    Examples
    --------
    >>> latency_summary(np.array([1.0, 2.0, 3.0]))["p50_s"]
    2.0
    """
    if not len(latencies_s):
        return None
    values = np.percentile(latencies_s, PERCENTILES)
    return {
        "answered": len(latencies_s),
        "mean_s": float(latencies_s.mean()),
        **{f"p{percent}_s": float(value) for percent, value in zip(PERCENTILES, values, strict=True)},
        "max_s": float(latencies_s.max()),
    }


def latency_words(latencies_s: NDArray[np.float64], asked: int) -> str:
    """Return the same for reading, and how many of the requests asked it is about."""
    summary = latency_summary(latencies_s)
    if summary is None:
        return "no request was answered"
    unanswered = asked - len(latencies_s)
    told = "" if not unanswered else f" ({unanswered} of {asked} requests never answered, and not counted)"
    if len(latencies_s) == 1:
        return f"{summary['max_s']:.3f} s{told}"
    return ", ".join(_named(summary)) + told


def _named(summary: dict[str, float | int]) -> Sequence[str]:
    """Return the numbers with their names."""
    names = ["mean", *(f"p{percent}" for percent in PERCENTILES), "max"]
    return [f"{name} {summary[f'{name}_s']:.3f} s" for name in names]
