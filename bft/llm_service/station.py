"""A station of workers with one queue: first come first served, workers that fail and are repaired.

A job whose worker fails goes back to the head of the queue and resumes, with what is left of its work, on the next
worker that is up. What a job means, and who sends it, is left to `service`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from bft.clock import Alarm, Clock
from bft.errors import ScenarioError, bad_value


class Job:
    """One piece of work; whoever brought it is told when it is done (True) or lost (False).

    Attributes
    ----------
    arrived_s : float
        When it came.
    work_s : float
        How long a worker needs for it; as it was brought until its service begins.
    begun : bool
        Whether its service has begun.
    delayed : bool
        Whether it had to queue before its first service.
    regenerates : bool
        Whether it came to an empty station with all workers up: a new cycle, independent of all before it.
    ended : callable or None
        To be told; None once it has left.
    left_s : float
        When it was done; infinity before, and for ever if it was lost or withdrawn.
    served_s : float
        Work that workers had done for it when it left, for whatever reason.
    """

    __slots__ = (
        "alarm",
        "arrived_s",
        "began_s",
        "begun",
        "delayed",
        "ended",
        "left_s",
        "regenerates",
        "rest_s",
        "served_s",
        "work_s",
        "worker",
    )

    def __init__(
        self, now_s: float, work_s: float, ended: Callable[[bool], None], delayed: bool, regenerates: bool
    ) -> None:
        self.ended: Callable[[bool], None] | None = ended
        self.arrived_s = self.began_s = now_s
        self.work_s = self.rest_s = work_s
        self.delayed, self.regenerates = delayed, regenerates
        self.begun = False
        self.left_s = math.inf
        self.served_s = 0.0
        self.worker = -1
        self.alarm: Alarm | None = None


def _unheard(done: bool) -> None:
    """Nobody wants to know how the job ended."""


class Meter(Protocol):
    """Measures a station while it works."""

    def came(self, job: Job) -> None:
        """A job was taken in."""

    def left(self, job: Job, now_s: float) -> None:
        """A job is gone: done, lost or withdrawn."""


class Station:
    """Workers and their queue.

    Parameters
    ----------
    clock : Clock
    workers : int
        1 or more.
    queue : int, optional
        Jobs that may wait; by default any number.
    meter : Meter, optional
        Sees jobs come and go.

    Attributes
    ----------
    in_system : int
        Jobs that wait or are served.
    factor : float
        What the work of a job is multiplied with when its service begins; 1 in ordinary times.
    """

    def __init__(self, clock: Clock, *, workers: int, queue: int | None = None, meter: Meter | None = None) -> None:
        if workers < 1:
            raise ScenarioError(bad_value("endpoint.workers", workers, "must be a whole number, 1 or more"))
        if queue is not None and queue < 0:
            raise ScenarioError(bad_value("endpoint.queue", queue, "must be a whole number, 0 or more"))
        self.clock: Any = clock
        self.workers = workers
        self._cap = math.inf if queue is None else queue
        self._waiting: deque[Job] = deque()
        self._serving: list[Job | None] = [None] * workers
        self._up = [True] * workers
        self._idle = list(range(workers))
        self._up_count = workers
        self._meter = meter
        self.in_system = 0
        self.factor = 1.0

    @property
    def queue_length(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    def submit(self, work_s: float, ended: Callable[[bool], None] = _unheard) -> Job | None:
        """Take in a job, and tell how it ends; None: the queue is full."""
        idle = self._idle
        if not idle and len(self._waiting) >= self._cap:
            return None
        fresh = self.in_system == 0 and self._up_count == self.workers
        job = Job(self.clock._now, work_s, ended, not idle, fresh)
        self.in_system += 1
        if self._meter is not None:
            self._meter.came(job)
        if idle:
            self._serve(idle.pop(), job)
        else:
            self._waiting.append(job)
        return job

    def withdraw(self, job: Job) -> None:
        """Take a job out, wherever it is; one that has ended is not touched."""
        if job.ended is None:
            return
        if job.worker >= 0:
            worker = job.worker
            job.rest_s -= self.clock.now - job.began_s
            self._stop(worker)
            self._free(worker)
        else:
            self._waiting.remove(job)
        self._gone(job)

    def clear(self) -> None:
        """Lose all jobs."""
        lost = [job for job in self._serving if job is not None] + list(self._waiting)
        for job in lost:
            ended = job.ended
            self.withdraw(job)
            if ended is not None:
                ended(False)

    def fail(self, worker: int) -> None:
        """Let a worker go down, busy or idle."""
        self._up[worker] = False
        self._up_count -= 1
        job = self._serving[worker]
        if job is None:
            self._idle.remove(worker)
            return
        self._stop(worker)
        job.rest_s -= self.clock.now - job.began_s
        if self._idle:
            self._serve(self._idle.pop(), job)
        else:
            self._waiting.appendleft(job)

    def repair(self, worker: int) -> None:
        """Let a worker come up again."""
        self._up[worker] = True
        self._up_count += 1
        self._free(worker)

    def _serve(self, worker: int, job: Job) -> None:
        self._serving[worker] = job
        if not job.begun:
            job.begun = True
            job.work_s = job.rest_s = job.work_s * self.factor
        now_s = self.clock._now
        job.worker, job.began_s = worker, now_s
        job.alarm = alarm = Alarm(self.clock, now_s + job.rest_s, self._ring)
        alarm.of = worker

    def _stop(self, worker: int) -> None:
        """Take the job from a worker."""
        job = self._serving[worker]
        assert job is not None, "an idle worker has nothing to stop"
        self._serving[worker] = None
        job.worker, job.alarm = -1, None

    def _ring(self, alarm: Any) -> None:
        worker = alarm.of
        job = self._serving[worker]
        if job is None or job.alarm is not alarm:
            return
        self._serving[worker] = None  # as `_stop`
        job.worker, job.alarm = -1, None
        job.left_s, job.rest_s = self.clock._now, 0.0
        ended = job.ended
        self._gone(job)
        self._free(worker)
        if ended is not None:
            ended(True)

    def _gone(self, job: Job) -> None:
        self.in_system -= 1
        job.ended = None
        job.served_s = job.work_s - job.rest_s
        if self._meter is not None:
            self._meter.left(job, self.clock.now)

    def _free(self, worker: int) -> None:
        """A worker has nothing to do."""
        if not self._up[worker]:
            return
        if self._waiting:
            self._serve(worker, self._waiting.popleft())
        else:
            self._idle.append(worker)
