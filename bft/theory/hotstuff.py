"""Exact laws of one decision of HotStuff: crashed nodes, and colluding equivocators.

One request, a lossless network, perfect validators, leader(v) = v mod n, n replicas of equal weight, K of them faulty.
In the phased variants (basic and two-phase) one live leader decides: their laws are those of PBFT's crash
(`bft.theory.agreement.crash_law`) and equivocation (`bft.theory.equivocation`). The chained variants need *a run*:

- A chain of three certificates commits, so three leaders in a row must propose and a fourth must collect the last
  votes: L = 4. With a chain of two L = 3. A crashed leader costs its own view and the votes of the view before, which
  it should have collected.
- Where views are not bounded: somebody commits iff K ≤ n − q and some L leaders in a row, cyclically, are live; and
  always where K = 0, also for n < L.
- With views 0 to t − 1 the leader of view t may still collect, though not propose. So somebody commits iff there is a
  run among views 0 to t, and everybody learns it *from a proposal* iff there is one among views 0 to t − 1. With
  t ≥ n + L − 1 both are the cyclic law. Where replicas ask for retransmission, whoever has committed tells the others.

The number of sets without a run is found by a transfer matrix over the positions: its state is how long the run of live
leaders is that ends here, how long the one is that began at view 0, and how many have crashed. It costs O(n · L² · K).

References
----------
Yin et al., *HotStuff*, PODC 2019, Algorithm 3; Gelashvili et al., *Jolteon and Ditto*, arXiv 2106.10362.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.theory.faults import ExchangeableFaults, FaultLaw, IndependentFaults, enumerable, of_fair_coins
from bft.theory.outcome_law import OutcomeLaw, outcome_law
from bft.theory.ranges import Array, equal_weights, node_count, same_nodes, total

RUNS = {2: 3, 3: 4}
"""L for each length of the chain: how many leaders in a row, the collector of the last votes included."""


def run_of_leaders(chain: int) -> int:
    """Return L: how many leaders in a row a chain needs.

    Raises `ScenarioError` if there is no variant with such a chain.
    """
    if chain not in RUNS:
        raise ScenarioError(bad_value("chain", chain, "must be 2 or 3"))
    return RUNS[chain]


def chained_crash_law(
    system: QuorumSystem, faults: FaultLaw, *, chain: int = 3, views: int | None = None, told: bool = True
) -> OutcomeLaw:
    """Return the law of crashed nodes under chained HotStuff.

    Parameters
    ----------
    system : QuorumSystem
        Of equal weights.
    faults : FaultLaw
        Who has crashed, before the start.
    chain : {2, 3}, optional
        Certificates of consecutive views that commit.
    views : int, optional
        t, the views allowed; by default no bound.
    told : bool, optional
        Whether replicas ask for retransmission, so that one that has committed tells the others. Without, some commit
        and the others never hear of it where the run ends at the collector of view t: partial.

    Examples
    --------
    >>> from bft.theory.faults import independent
    >>> law = chained_crash_law(QuorumSystem.of(7), independent(7, 0.1))
    >>> round(law.agree, 6), round(law.stalled, 6)
    (0.932974, 0.067026)
    >>> round(chained_crash_law(QuorumSystem.of(4), independent(4, 0.1), chain=2).agree, 4)
    0.9477
    """
    same_nodes(system, faults.n, "faults")
    equal_weights(system, "chained HotStuff")
    length = run_of_leaders(chain)
    n, most = system.n, system.live_up_to // system.weights[0]
    if views is not None and views < 1:
        raise ScenarioError(bad_value("views", views, "must be at least 1"))
    cyclic = n + length - 1
    proposing = cyclic if views is None else min(views, cyclic)
    collecting = cyclic if views is None else min(views + 1, cyclic)
    committed = with_a_run(faults, length, collecting, most)
    agree = committed if told else with_a_run(faults, length, proposing, most)
    everyone = faults.count()
    few, many = everyone[..., : most + 1], everyone[..., most + 1 :]
    # Summed over what has no run, where 1 − committed would cancel.
    stalled = total(np.clip(few - committed, 0.0, None)) + total(many)
    partial = total(np.clip(committed - agree, 0.0, None))
    return outcome_law(correct=total(agree), partial=partial, stalled=stalled)


def with_a_run(faults: FaultLaw, length: int, views: int, most: int) -> Array:
    """P(K = k, and views 0 to `views` − 1 hold a run of live leaders) for k = 0 … `most`, over the last axis."""
    if isinstance(faults, IndependentFaults):
        rows = faults.deltas.reshape(-1, faults.n)
        found = np.array([_with_a_run(row, length, views, most) for row in rows])
        return found.reshape(*faults.deltas.shape[:-1], most + 1)
    assert isinstance(faults, ExchangeableFaults)
    given = of_fair_coins(faults.n)[: most + 1] * _with_a_run(np.full(faults.n, 0.5), length, views, most)
    given = np.clip(given, 0.0, 1.0)
    given[0] = float(views >= length)
    return np.asarray(faults.counts[..., : most + 1] * given)


def _with_a_run(deltas: Array, length: int, views: int, most: int) -> Array:
    """Go through the nodes in the order of their views, and then once more through the first ones of the second round.

    State [lead, run, k]: the first `lead` nodes are live and then one is not (or all so far, where lead is the number
    of nodes seen, up to `length`); the last `run` are live; k have crashed; no run of `length` has ended in time.
    """
    n = len(deltas)
    open_ = np.zeros((length + 1, length + 1, most + 1))
    open_[0, 0, 0] = 1.0
    found = np.zeros(most + 1)
    for node, delta in enumerate(deltas):
        after = np.zeros_like(open_)
        after[:, 0, 1:] = delta * open_.sum(axis=1)[:, :-1]
        live = (1.0 - delta) * open_
        for run in range(length + 1):
            longer = min(run + 1, length)
            for lead in range(length + 1):
                none_crashed = lead == min(node, length) == run
                first = min(lead + 1, length) if none_crashed else lead
                if none_crashed:  # with k = 0; all other k are past their first crash
                    after[first, longer, 0] += live[lead, run, 0]
                    after[lead, longer, 1:] += live[lead, run, 1:]
                else:
                    after[lead, longer] += live[lead, run]
        found[1:] = (1.0 - delta) * found[1:] + delta * found[:-1]
        found[0] *= 1.0 - delta
        if node < views:
            found += after[:, length].sum(axis=0)
            after[:, length] = 0.0
        open_ = after
    # The run that goes on in the second round: of its nodes the last r of the first round, and then the first ones.
    for run in range(length + 1):
        for lead in range(length + 1):
            starts = [back for back in range(1, min(run, length - 1) + 1) if length - back <= lead]
            if any(n - back + length <= views for back in starts):
                found[1:] += open_[lead, run, 1:]
    # With nobody crashed the leaders go on for ever.
    alive = float(np.prod(1.0 - deltas))
    found[0] = alive if views >= length else 0.0
    return found


def share_with_a_run(n: int, k: int, length: int) -> float:
    """Return which share of the sets of k crashed of n nodes leaves a run of live leaders, cyclically.

    k crashed nodes cut the circle into k gaps. A set has no run iff every gap is shorter than L; there are n/k times as
    many as there are ways to write n − k as k such gaps, the coefficient of x^(n−k) in (1 + x + … + x^(L−1))^k.

    Examples
    --------
    >>> share_with_a_run(7, 2, 4), share_with_a_run(7, 2, 3)
    (0.6666666666666666, 1.0)
    """
    node_count(n)
    if not 0 <= k <= n:
        raise ScenarioError(bad_value("k", k, f"must be between 0 and n = {n}"))
    if k == 0:
        return 1.0
    ways = [1] + [0] * (n - k)
    for _ in range(k):
        sums = [0]
        for way in ways:
            sums.append(sums[-1] + way)
        ways = [sums[place + 1] - sums[max(0, place + 1 - length)] for place in range(n - k + 1)]
    without, every = n * ways[n - k], k
    for place in range(k):
        every = every * (n - place)
    for place in range(1, k + 1):
        without *= place
    return (every - without) / every


def chained_equivocation_law(
    system: QuorumSystem, faults: FaultLaw, *, chain: int = 3, views: int | None = None
) -> OutcomeLaw:
    """Return the law of colluding equivocators under chained HotStuff, on a network that delays nothing for them.

    They vote for no honest proposal, and help to give honest leaders' views up. Where two groups of honest nodes exist
    that with them are a quorum each (2q − n ≤ K ≤ n − 2), L of their own leaders in a row propose one branch to either
    group, collect the votes of both, and show either group its own committing certificate: a split. An honest leader
    in between would show its proposal to all, and end it. Honest nodes commit once L of them lead in a row, if they are
    a quorum by themselves. Whichever run comes first in views 0 to t − 1 decides; without any, nobody commits.

    Raises
    ------
    UnsupportedError
        If n is above 16: every set of faulty nodes is gone through.

    Examples
    --------
    >>> from bft.theory.faults import fixed
    >>> law = chained_equivocation_law(QuorumSystem.of(7), fixed(7, (1, 2, 3)), chain=2)
    >>> law.split
    1.0
    """
    same_nodes(system, faults.n, "faults")
    equal_weights(system, "chained HotStuff")
    enumerable(system.n)
    length = run_of_leaders(chain)
    turns = system.n + length - 1 if views is None else views
    n = system.n
    quorum = -(-system.quorum // system.weights[0])
    cases = [_first_run(n, quorum, length, turns, faulty) for faulty in range(2**n)]

    def chance(outcome: str) -> Array:
        chosen: NDArray[np.float64] = np.array([float(case == outcome) for case in cases])
        return faults.over_subsets(chosen)

    return outcome_law(agree=chance("agree"), split=chance("split"), stalled=chance("stalled"))


def _first_run(n: int, quorum: int, length: int, turns: int, faulty: int) -> str:
    """Return what the first run of leaders of one side does, for a set of faulty nodes as a bit mask."""
    number = faulty.bit_count()
    honest = n - number
    splits = honest >= 2 and honest // 2 + number >= quorum
    decides = honest >= quorum
    run = {True: 0, False: 0}
    for view in range(turns):
        lies = bool(faulty >> view % n & 1)
        run = {lies: run[lies] + 1, not lies: 0}
        if run[True] >= length and splits:
            return "split"
        if run[False] >= length and decides:
            return "agree"
    return "stalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HotStuffMessages:
    """Messages of one decision of the phased variants, or of one view of the chained ones, without faults.

    Attributes
    ----------
    proposals, votes, certificates, new_views : int
        What leaders propose and what is voted in all phases; certificates that leaders show; new-views to the next
        leader.
    """

    proposals: int
    votes: int
    certificates: int
    new_views: int

    @property
    def total(self) -> int:
        """Messages of all kinds."""
        return self.proposals + self.votes + self.certificates + self.new_views


def hotstuff_message_count(n: int, *, phases: int, new_views: bool = True) -> HotStuffMessages:
    """Count the messages of one decision of n replicas: 8(n − 1) for three phases, 6(n − 1) for two, with new-views.

    With `phases` = 1 a view of the chained variants: 2(n − 1).

    Examples
    --------
    >>> [hotstuff_message_count(n, phases=3).total for n in (4, 16)], hotstuff_message_count(4, phases=1).total
    ([24, 120], 6)
    """
    others = node_count(n) - 1
    if not 1 <= phases <= 3:
        raise ScenarioError(bad_value("phases", phases, "must be 1, 2 or 3"))
    chained = phases == 1
    return HotStuffMessages(
        proposals=others,
        votes=phases * others,
        certificates=0 if chained else phases * others,
        new_views=others if new_views and not chained else 0,
    )


def timeout_messages(n: int) -> int:
    """Count the messages by which n live replicas give one view up: n(n − 1)."""
    return n * (node_count(n) - 1)
