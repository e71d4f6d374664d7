"""`bft replay`: the record of a live panel under another rule or under faults, with bounds where calls are missing."""

from __future__ import annotations

import json
from argparse import Namespace

from bft.cli.output import complain, tell
from bft.cli.scenario_words import scenario_of
from bft.experiments.replay import Replay, replay
from bft.validators.panel_record import read_record

_SHOWN = 5


def replay_command(arguments: Namespace) -> int:
    """Replay, and print."""
    members = len(read_record(arguments.record).of_panel(None)[0].models)
    given = [f"n={members}", "validators=replayed", f"validators.file={json.dumps(arguments.record)}"]
    scenario = scenario_of(arguments.scenario, [*given, *arguments.settings])
    found = replay(scenario, replications=arguments.replications, seed=arguments.seed)
    if found.unsettled:
        complain(
            f"warning: {len(found.unsettled)} of {found.questions} questions depend on calls that the record does not "
            "hold: `bft survey` asks everyone, finish = true records all"
        )
    if arguments.json:
        tell(json.dumps({**_json(found), "seed": arguments.seed, "scenario": scenario.to_dict()}, indent=1))
    else:
        tell(readable(found))
    return 0


def _json(found: Replay) -> dict[str, object]:
    return {
        "questions": found.questions,
        "replications": found.replications,
        "calls_recorded": found.recorded,
        "calls_missing": len(found.lacked),
        "missing": [
            {"question": call.question, "node": call.node, "proposal": call.proposal, "cancelled": call.cancelled}
            for call in found.lacked
        ],
        "unsettled": list(found.unsettled),
        "shares": {outcome.value: {"low": low, "high": high} for outcome, (low, high) in found.bounds.items()},
    }


def readable(found: Replay) -> str:
    """Return the shares, or their bounds, for reading."""
    times = "" if found.replications == 1 else f", each {found.replications} times"
    lines = {"questions": f"{found.questions}{times}", "calls": f"{found.recorded} in the record"}
    if found.lacked:
        cut = sum(call.cancelled for call in found.lacked)
        lines["missing"] = (
            f"{len(found.lacked)} more were needed: {cut} cancelled, {len(found.lacked) - cut} never made"
        )
    for outcome, (low, high) in found.bounds.items():
        name = outcome.value.replace("_", " ")
        lines[name] = f"{100 * low:.1f} %" if low == high else f"{100 * low:.1f} to {100 * high:.1f} %"
    if found.unsettled:
        shown = ", ".join(found.unsettled[:_SHOWN]) + (" …" if len(found.unsettled) > _SHOWN else "")
        lines["unsettled"] = f"{len(found.unsettled)} questions: {shown}"
    return "\n".join(f"{name:<14} {value}" for name, value in lines.items())
