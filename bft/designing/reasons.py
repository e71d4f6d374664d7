"""Whether held-out shares meet the targets, and in one sentence why they do not: by how much, and what would decide."""

from __future__ import annotations

from bft.designing.choice import Goal
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool
from bft.designing.trial import HeldOut, lower, upper

MOST_QUESTIONS = 10_000_000


def few_wrong(out: HeldOut, goal: Goal, confidence: float) -> bool:
    """Return whether the bound of wrong decisions at this confidence meets the target, if there is one."""
    wrong = out.wrong.value
    if out.questions is not None:
        wrong = upper(wrong, out.questions, confidence)
    return goal.max_wrong is None or wrong <= goal.max_wrong


def met(out: HeldOut, goal: Goal, confidence: float) -> bool:
    """Return whether the bounds at this confidence meet the targets."""
    if not few_wrong(out, goal, confidence):
        return False
    if goal.min_correct is None:
        return goal.max_wrong is None or out.correct.value >= goal.least_correct
    correct = out.correct.value
    if out.questions is not None:
        correct = lower(correct, out.questions, confidence)
    return correct >= goal.min_correct


def reason_for(panel: DesignedPanel, goal: Goal) -> str | None:
    """Return why a panel does not meet the targets; None if it does."""
    out = panel.held_out
    if met(out, goal, goal.confidence):
        return None
    asked = "by the exact law" if out.questions is None else f"on {out.questions} questions held out"
    told = []
    if goal.max_wrong is not None and out.wrong.high > goal.max_wrong:
        told.append(_wrong(out, goal.max_wrong, asked, goal.confidence))
    if goal.min_correct is None and goal.max_wrong is not None and out.correct.value < goal.least_correct:
        told.append(f"it decides right only {_percent(out.correct.value)} {asked}, less than half")
    elif goal.min_correct is not None and out.correct.low < goal.min_correct:
        told.append(_correct(out, goal.min_correct, asked, goal.confidence))
    return f"no panel meets the targets; the nearest one is {panel.words}: " + "; ".join(told)


def unmet(goal: Goal, pool: Pool) -> str:
    """Return why no candidate may be taken at all."""
    told = []
    prices = sorted(each.price for each in pool.prices if each.price is not None)
    if goal.max_cost is not None and prices:
        cheapest = f"the cheapest two models cost {sum(prices[:2]):g} together"
        told.append(f"{cheapest}, and at most {goal.max_cost:g} is allowed")
    latencies = sorted(each.latency_s for each in pool.prices if each.latency_s is not None)
    if goal.max_latency_s is not None and latencies:
        told.append(f"the quickest model takes {latencies[0]:g} s, and at most {goal.max_latency_s:g} s is allowed")
    return "no panel of the sizes asked for may be taken: " + ("; ".join(told) or "none has any candidate")


def questions_needed(share: float, target: float, confidence: float) -> int | None:
    """Return how many questions would show that a share is at most a target, if it stays as it is; None: no number."""
    if share >= target or upper(share, MOST_QUESTIONS, confidence) > target:
        return None
    low, high = 1, MOST_QUESTIONS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if upper(share, middle, confidence) <= target else (middle + 1, high)
    return low


def _wrong(out: HeldOut, target: float, asked: str, confidence: float) -> str:
    range_ = f"{_percent(out.wrong.value)} ({_percent(out.wrong.low)} to {_percent(out.wrong.high)})"
    if out.questions is None:
        return f"it decides wrong {_percent(out.wrong.value)} {asked}, {_percent(out.wrong.value - target)} too often"
    needed = questions_needed(out.wrong.value, target, confidence)
    if needed is None:
        return f"it decides wrong {range_} {asked}, {_percent(out.wrong.value - target)} more than {_percent(target)}"
    return (
        f"the data cannot decide whether it is wrong at most {_percent(target)}: {range_} {asked}; about {needed} "
        f"questions would show it with {100 * confidence:g} % confidence"
    )


def _correct(out: HeldOut, target: float, asked: str, confidence: float) -> str:
    range_ = f"{_percent(out.correct.value)} ({_percent(out.correct.low)} to {_percent(out.correct.high)})"
    if out.questions is None:
        return f"it decides right {_percent(out.correct.value)} {asked}, and {_percent(target)} is asked"
    needed = questions_needed(1.0 - out.correct.value, 1.0 - target, confidence)
    more = "" if needed is None else f"; about {needed} questions would show it with {100 * confidence:g} % confidence"
    return f"it decides right {range_} {asked}, and {_percent(target)} is asked{more}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
