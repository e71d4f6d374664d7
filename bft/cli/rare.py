"""`bft rare`: the probability of an outcome too rare to count, by strata over the number of faulty nodes."""

from __future__ import annotations

import json
from argparse import Namespace
from math import isinf
from typing import Any

from bft.checking.outcome import Outcome
from bft.cli.scenario_words import scenario_of
from bft.errors import SweepError, bad_value
from bft.experiments.laws import law_of
from bft.experiments.results import SHARES, exact_share
from bft.experiments.tables import align
from bft.vectorised import RareEvent, rare_event

SHOWN = 1e-6  # of the upper end: strata that cannot contribute so much are left out of the table


def rare_command(arguments: Namespace) -> int:
    """Estimate and print."""
    if arguments.event not in SHARES:
        raise SweepError(bad_value("event", arguments.event, f"must be one of {', '.join(SHARES)}"))
    scenario = scenario_of(arguments.scenario, arguments.settings)
    outcomes: tuple[Outcome, ...] = SHARES[arguments.event]
    found = rare_event(scenario, outcomes, seed=arguments.seed, runs=arguments.runs, level=arguments.level)
    result: dict[str, Any] = {
        "event": arguments.event,
        "p": found.value,
        "p_low": found.low,
        "p_high": found.high,
        "level": arguments.level,
        "effective_runs": None if isinf(found.effective_runs) else found.effective_runs,
        "runs": found.runs,
        "seed": arguments.seed,
    }
    exact = exact_share(law_of(scenario), [arguments.event])
    if exact is not None:
        result["exact"] = exact
    if arguments.json:
        strata = [
            {name: getattr(each, name) for name in ("faulty", "weight", "runs", "value", "low", "high")}
            for each in found.strata
        ]
        print(json.dumps({**result, "strata": strata, "scenario": scenario.to_dict()}, indent=1, allow_nan=False))
    else:
        print(readable(arguments.event, found, exact, arguments.level))
    return 0


def readable(event: str, found: RareEvent, exact: float | None, level: float) -> str:
    """Return the estimate and the strata that matter, for reading."""
    settled = isinf(found.effective_runs)
    lines = {f"P({event})": f"{found.value:.6g}"}
    lines[f"{100 * level:g} % interval"] = (
        "a point: the fault sets settle the outcome" if settled else f"{found.low:.6g} to {found.high:.6g}"
    )
    if exact is not None:
        lines["exact law"] = f"{exact:.6g}"
    lines["engine asked"] = f"about {found.runs:,} fault sets"
    if not settled:
        lines["as good as"] = f"{found.effective_runs:,.0f} plain replications"
    width = max(map(len, lines))
    head = "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())
    header = ["faulty", "P(K = k)", "sets", "P(event | k)", "low", "high", "contributes"]
    body = [
        [
            str(each.faulty),
            f"{each.weight:.4g}",
            str(each.runs),
            *(f"{value:.4g}" for value in (each.value, each.low, each.high)),
            f"{each.weight * each.value:.4g}",
        ]
        for each in found.strata
        if each.weight * each.high > SHOWN * found.high
    ]
    return f"{head}\n\n{align([header, *body])}" if body else head
