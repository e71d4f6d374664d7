"""`bft run`: one replication."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import bft
from bft.cli.exports import FORMATS, exports_of, writable
from bft.cli.output import tell
from bft.cli.run_words import readable
from bft.cli.scenario_words import scenario_of
from bft.errors import ScenarioError, bad_value
from bft.experiments.blocks import violates_guarantee


def run_command(arguments: Namespace) -> int:
    """Run, print, and write the trace; return 1 if an invariant broke that the protocol guarantees."""
    scenario = scenario_of(arguments.scenario, arguments.settings)
    if arguments.replication < 0:
        raise ScenarioError(bad_value("replication", arguments.replication, "must be a whole number, 0 or more"))
    trace = None if arguments.trace is None else writable("trace", Path(arguments.trace))
    exports = exports_of(arguments.export)
    run = bft.simulate(
        scenario,
        arguments.seed,
        replication=arguments.replication,
        check=arguments.check,
        journal=bool(exports),
    )
    result = {**run.to_json(), "scenario": scenario.to_dict(), "version": bft.__version__}
    if trace is not None:
        trace.write_text(json.dumps({**result, "trace": run.trace.to_json()}, indent=1) + "\n", encoding="utf-8")
    for name, file in exports.items():
        FORMATS[name](run, file)
    tell(json.dumps(result, indent=2) if arguments.json else readable(run))
    return int(violates_guarantee(run))
