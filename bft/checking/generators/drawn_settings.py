"""Random settings: who is corrupted, how small the window is, and now and then stakes, another f or a larger quorum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bft.checking.generators.draws import Draws
from bft.checking.setting import Setting, system_of
from bft.core.quorum import QuorumSystem

TUNED_EVERY = 7
"""One of so many schedules runs on a tuned quorum system; the number has no factor in common with the number of
generators or of usual sizes, so each of them gets its turn."""
PATIENT = 3
"""Remainder of the numbers of those schedules for liveness that run without retransmission."""
HEAVIEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """A quorum system other than the plain one, and still right: any two quorums share an honest node, q can be met."""

    stakes: tuple[int, ...] | None = None
    f: int | None = None
    quorum: int | None = None


def draw_setting(
    draws: Draws, generator: str, index: int, n: int, byzantine: int | None, quorum: int | None
) -> Setting:
    """Return the setting of schedule number `index`.

    Corrupted nodes weigh f together at most, or are `byzantine` in number at most.
    """
    plain = byzantine is not None or quorum is not None
    tuning = Tuning(quorum=quorum) if plain or (index + 1) % TUNED_EVERY else draw_tuning(draws, n)
    patient = not plain and generator == "healed" and index % TUNED_EVERY == PATIENT
    system = system_of(n, tuning.f, None, tuning.stakes)
    most = 0 if patient else system.tolerated if byzantine is None else byzantine
    liars = most if generator == "twins" or draws.chance(80) else draws.below(most + 1)
    later = liars if generator != "twins" and draws.chance(10) and not system.weighted else 0
    nodes = tuple(sorted(within(draws.order(n), system, liars - later)))
    twins = nodes if generator == "twins" or draws.chance(5) else ()
    interval, window = draws.pick(((2, 4), (2, 4), (1, 2), (2, 5), (3, 4)))
    ledger = generator in ("clients", "long")
    if generator == "long":
        interval, window = 16, 64
    return Setting(
        n=n,
        byzantine=nodes,
        corruptions=later,
        twins=twins,
        stakes=tuning.stakes,
        f=tuning.f,
        quorum=tuning.quorum,
        clients=draws.pick((1, 2, 3)),
        checkpoint_interval=interval,
        window=window,
        prompt_validators=generator in ("twins", "long") or draws.chance(90) or patient,
        retransmit=not patient,
        ledger=ledger,
    )


def draw_tuning(draws: Draws, n: int) -> Tuning:
    """Return stakes, a smaller f or a larger quorum, or several of them, within what is safe and live."""
    stakes = tuple(1 + draws.below(HEAVIEST) for _ in range(n)) if draws.chance(60) else None
    system = QuorumSystem.of(n, stakes=stakes)
    f = draws.below(system.tolerated + 1) if draws.chance(40) else None
    system = QuorumSystem.of(n, f=f, stakes=stakes)
    room = system.total - system.tolerated - system.quorum
    quorum = system.quorum + draws.below(room + 1) if draws.chance(40) else None
    return Tuning(stakes=stakes, f=f, quorum=quorum)


def within(nodes: Iterable[int], system: QuorumSystem, weight: int) -> list[int]:
    """Return those of the nodes, the first ones first, that weigh so much together at most."""
    chosen: list[int] = []
    for node in nodes:
        if system.weights[node] <= weight:
            chosen.append(node)
            weight -= system.weights[node]
    return chosen
