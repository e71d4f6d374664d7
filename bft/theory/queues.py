"""Closed forms of queues: what a shared LLM service makes its callers wait.

Arrivals are Poisson, the queue is first come first served and unbounded. Servers may break down, busy or idle, and
are repaired independently; the customer in service then resumes on the next server that is up. Networks of queues,
priorities, impatience and bounded queues are left to simulation.

References
----------
.. [1] L. Kleinrock, Queueing Systems, Volume 1, 1975: M/M/1, M/M/c (§3.5), M/M/c/c (§3.6), M/G/1 (§5.6).
.. [2] B. Avi-Itzhak, P. Naor, "Some queuing problems with the service station subject to breakdown", Operations
   Research 11(3), 1963: one server with breakdowns.
.. [3] I. L. Mitrany, B. Avi-Itzhak, "A many-server queue with service interruptions", Operations Research 16(3), 1968.
.. [4] G. Latouche, V. Ramaswami, "A logarithmic reduction algorithm for quasi-birth-death processes", Journal of
   Applied Probability 30(3), 1993.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.core.refusal import require_whole
from bft.errors import ScenarioError, bad_value
from bft.theory.ranges import positive

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLaw:
    """Stationary means of one queue; times in seconds, counts in customers.

    Attributes
    ----------
    utilisation : float
        Offered load over mean capacity, in (0, 1).
    wait_s : float
        Wq: mean time in the system beyond the mean time of an uninterrupted service.
    response_s : float
        W: mean time in the system.
    queue_length : float
        Lq = λ Wq.
    in_system : float
        L = λ W.
    """

    utilisation: float
    wait_s: float
    response_s: float
    queue_length: float
    in_system: float


def mm1(*, arrival_per_s: float, service_per_s: float) -> QueueLaw:
    """One server, exponential service: Wq = ρ / (μ − λ).

    Examples
    --------
    >>> law = mm1(arrival_per_s=0.8, service_per_s=1.0)
    >>> round(law.wait_s, 9), round(law.in_system, 9)
    (4.0, 4.0)
    """
    return mmc(arrival_per_s=arrival_per_s, service_per_s=service_per_s, servers=1)


def mmc(*, arrival_per_s: float, service_per_s: float, servers: int) -> QueueLaw:
    """Several servers, exponential service: Wq = P(wait) / (cμ − λ) [1]_."""
    p_wait = erlang_c(arrival_per_s=arrival_per_s, service_per_s=service_per_s, servers=servers)
    wait_s = p_wait / (servers * service_per_s - arrival_per_s)
    return _law(arrival_per_s, 1.0 / service_per_s, wait_s, arrival_per_s / (servers * service_per_s))


def erlang_b(*, arrival_per_s: float, service_per_s: float, servers: int) -> float:
    """P(blocked) of M/G/c/c: nobody waits, and who finds all servers busy is turned away [1]_.

    B = (aᶜ/c!) / Σ_{k≤c} aᵏ/k! with the offered load a = λ/μ, which may exceed the servers. The mean service time 1/μ
    is all that matters of the service. By the recursion B₀ = 1, B_k = a B_{k−1} / (k + a B_{k−1}), which neither
    overflows nor cancels.

    Examples
    --------
    >>> round(erlang_b(arrival_per_s=5.0, service_per_s=1.0, servers=10), 6)
    0.018385
    """
    positive(arrival_per_s=arrival_per_s, service_per_s=service_per_s)
    _at_least_one(servers)
    offered = arrival_per_s / service_per_s
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked


def erlang_c(*, arrival_per_s: float, service_per_s: float, servers: int) -> float:
    """P(wait) of M/M/c: C = B / (1 − ρ (1 − B)), with Erlang's B and ρ = λ/(cμ) [1]_."""
    blocked = erlang_b(arrival_per_s=arrival_per_s, service_per_s=service_per_s, servers=servers)
    _stable(arrival_per_s, servers * service_per_s)
    return blocked / (1.0 - arrival_per_s / service_per_s / servers * (1.0 - blocked))


