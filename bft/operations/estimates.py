"""Reliability figures of what was observed: P(Fault), recovery rate, MTBF, MTTR, availability, each with an interval.

From a record of stretches up and down. MTBF is the mean up time, as in MTBF / (MTBF + MTTR). Its interval, and that of
MTTR, are exact for exponential times (a Poisson count over the time at risk), so that they also say something when
little or nothing failed, and use what was still going on at the end. For other laws ask for `law="any"`: the central
limit theorem over complete stretches. Availability's interval is by the delta method over complete cycles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bft.core.refusal import require, require_not_negative
from bft.operations.intervals import Estimate, mean_estimate, rate_estimate, ratio_estimate, share_estimate

Law = Literal["exponential", "any"]


class NodeRecord:
    """The stretches of one node, which is up at the start; times never go back.

    Attributes
    ----------
    ups_s, downs_s : list of float
        Complete stretches.
    """

    __slots__ = ("_since_s", "downs_s", "start_s", "up", "ups_s")

    def __init__(self, *, start_s: float = 0.0) -> None:
        self.start_s = self._since_s = start_s
        self.up = True
        self.ups_s: list[float] = []
        self.downs_s: list[float] = []

    def change(self, at_s: float, *, up: bool) -> None:
        """Note that the node went down, or came up again."""
        require(up != self.up, "node_record.up", up, "must change: the node is so already")
        require(at_s >= self._since_s, "node_record.at_s", at_s, f"must be at least {self._since_s}")
        (self.ups_s if self.up else self.downs_s).append(at_s - self._since_s)
        self._since_s = at_s
        self.up = up

    def unfinished_s(self, end_s: float) -> float:
        """Return how long the last stretch has lasted."""
        return end_s - self._since_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Figures of a set of nodes.

    Attributes
    ----------
    p_fault : Estimate
        P(Fault) = N_F / N_S: the share of nodes that failed at least once.
    recovery_rate : Estimate
        R = N_R / N_F: the share of failures that were repaired by the end.
    mtbf_s, mttr_s : Estimate
        Mean time up between failures, and down until repair.
    availability : Estimate
        Share of time up.
    failures, repairs : int
    observed_s : float
        Node-seconds.
    """

    p_fault: Estimate
    recovery_rate: Estimate
    mtbf_s: Estimate
    mttr_s: Estimate
    availability: Estimate
    failures: int
    repairs: int
    observed_s: float


def reliability(
    records: Sequence[NodeRecord], *, end_s: float, law: Law = "exponential", confidence: float = 0.95
) -> Reliability:
    """Estimate what the records show at `end_s`.

    Raises
    ------
    ScenarioError
        If there are no records, or observation ended before it began.
    """
    require(len(records) > 0, "records", list(records), "must have at least one node")
    require(law in ("exponential", "any"), "law", law, "must be 'exponential' or 'any'")
    for record in records:
        require_not_negative("end_s", record.unfinished_s(end_s))
    ups = [stretch for record in records for stretch in record.ups_s]
    downs = [stretch for record in records for stretch in record.downs_s]
    open_up_s = math.fsum(record.unfinished_s(end_s) for record in records if record.up)
    open_down_s = math.fsum(record.unfinished_s(end_s) for record in records if not record.up)
    up_s, down_s = math.fsum(ups) + open_up_s, math.fsum(downs) + open_down_s
    failed = sum(1 for record in records if record.ups_s)
    if law == "exponential":
        mtbf_s = rate_estimate(len(ups), up_s, confidence=confidence).inverse()
        mttr_s = rate_estimate(len(downs), down_s, confidence=confidence).inverse()
    else:
        mtbf_s, mttr_s = mean_estimate(ups, confidence=confidence), mean_estimate(downs, confidence=confidence)
    return Reliability(
        p_fault=share_estimate(failed, len(records), confidence=confidence),
        recovery_rate=share_estimate(len(downs), len(ups), confidence=confidence),
        mtbf_s=mtbf_s,
        mttr_s=mttr_s,
        availability=_availability(records, up_s, down_s, confidence),
        failures=len(ups),
        repairs=len(downs),
        observed_s=up_s + down_s,
    )


def _availability(records: Sequence[NodeRecord], up_s: float, down_s: float, confidence: float) -> Estimate:
    """Share of all time observed; the interval is that of complete cycles about it, and [0, 1] without two of them."""
    cycles = [cycle for record in records for cycle in zip(record.ups_s, record.downs_s, strict=False)]
    value = up_s / (up_s + down_s) if up_s + down_s > 0.0 else math.nan
    if len(cycles) < 2:
        return Estimate(value, 0.0, 1.0, len(cycles))
    by_cycle = ratio_estimate([up for up, _ in cycles], [up + down for up, down in cycles], confidence=confidence)
    half = by_cycle.high - by_cycle.value
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), len(cycles))
