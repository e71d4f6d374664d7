"""A scenario in the words of a title: what was run, as far as it was not swept."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from bft.adversary.settings import describe
from bft.plotting.estimates import DELTA, Estimates, called
from bft.scenario import Scenario
from bft.validators.settings import (
    DEFAULT_PRESET,
    PerfectValidators,
    RecordedValidators,
    ReplayedValidators,
    StatisticalValidators,
)

BEHAVIOUR = "faults.behaviour"


def title_of(estimates: Estimates, path: str | None) -> str:
    """Return a title in two lines: the faults, then the validators and what else is fixed."""
    scenario, over = estimates.scenario, estimates.over
    what = "protocols side by side" if "protocol" in over else scenario.protocol.name.upper()
    what += "" if BEHAVIOUR in over else f", {behaviour_words(scenario, over)}"
    fixed = [called(name, values[0]) for name, values in over.items() if len(values) == 1 and name != path]
    if "n" not in over:
        fixed.insert(0, f"n = {scenario.n}")
    if DELTA not in over and isinstance(scenario.faults.delta, float) and scenario.faults.delta > 0:
        fixed.append(called(DELTA, scenario.faults.delta))
    if scenario.stakes is not None and "stakes" not in over:
        fixed.append("stakes " + ", ".join(f"{stake:g}" for stake in scenario.stakes))
    if scenario.quorum is not None and "quorum" not in over:
        fixed.append(f"q = {scenario.quorum}")
    if scenario.views is not None and "views" not in over:
        fixed.append(f"views = {scenario.views}")
    if not any(name.startswith("validators") for name in over):
        fixed.insert(0, validator_words(scenario))
    return f"{what}\n{', '.join([*fixed, f'seed {estimates.seed}'])}"


def behaviour_words(scenario: Scenario, over: Collection[str] = ()) -> str:
    """Return what faulty nodes do, if there may be any."""
    if scenario.faults.delta == 0 and not scenario.faults.nodes and not {DELTA, "faults.nodes"} & set(over):
        return "no faults"
    kinds = [str(describe(each)["kind"]).rsplit(".", 1)[-1].replace("_", " ") for each in scenario.faults.behaviour]
    return f"faulty nodes {' or '.join(dict.fromkeys(kinds))}"


def validator_words(scenario: Scenario) -> str:
    """Return what the validators are."""
    validators = scenario.validators
    match validators:
        case PerfectValidators():
            return "perfect validators"
        case RecordedValidators():
            return f"recorded answers of {len(validators.models)} LLMs ({Path(validators.file).name})"
        case ReplayedValidators():
            return f"a live panel replayed ({Path(validators.file).name})"
        case StatisticalValidators(preset=None, file=None, accuracy=None):
            return f"LLM validators ({DEFAULT_PRESET})"
        case StatisticalValidators(preset=None, file=None):
            return "LLM validators of given accuracy"
        case StatisticalValidators(preset=preset, file=file):
            return f"LLM validators ({preset or Path(str(file)).name})"
