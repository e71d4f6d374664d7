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
from bft.operations.intervals import Estimate, ratio_estimate
from bft.simulation.service_station import Job


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
