"""`bft check`: a safety campaign, the hunt for seeded bugs, or the replay of a schedule."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path

from bft.checking.check import CheckArguments, check_command
from bft.checking.counterexample import Counterexample
from bft.checking.generators import DEFAULT
from bft.checking.plan import SIZES, Plan
from bft.checking.protocols import by_description
from bft.checking.space_time import space_time
from bft.cli.output import complain, tell
from bft.errors import ScenarioError, bad_value
from bft.experiments.axes import axis_values
from bft.protocols.registry import protocol_of

SCHEDULES = 10_000


def check(arguments: Namespace) -> int:
    """Carry out the check, print what came of it, and return its exit code."""
    if arguments.replay is not None and arguments.mutants:
        raise ScenarioError(bad_value("replay", arguments.replay, "must not be given together with --mutants"))
    if arguments.traces is not None:
        return _traces(arguments)
    out = None if arguments.out is None else _folder(Path(arguments.out))
    asked = CheckArguments(
        plan=None if arguments.mutants or arguments.replay else _plan(arguments),
        mutants=arguments.mutants,
        protocol=arguments.protocol,
        seconds_per_mutant=60.0 if arguments.seconds is None else arguments.seconds,
        replay=None if arguments.replay is None else Path(arguments.replay),
        save=None if out is None else out / "counterexample.json",
    )
    if asked.plan is not None and not arguments.quiet and by_description(asked.plan.protocol):
        name = protocol_of(asked.plan.protocol).name
        _tell(
            f"{name} brings no subject of its own: it is examined by its description, and nothing is forged in its name"
        )
    result = check_command(asked, None if arguments.quiet else _tell)
    tell(json.dumps(result.json, indent=1) if arguments.json else result.text)
    if result.found is not None and out is not None:
        _draw(result.found, out)
        if not arguments.quiet:
            _tell(f"counterexample in {out}: counterexample.json, counterexample.png, counterexample.svg")
    return result.exit_code


def _traces(arguments: Namespace) -> int:
    """Replay the traces of a folder; exit code 1 if one differs."""
    from bft.checking.tendermint.replay import replay_folder, replay_text

    if arguments.protocol != "tendermint":
        raise ScenarioError(bad_value("traces", arguments.traces, "needs --protocol tendermint"))
    if arguments.mutants or arguments.replay is not None:
        raise ScenarioError(bad_value("traces", arguments.traces, "must be given without --mutants and --replay"))
    results = replay_folder(Path(arguments.traces))
    told = [{"trace": each.name, "steps": each.steps, "difference": each.difference} for each in results]
    tell(json.dumps({"check": "traces", "traces": told}, indent=1) if arguments.json else replay_text(results))
    return 0 if all(each.difference is None for each in results) else 1


def _plan(arguments: Namespace) -> Plan:
    sizes = SIZES if arguments.n is None else axis_values("n", arguments.n)
    for n in sizes:
        if isinstance(n, bool) or not isinstance(n, int):
            raise ScenarioError(bad_value("n", n, "must be a whole number"))
    schedules = arguments.schedules
    if schedules is None and arguments.seconds is None:
        schedules = SCHEDULES
    return Plan(
        protocol=arguments.protocol,
        mutant=arguments.mutant,
        sizes=tuple(int(str(n)) for n in sizes),
        byzantine=arguments.byzantine,
        quorum=arguments.quorum,
        generators=DEFAULT if arguments.generators is None else tuple(arguments.generators.split(",")),
        seed=arguments.seed,
        schedules=schedules,
        seconds=arguments.seconds,
        workers=os.cpu_count() or 1 if arguments.workers is None else arguments.workers,
    )


def _folder(path: Path) -> Path:
    """Make the folder of results, before anything runs."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError(bad_value("out", str(path), f"cannot be made: {error.strerror}")) from None
    return path


def _draw(found: Counterexample, folder: Path) -> None:
    from bft.plotting.space_time import space_time_figure  # matplotlib takes long to load
    from bft.plotting.style import save

    save(space_time_figure(space_time(found)), folder, "counterexample")


def _tell(line: str) -> None:
    complain(f"{line}")
