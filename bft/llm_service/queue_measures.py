"""What a queue was like: L, Lq, W, Wq and P(wait), each with an interval that respects that waits depend on each other.

A job that comes to an empty station with all workers up begins a new cycle, independent of all before it (with
memoryless breakdowns). Sums over cycles are independent, and means are their ratios [1]_. Over a cycle, the sum of all
times in the system is the integral of the number in the system, so L and Lq need no sampling.

References
----------
.. [1] M. A. Crane, A. J. Lemoine, An Introduction to the Regenerative Method for Simulation Analysis, 1977.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bft.errors import ScenarioError, bad_value
from bft.llm_service.station import Job
from bft.operations.intervals import Estimate, RatioSums, ratio_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMeasures:
    """Measured means of one station; names as in `bft.theory.queues.QueueLaw`.

    Attributes
    ----------
    in_system, queue_length : Estimate
        L, and Lq = L − (work brought per second).
    response_s, wait_s : Estimate
        W, and Wq: time in the system beyond the own uninterrupted service.
    delayed : Estimate
        P(wait): share of jobs that found no free worker.
    cycles, jobs : int
        What it rests on.
    """

    in_system: Estimate
    queue_length: Estimate
    response_s: Estimate
    wait_s: Estimate
    delayed: Estimate
    cycles: int
    jobs: int


def measure(jobs: Sequence[Job], *, confidence: float = 0.95) -> QueueMeasures:
    """Measure the complete cycles among jobs in order of arrival.

    Raises
    ------
    ScenarioError
        If there are fewer than two complete cycles: the run was too short, or the station overloaded.
    """
    begins = [place for place, job in enumerate(jobs) if job.regenerates]
    if len(begins) < 3:
        raise ScenarioError(bad_value("jobs", len(jobs), "must hold at least two complete cycles; run for longer"))
    times, counts, responses, waits, delays = [], [], [], [], []
    for begin, end in pairwise(begins):
        cycle = jobs[begin:end]
        times.append(jobs[end].arrived_s - jobs[begin].arrived_s)
        counts.append(float(end - begin))
        stays = [job.left_s - job.arrived_s for job in cycle]
        responses.append(math.fsum(stays))
        waits.append(math.fsum(stay - job.work_s for stay, job in zip(stays, cycle, strict=True)))
        delays.append(float(sum(job.delayed for job in cycle)))
    return QueueMeasures(
        in_system=ratio_estimate(responses, times, confidence=confidence),
        queue_length=ratio_estimate(waits, times, confidence=confidence),
        response_s=ratio_estimate(responses, counts, confidence=confidence),
        wait_s=ratio_estimate(waits, counts, confidence=confidence),
        delayed=ratio_estimate(delays, counts, confidence=confidence),
        cycles=len(times),
        jobs=begins[-1] - begins[0],
    )


class QueueMeter:
    """Measures a station in passing: sums over cycles instead of jobs, so that months cost no memory.

    Jobs that are lost or withdrawn count until they leave; their wait is what was not service. Cycles are independent
    where arrivals, breakdowns and outages have no memory; elsewhere the intervals are approximations.
    """

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._jobs = self._delayed = 0
        self._stay_s = self._wait_s = 0.0
        self._counted = 0
        self._sums = {name: RatioSums() for name in ("in_system", "queue_length", "response_s", "wait_s", "delayed")}

    def came(self, job: Job) -> None:
        """A job was taken in; one that finds the station empty ends the cycle before it."""
        if job.regenerates:
            self._close(job.arrived_s)
        self._jobs += 1

    def left(self, job: Job, now_s: float) -> None:
        """A job is gone."""
        stay_s = now_s - job.arrived_s
        self._stay_s += stay_s
        self._wait_s += max(0.0, stay_s - job.served_s)
        self._delayed += job.delayed

    def measures(self, *, confidence: float = 0.95) -> QueueMeasures | None:
        """Return what complete cycles show; None before there are two."""
        found = {name: sums.estimate(confidence=confidence) for name, sums in self._sums.items()}
        cycles = self._sums["wait_s"].count
        return None if cycles < 2 else QueueMeasures(**found, cycles=cycles, jobs=self._counted)

    def _close(self, now_s: float) -> None:
        if self._began_s is not None:
            length_s, jobs = now_s - self._began_s, float(self._jobs)
            self._counted += self._jobs
            self._sums["in_system"].add(self._stay_s, length_s)
            self._sums["queue_length"].add(self._wait_s, length_s)
            self._sums["response_s"].add(self._stay_s, jobs)
            self._sums["wait_s"].add(self._wait_s, jobs)
            self._sums["delayed"].add(float(self._delayed), jobs)
        self._began_s = now_s
        self._jobs = self._delayed = 0
        self._stay_s = self._wait_s = 0.0
