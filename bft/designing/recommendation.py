"""Ways of choosing, in the order in which they are tested, and the recommendation that comes of it.

The careful choice comes first. If its held-out bounds meet the targets, bolder ones follow, each only if all those
before it met the targets, and only if it meets them at a higher confidence. A sequence that stops at the first failure
errs as rarely as its first test does, whatever follows; that a panel is right too seldom is no failure of a test, and
only keeps it from being recommended (Maurer et al. 1995; Angelopoulos et al., *Learn then Test*, 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bft.designing.candidates import Scores
from bft.designing.choice import BOLD, Goal, bold, careful
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool
from bft.designing.reasons import few_wrong, met, reason_for, unmet
from bft.designing.trial import CONFIDENCE, Choice

SURER = 0.99
"""Confidence with which bolder choices must meet the targets."""

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
        choices["careful"] = _bold(1.0)
    elif exact:
        choices["exact"] = _exact(goal)
        choices["careful"] = _careful(goal)
    else:
        choices["careful"] = _careful(goal)
        choices |= {f"bold {share}": _bold(share * goal.max_wrong) for share in BOLD}
    for size in sizes:
        choices |= {f"front {size} {most}": _bold(most, size) for most in FRONT}
    return choices


def recommended(
    panels: Mapping[str, DesignedPanel], goal: Goal, pool: Pool
) -> tuple[DesignedPanel | None, str, DesignedPanel | None]:
    """Return the recommendation, why it is one or why there is none, and then the nearest panel."""
    first = panels.get("exact") or panels.get("careful")
    if first is None:
        return None, unmet(goal, pool), None
    why = reason_for(first, goal)
    taken = first if why is None else None
    for share in BOLD if few_wrong(first.held_out, goal) else ():
        bolder = panels.get(f"bold {share}")
        if bolder is None:
            continue
        if not few_wrong(bolder.held_out, goal, confidence=SURER):
            break
        right = bolder.held_out.correct.value
        if met(bolder.held_out, goal, confidence=SURER) and (taken is None or right > taken.held_out.correct.value):
            taken = bolder
    if taken is None:
        return None, why or "", first
    return taken, _why(taken, goal), None


def _why(panel: DesignedPanel, goal: Goal) -> str:
    out, aim = panel.held_out, "the most right decisions"
    right, wrong = 100 * out.correct.value, 100 * out.wrong.value
    if goal.max_wrong is not None:
        aim += f" with wrong ones shown to be at most {100 * goal.max_wrong:g} %"
    if out.questions is None:
        return f"{aim}: right {right:.1f} %, wrong {wrong:.2f} %, by the exact law"
    return (
        f"{aim}: on {out.questions} questions not chosen on, right {right:.1f} %, wrong {wrong:.2f} %, at most "
        f"{100 * out.wrong.high:.2f} % with {100 * CONFIDENCE:g} % confidence"
    )


def _bold(most: float, size: int | None = None) -> Choice:
    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        del questions
        return bold(scores, most, allowed if size is None else allowed & (scores.size == size))

    return choose


def _careful(goal: Goal) -> Choice:
    return lambda scores, allowed, questions: careful(scores, goal, allowed, questions)


def _exact(goal: Goal) -> Choice:
    def choose(scores: Scores, allowed: NDArray[np.bool_], questions: float) -> int | None:
        del questions
        assert goal.max_wrong is not None
        return bold(scores, goal.max_wrong, allowed & (scores.correct >= goal.least_correct))

    return choose