def mg1(*, arrival_per_s: float, service_mean_s: float, service_second_moment_s2: float) -> QueueLaw:
    """One server, any service time S: Wq = λ E[S²] / (2 (1 − ρ)), the Pollaczek-Khinchine formula [1]_."""
    positive(arrival_per_s=arrival_per_s, service_mean_s=service_mean_s)
    if not service_second_moment_s2 >= service_mean_s**2 * (1.0 - 1e-12):
        allowed = f"must be at least the square of the mean, {service_mean_s**2}"
        raise ScenarioError(bad_value("service_second_moment_s2", service_second_moment_s2, allowed))
    _stable(arrival_per_s, 1.0 / service_mean_s)
    utilisation = arrival_per_s * service_mean_s
    wait_s = arrival_per_s * service_second_moment_s2 / (2.0 * (1.0 - utilisation))
    return _law(arrival_per_s, service_mean_s, wait_s, utilisation)


def md1(*, arrival_per_s: float, service_per_s: float) -> QueueLaw:
    """One server, constant service time: also the wait before a rate limiter of burst 1."""
    positive(service_per_s=service_per_s)
    mean_s = 1.0 / service_per_s
    return mg1(arrival_per_s=arrival_per_s, service_mean_s=mean_s, service_second_moment_s2=mean_s**2)


def lognormal_moments(*, log_mean: float, log_sd: float) -> tuple[float, float]:
    """E[S] and E[S²] of a lognormal service time."""
    positive(log_sd=log_sd)
    return math.exp(log_mean + log_sd**2 / 2.0), math.exp(2.0 * log_mean + 2.0 * log_sd**2)


def mm1_breakdowns(
    *, arrival_per_s: float, service_per_s: float, failure_per_s: float, repair_per_s: float
) -> QueueLaw:
    """One server that fails at rate α, busy or idle, and is repaired at rate β [2]_.

    L = λ [(α+β)² + αμ] / ((α+β) [βμ − λ(α+β)]).
    """
    positive(
        arrival_per_s=arrival_per_s,
        service_per_s=service_per_s,
        failure_per_s=failure_per_s,
        repair_per_s=repair_per_s,
    )
    turnover = failure_per_s + repair_per_s
    _stable(arrival_per_s, service_per_s * repair_per_s / turnover)
    slack = repair_per_s * service_per_s - arrival_per_s * turnover
    in_system = arrival_per_s * (turnover**2 + failure_per_s * service_per_s) / (turnover * slack)
    wait_s = in_system / arrival_per_s - 1.0 / service_per_s
    return _law(arrival_per_s, 1.0 / service_per_s, wait_s, arrival_per_s * turnover / (service_per_s * repair_per_s))


def mmc_breakdowns(
    *, arrival_per_s: float, service_per_s: float, servers: int, failure_per_s: float, repair_per_s: float
) -> QueueLaw:
    r"""Several servers, each failing at rate α, busy or idle, and repaired at rate β, independently [3]_.

    The pair (customers, servers up) is a quasi-birth-death process. From c customers on its rates no longer depend on
    their number, so π_{n+1} = π_n R, where R = λ (λI − A₁ − λG)⁻¹ and G, the first-passage matrix one level down,
    comes from logarithmic reduction [4]_: quadratic convergence, error at the rounding of the machine. The levels
    below c are one linear system. No truncation is involved.
    """
    positive(
        arrival_per_s=arrival_per_s,
        service_per_s=service_per_s,
        failure_per_s=failure_per_s,
        repair_per_s=repair_per_s,
    )
    _at_least_one(servers)
    capacity = servers * service_per_s * repair_per_s / (failure_per_s + repair_per_s)
    _stable(arrival_per_s, capacity)
    phases = _repair_phases(servers, failure_per_s, repair_per_s)
    served = [service_per_s * np.diag(np.minimum(np.arange(servers + 1), n)) for n in range(servers + 1)]
    rate = _rate_matrix(arrival_per_s, phases, served[servers])
    levels = _stationary_levels(arrival_per_s, phases, served, rate)

    beyond = np.linalg.inv(np.eye(servers + 1) - rate)
    in_system = sum(n * float(level.sum()) for n, level in enumerate(levels[:-1]))
    in_system += float(levels[-1] @ (servers * beyond + rate @ beyond @ beyond) @ np.ones(servers + 1))
    wait_s = in_system / arrival_per_s - 1.0 / service_per_s
    return _law(arrival_per_s, 1.0 / service_per_s, wait_s, arrival_per_s / capacity)


