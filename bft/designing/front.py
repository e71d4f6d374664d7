"""The front: panels that no other one beats in right and wrong decisions, calls, cost and latency."""

from __future__ import annotations

from collections.abc import Iterable

from bft.designing.panel import DesignedPanel

MOST_FRONT = 40


def front_of(panels: Iterable[DesignedPanel]) -> tuple[DesignedPanel, ...]:
    """Return the panels that no other one beats in everything; of equal panels the first."""
    distinct = {(panel.models, panel.rule, panel.quorum): panel for panel in reversed(list(panels))}
    kept = [each for each in distinct.values() if not any(_beats(other, each) for other in distinct.values())]
    kept.sort(key=lambda panel: (-panel.held_out.correct.value, panel.held_out.wrong.value, panel.models))
    return tuple(kept[:MOST_FRONT])


def _beats(one: DesignedPanel, other: DesignedPanel) -> bool:
    """Whether one panel is at least as good in everything, and better in something."""
    mine, its = _merits(one), _merits(other)
    return all(a >= b for a, b in zip(mine, its, strict=True)) and mine != its


def _merits(panel: DesignedPanel) -> tuple[float, ...]:
    known = [each for each in (panel.cost, panel.latency_s) if each is not None]
    return (
        round(panel.chosen_on_correct, 9),
        -round(panel.chosen_on_wrong, 9),
        -panel.calls,
        *(-each for each in known),
    )
