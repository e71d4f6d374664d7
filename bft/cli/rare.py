"""`bft rare`: the probability of an outcome too rare to count, by strata over who is faulty and who fails."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from bft.cli.output import tell
from bft.cli.scenario_words import scenario_of
from bft.errors import SweepError, bad_value
from bft.experiments.laws import law_of
from bft.experiments.results import exact_share
from bft.experiments.shares import SHARES
from bft.experiments.tables import align
from bft.record.outcome import Outcome
from bft.vectorised import RareEvent, rare_event

SHOWN = 1e-6  # of the upper end: strata that cannot contribute so much are left out of the table
MOST_SHOWN = 20  # strata, those that contribute most


def rare_command(arguments: Namespace) -> int:
    """Estimate and print."""
    if arguments.event not in SHARES:
        raise SweepError(bad_value("event", arguments.event, f"must be one of {', '.join(SHARES)}"))
    scenario = scenario_of(arguments.scenario, arguments.settings)
    outcomes: tuple[Outcome, ...] = SHARES[arguments.event]
    found = rare_event(
        scenario,
        outcomes,
        seed=arguments.seed,
        runs=arguments.runs,
        level=arguments.level,
        events=arguments.events,
        budget_s=arguments.budget_s,
    )
    exact = exact_share(law_of(scenario), [arguments.event])
    if not arguments.json:
        tell(readable(arguments.event, found, exact, arguments.level))
        return 0
    result: dict[str, Any] = {
        "event": arguments.event,
        "p": found.value if found.met else None,
        "p_low": found.low,
        "p_high": found.high,
        "level": arguments.level,
        "remarks": found.remarks,
        "effective_runs": None if found.exact else found.effective_runs,
        "effective_events": None if found.exact else found.effective_events,
        "largest_share": found.largest_share,
        "p_unsampled": found.unsampled,
        "p_unmet": found.unmet,
        "asked_of_events": found.asked_of_events,
        "runs": found.runs,
        "seed": arguments.seed,
    }
    if exact is not None:
        result["exact"] = exact
    result["strata"] = [asdict(stratum) for stratum in found.strata]
    tell(json.dumps({**result, "scenario": scenario.to_dict()}, indent=1, allow_nan=False))
    return 0


def readable(event: str, found: RareEvent, exact: float | None, level: float) -> str:
    """Return the estimate, what it rests on, and the strata that matter, for reading."""
    settled = found.exact
    lines = {f"P({event})": f"{found.value:.6g}" if found.met else f"not met: at most {found.high:.3g}"}
    lines[f"{100 * level:g} % interval"] = (
        "a point: the fault sets settle the outcome" if settled else f"{found.low:.6g} to {found.high:.6g}"
    )
    if exact is not None:
        lines["exact law"] = f"{exact:.6g}"
    lines["engine asked"] = f"about {found.runs:,} {'fault sets' if settled else 'replications'}"
    if found.asked_of_events:
        lines["event engine"] = f"decided {found.asked_of_events:,} of them"
    if not settled and found.met:
        lines["as good as"] = f"{found.effective_runs:,.3g} plain replications"
        lines["rests on"] = (
            f"{found.effective_events:,.0f} effective events, the largest of them "
            f"{100 * found.largest_share:.2g} % of the estimate"
        )
    for number, remark in enumerate(found.remarks):
        lines[f"remark {number + 1}"] = remark
    width = max(map(len, lines))
    head = "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())
    fails = any(each.failing is not None for each in found.strata)
    header = ["faulty", *(["failing"] if fails else []), "P(stratum)", "runs", "P(event | ...)", "low", "high"]
    body = [
        [
            str(each.faulty),
            *([str(each.failing)] if fails else []),
            f"{each.weight:.4g}",
            str(each.runs),
            *(f"{value:.4g}" for value in (each.value, each.low, each.high)),
            f"{each.weight * each.value:.4g}",
        ]
        for each in sorted(found.strata, key=lambda each: -each.weight * (each.value or each.high))
        if each.weight * each.high > SHOWN * found.high
    ]
    table = align(
        [[*header, "contributes"], *sorted(body[:MOST_SHOWN], key=lambda row: tuple(map(int, row[: 1 + fails])))]
    )
    left = len(body) - MOST_SHOWN
    more = f"\n({left} strata that contribute less are in the output of --json)" if left > 0 else ""
    return f"{head}\n\n{table}{more}" if body else head