def _repair_phases(servers: int, failure_per_s: float, repair_per_s: float) -> Matrix:
    """Generator of the number of servers up, 0 to c."""
    phases = np.zeros((servers + 1, servers + 1))
    for up in range(servers + 1):
        if up > 0:
            phases[up, up - 1] = up * failure_per_s
        if up < servers:
            phases[up, up + 1] = (servers - up) * repair_per_s
        phases[up, up] = -phases[up].sum()
    return phases


def _rate_matrix(arrival_per_s: float, phases: Matrix, down: Matrix) -> Matrix:
    """R of the homogeneous levels, through G by logarithmic reduction."""
    identity = np.eye(len(phases))
    up = arrival_per_s * identity
    local = phases - up - down
    inward = np.linalg.inv(-local)
    high, low = inward @ up, inward @ down
    passage, reach = low, high
    while np.abs(1.0 - passage.sum(axis=1)).max() > 1e-14 and np.abs(reach).max() > 1e-300:
        inward = np.linalg.inv(identity - high @ low - low @ high)
        high, low = inward @ high @ high, inward @ low @ low
        passage = passage + reach @ low
        reach = reach @ high
    return up @ np.linalg.inv(-(local + up @ passage))


def _stationary_levels(arrival_per_s: float, phases: Matrix, served: list[Matrix], rate: Matrix) -> list[Matrix]:
    """π₀ … π_c: balance at each level, the last one closed by R, normalised over all levels."""
    size = len(phases)
    top = len(served) - 1
    up = arrival_per_s * np.eye(size)
    balance = np.zeros(((top + 1) * size, (top + 1) * size))
    for n, down in enumerate(served):
        here = slice(n * size, (n + 1) * size)
        balance[here, here] = phases - up - down
        if n > 0:
            balance[here, (n - 1) * size : n * size] = down
        if n < top:
            balance[here, (n + 1) * size : (n + 2) * size] = up
    balance[top * size :, top * size :] += rate @ served[top]
    weights = np.ones((top + 1) * size)
    weights[top * size :] = np.linalg.inv(np.eye(size) - rate) @ np.ones(size)
    balance[:, 0] = weights  # one balance equation follows from the others; total probability takes its place
    target = np.zeros((top + 1) * size)
    target[0] = 1.0
    return np.split(np.linalg.solve(balance.T, target), top + 1)


def _law(arrival_per_s: float, service_mean_s: float, wait_s: float, utilisation: float) -> QueueLaw:
    """All means from the mean wait, by Little's law."""
    response_s = wait_s + service_mean_s
    return QueueLaw(
        utilisation=utilisation,
        wait_s=wait_s,
        response_s=response_s,
        queue_length=arrival_per_s * wait_s,
        in_system=arrival_per_s * response_s,
    )


def _at_least_one(servers: int) -> None:
    require_whole("servers", servers, at_least=1)


def _stable(arrival_per_s: float, capacity_per_s: float) -> None:
    if arrival_per_s >= capacity_per_s:
        allowed = f"must be below the mean capacity, {capacity_per_s:.6g} per second: the queue grows without bound"
        raise ScenarioError(bad_value("arrival_per_s", arrival_per_s, allowed))
