"""Ways of choosing, in the order in which they are tested, and the recommendation that comes of it.

The first takes the fewest wrong decisions that leave enough right ones; each after it asks for more right ones. Each is
tested only if the held-out bounds of all before it met the target of wrong decisions. A fixed sequence that stops at
the first failure needs no correction for the number of its tests. That a panel is right too seldom is no failure of a
test, and only keeps it from being recommended (Maurer et al. 1995; Angelopoulos et al., *Learn then Test*, 2021).

The tests after the first are held at a higher confidence all the same. Whoever tries the panel on as many questions
again meets a share that varies about its rate; one whose rate is just below the target would miss it half of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bft.designing.candidates import Scores
from bft.designing.choice import Goal, fewest_wrong, most_right
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool
from bft.designing.reasons import few_wrong, met, reason_for, unmet
from bft.designing.trial import Choice

FIRST = "first"
"""Name of the first choice."""

SURER = 5.0
"""How many times as seldom as the first the choices after it may meet the targets by chance: 99 % for 95 %."""

RIGHT = (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Shares of right decisions that the choices after it ask for, as far as they are more than it does."""

FRONT = (1.0, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
"""Most wrong decisions at which the front is looked for, at each size of panel."""


def choices_of(goal: Goal, sizes: Sequence[int], *, exact: bool) -> dict[str, Choice]:
    """Return every way of choosing, by name.

    Parameters
    ----------
    goal : Goal
        The targets.
    sizes : sequence of int
        Sizes of panels, for the front.
    exact : bool
        Whether shares are known, so that nothing is left to chance.
    """
    choices: dict[str, Choice] = {}
    if goal.max_wrong is None:
        choices[FIRST] = _most_right(1.0)
    else:
        if exact:
            choices["exact"] = _exact(goal)
        choices |= {name: _fewest_wrong(right) for name, right in sequence(goal).items()}
        choices[FIRST] = _first(choices[FIRST])
    for size in sizes:
        choices |= {f"front {size} {most}": _most_right(most, size) for most in FRONT}
    return choices


def sequence(goal: Goal) -> dict[str, float]:
    """Return what share of right decisions each choice asks for, in the order in which they are tested."""
    least = goal.least_correct
    return {FIRST: least} | {f"right {right}": right for right in RIGHT if right > least}


def recommended(
    panels: Mapping[str, DesignedPanel], goal: Goal, pool: Pool
) -> tuple[DesignedPanel | None, str, DesignedPanel | None]:
    """Return the recommendation, why it is one or why there is none, and then the nearest panel."""
    first = panels.get("exact") or panels.get(FIRST)
    if first is None:
        return None, unmet(goal, pool), None
    why, taken = reason_for(first, goal), None
    tested = [first] if first.held_out.questions is None or goal.max_wrong is None else in_order(panels, goal)
    for panel in tested:
        confidence = goal.confidence if panel is first else surer(goal.confidence)
        if not few_wrong(panel.held_out, goal, confidence):
            break
        right = panel.held_out.correct.value
        if met(panel.held_out, goal, confidence) and (taken is None or right > taken.held_out.correct.value):
            taken = panel
    if taken is None:
        return None, why or "", first
    return taken, _why(taken, goal), None


def surer(confidence: float) -> float:
    """Return the confidence with which the choices after the first must meet the targets."""
    return 1.0 - (1.0 - confidence) / SURER


def in_order(panels: Mapping[str, DesignedPanel], goal: Goal) -> list[DesignedPanel]:
    """Return the panels of the sequence, as far as there are any."""
    return [panels[name] for name in sequence(goal) if name in panels]


def _why(panel: DesignedPanel, goal: Goal) -> str:
    out, aim = panel.held_out, "the most right decisions"
    right, wrong = 100 * out.correct.value, 100 * out.wrong.value
    if goal.max_wrong is not None:
        aim += f" with wrong ones shown to be at most {100 * goal.max_wrong:g} %"
    if out.questions is None:
        return f"{aim}: right {right:.1f} %, wrong {wrong:.2f} %, by the exact law"
    return (
        f"{aim}: on {out.questions} questions not chosen on, right {right:.1f} %, wrong {wrong:.2f} %, at most "
        f"{100 * out.wrong.high:.2f} % with {100 * goal.confidence:g} % confidence"
    )


def _most_right(most: float, size: int | None = None) -> Choice:
    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        del questions
        return most_right(scores, most, allowed if size is None else allowed & (scores.size == size))

    return choose


def _fewest_wrong(right: float) -> Choice:
    return lambda scores, allowed, questions: fewest_wrong(scores, right, allowed, questions)


def _first(choice: Choice) -> Choice:
    """Return a choice that takes the most right decisions where none has enough: it is the nearest."""

    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        found = choice(scores, allowed, questions)
        return most_right(scores, 1.0, allowed) if found is None else found

    return choose


def _exact(goal: Goal) -> Choice:
    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        del questions
        assert goal.max_wrong is not None
        return most_right(scores, goal.max_wrong, allowed & (scores.correct >= goal.least_correct))

    return choose
