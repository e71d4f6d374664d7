"""`bft check` as a function: a campaign, the mutants, or the replay of a schedule; data out, with an exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bft.checking.campaign import Campaign, campaign_json, search
from bft.checking.counterexample import Counterexample, Finding, finding_of, run
from bft.checking.mutant_runner import Kill, hunt_all
from bft.checking.plan import Plan
from bft.checking.protocols import examined_as
from bft.checking.report import campaign_table, counterexample_text, mutant_table, progress_line
from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value

INTERRUPTED = 130
"""Exit code of a process that Ctrl-C ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckArguments:
    """What to check."""

    plan: Plan | None = None
    """A campaign."""
    mutants: bool = False
    """Hunt the seeded bugs instead."""
    protocol: str = "pbft"
    """Whose."""
    seconds_per_mutant: float = 60.0
    """CPU time for each."""
    replay: Path | None = None
    """Replay a saved schedule instead."""
    save: Path | None = None
    """Where to write a counterexample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of it.

    Attributes
    ----------
    exit_code : int
        0: nothing broke that should hold, and everything broke that should; 130: interrupted by Ctrl-C, and what was
        done until then is told; 1 otherwise.
    text : str
        For a reader.
    json : dict
        For a program.
    found : Counterexample or None
        The counterexample, for drawing.
    """

    exit_code: int
    text: str
    json: dict[str, Any]
    found: Counterexample | None = None


def check_command(arguments: CheckArguments, progress: Callable[[str], None] | None = None) -> CheckResult:
    """Carry out one check.

    Parameters
    ----------
    arguments : CheckArguments
        Exactly one of `plan`, `mutants` and `replay`.
    progress : callable, optional
        Called with a line of text now and then.

    Raises
    ------
    ScenarioError
        If not exactly one thing is asked for, or a file cannot be read.
    """
    asked = [arguments.plan is not None, arguments.mutants, arguments.replay is not None]
    if sum(asked) != 1:
        raise ScenarioError(bad_value("check", asked, "give one of a campaign, mutants, or a schedule to replay"))
    if arguments.replay is not None:
        return replay(Counterexample.load(arguments.replay))
    if arguments.plan is not None:
        return campaign(arguments.plan, arguments.save, progress)
    return mutants(arguments.protocol, arguments.seconds_per_mutant, progress)


def campaign(plan: Plan, save: Path | None, progress: Callable[[str], None] | None) -> CheckResult:
    """Run a campaign. Where K ≥ 2q − n some invariants fail by definition, so only splits count."""
    beyond = any(beyond_safety(plan, n) for n in plan.sizes)
    if beyond and plan.oracle is None:
        plan = replace(plan, oracle=("S1",))
    tell = None if progress is None else (lambda done: progress(progress_line(done)))
    result = search(plan, progress=tell)
    if result.found is not None and save is not None:
        result.found.save(save)
    text = [campaign_table(result)]
    if result.found is not None:
        text += ["", counterexample_text(result.found)]
    return CheckResult(
        exit_code=_verdict(result),
        text="\n".join(text),
        json={"check": "campaign", **campaign_json(result)},
        found=result.found,
    )


def beyond_safety(plan: Plan, n: int) -> bool:
    """Return whether so many Byzantine nodes can split honest ones: K ≥ 2q − n."""
    system = QuorumSystem.of(n, quorum=plan.quorum)
    byzantine = system.tolerated if plan.byzantine is None else plan.byzantine
    return byzantine >= system.safe_below


def _verdict(result: Campaign) -> int:
    if result.interrupted:
        return INTERRUPTED
    return 0 if result.found is None else 1


def mutants(protocol: str, seconds: float, progress: Callable[[str], None] | None) -> CheckResult:
    """Hunt all mutants of a protocol; the check fails if a harmful one survived or a harmless one did not."""
    bugs = examined_as(protocol).bugs
    if not bugs:
        raise ScenarioError(bad_value("protocol", protocol, "has no seeded bugs of its own"))
    kills: list[Kill] = []

    def note(kill: Kill) -> None:
        kills.append(kill)
        if progress is not None:
            by = "survives" if kill.finding is None else f"killed by {kill.finding.breach.invariant}"
            progress(f"{kill.mutant.name}: {by} after {kill.schedules} schedules, {kill.cpu_s:.1f} s")

    interrupted = False
    try:
        hunt_all(bugs, seconds=seconds, progress=note)
    except KeyboardInterrupt:
        interrupted = True
    text = [mutant_table(kills)]
    if interrupted:
        text.append(f"interrupted: {len(kills)} of {len(bugs)} mutants were hunted")
    expected = all(kill.as_expected for kill in kills)
    return CheckResult(
        exit_code=INTERRUPTED if interrupted else 0 if expected else 1,
        text="\n".join(text),
        json={
            "check": "mutants",
            "protocol": protocol,
            "interrupted": interrupted,
            "mutants": [kill.to_json() for kill in kills],
        },
    )


def replay(example: Counterexample) -> CheckResult:
    """Run a saved schedule again: exit code 1 if an invariant breaks."""
    oracle = None if example.finding is None else (example.finding.breach.invariant,)
    _, monitor = run(example.subject(), example.setting, example.operations)
    found: Finding | None = finding_of(monitor, oracle) or finding_of(monitor)
    again = replace(example, finding=found)
    return CheckResult(
        exit_code=0 if found is None else 1,
        text=counterexample_text(again),
        json={"check": "replay", **again.to_json()},
        found=again,
    )
