"""What a fit is written down as: a scenario that `bft run` takes as it is, or a preset of the project.

Both hold the same numbers. A scenario says in comments where they come from and how well they predict; a preset holds
that as values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from bft.errors import ScenarioError, bad_value
from bft.validators.panel_numbers import FitOutcomes, HeldOutShare, HeldOutSize, PanelNumbers

_LIST_WIDTH, _TABLE_WIDTH = 100, 240  # of what is written in one line


def scenario_toml(numbers: PanelNumbers) -> str:
    """Return a scenario with one node for each fitted model, and validators of these numbers."""
    given = numbers.model_dump(
        include={"accuracy", "missing", "missing_correlation", "options", "errors", "clones"}, exclude_none=True
    )
    scenario = {"n": len(numbers.models), "validators": {"kind": "statistical", **given}}
    comments = "".join(f"# {line}".rstrip() + "\n" for line in _told(numbers))
    return "\n".join([comments, *_table("", scenario)]) + "\n"


def preset_toml(name: str, numbers: PanelNumbers) -> str:
    """Return the numbers and all that is known of them as an entry of the project's presets."""
    return "\n".join(_table(name, numbers.model_dump(exclude_none=True))) + "\n"


def numbers_toml(numbers: PanelNumbers) -> str:
    """Return the same without a name, which `StatisticalValidators(file=…)` reads as well."""
    return "\n".join(_table("", numbers.model_dump(exclude_none=True))) + "\n"


def write(path: str | Path, text: str) -> None:
    """Write a file.

    Raises
    ------
    ScenarioError
        If it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ScenarioError(bad_value("out", str(path), f"cannot be written: {error.strerror}")) from error


def _told(numbers: PanelNumbers) -> list[str]:
    fit = numbers.fit
    assert fit is not None, "only a fit is written down"
    day = "" if numbers.fitted is None else f" on {numbers.fitted}"
    lines = [f"Statistical validators fitted{day} to {fit.questions} questions of {_one_line(numbers.source)}."]
    lines += [f"Node {node} stands for {_one_line(model)}." for node, model in enumerate(numbers.models)]
    intervals = fit.intervals
    lines.append("95 % intervals, by resampling the questions:")
    for name in ("r", "flawed", "tau", "k_alpha", "missing_correlation"):
        if (interval := getattr(intervals, name)) is not None:
            lines.append(f"  {name} {interval[0]:g} to {interval[1]:g}")
    lines += [f"  accuracy {low:.3f} to {high:.3f}" for low, high in intervals.accuracy]
    lines += [f"  {line}" for line in outcome_lines(fit.outcomes)]
    lines.append("One half of the questions predicted from the other, mean miss in points (± sampling of one half):")
    for size in fit.held_out.sizes:
        shares = (("correct", size.correct), ("wrong", size.wrong), ("missing", size.missing))
        missed = ", ".join(f"{name} {_miss(share)}" for name, share in shares)
        lines.append(f"  n = {size.n}: {missed}{_curves(size)}")
    return lines


def outcome_lines(outcomes: Sequence[FitOutcomes]) -> list[str]:
    """Return a line for each size of panels: recorded and fitted shares with their intervals."""
    lines = []
    for size in outcomes:
        shares = (("correct", size.correct), ("wrong", size.wrong), ("missing", size.missing))
        told = ", ".join(f"{name} {each.interval[0]:.4f} to {each.interval[1]:.4f}" for name, each in shares)
        lines.append(f"outcomes of n = {size.n}, quorum {size.quorum}: {told}")
    return lines


def _miss(share: HeldOutShare) -> str:
    return f"{100 * (share.predicted - share.observed):+.1f} (± {196 * share.sampling:.1f})"


def _curves(size: HeldOutSize) -> str:
    return f"; along δ: crash {100 * size.crash.miss:.1f}, collusion {100 * size.collude.miss:.1f}"


def _one_line(text: str) -> str:
    """A name from a file must not end the comment that it stands in."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _table(path: str, table: Mapping[str, Any], header: str = "[{}]") -> list[str]:
    """Return the lines of a table: what fits into a line in one, then the tables within it under names of their own."""
    lines = [header.format(path)] if path else []
    inner: list[str] = []
    for key, value in table.items():
        deeper = f"{path}.{key}" if path else key
        written = f"{key} = {_inline(value)}"
        if isinstance(value, Mapping) and len(written) > _TABLE_WIDTH:
            inner += ["", *_table(deeper, value)]
        elif isinstance(value, tuple) and value and isinstance(value[0], Mapping):
            for each in value:
                inner += ["", *_table(deeper, each, "[[{}]]")]
        elif isinstance(value, tuple) and len(written) > _LIST_WIDTH:
            lines += [f"{key} = [", *(f"    {_inline(each)}," for each in value), "]"]
        else:
            lines.append(written)
    return lines + inner


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(each)}" for key, each in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_inline(each) for each in value) + "]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")
