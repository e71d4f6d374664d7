"""`bft agreement`: P(agreement) against the per-node fault probability δ, the main job."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bft.cli.defaults import DEFAULT_N, FALLIBLE_N, VECTORISED_REPLICATIONS, WITNESS
from bft.cli.output import complain
from bft.cli.sweep import report, run_plans, sampling, trouble, write_page
from bft.errors import ScenarioError, bad_value
from bft.experiments.axes import axis_values
from bft.experiments.engines import Way, way_of
from bft.experiments.results import Sweep
from bft.experiments.store import output_folder
from bft.experiments.sweeps import Plan, plan
from bft.scenario import Scenario
from bft.validators.model_names import models_of
from bft.validators.settings import DEFAULT_PRESET
from bft.validators.tables import load_answers

DELTA = "faults.delta"
KIND = "validators.kind"
NAMES_SHOWN = 8


def agreement_command(arguments: Namespace) -> int:
    """Sweep, print the rows, write table, manifest and figure."""
    if arguments.protocols is not None:
        plans = _protocol_plans(arguments)
    else:
        plans = [_recorded_plan(arguments)] if _recorded(arguments) else _statistical_plans(arguments)
    folder = output_folder(arguments.out)
    sweeps, code = run_plans(plans)
    rows: list[dict[str, Any]] = [
        {KIND: sweep.scenario.validators.kind, "n": sweep.scenario.n, **row} for sweep in sweeps for row in sweep.rows
    ]
    report(arguments, sweeps, rows, folder, text="\n\n".join(f"{_heading(each)}\n{each.to_text()}" for each in sweeps))
    if code == 0:
        if arguments.protocols is not None:
            _protocols_figure(sweeps, folder)
        else:
            _figure(sweeps, folder, over_formulas=arguments.source_documents)
        write_page(sweeps, folder, arguments)
        if not arguments.quiet:
            complain(f"figure in {folder}: agreement.png, agreement.svg; all of it in report.html")
    return code or trouble(sweeps)


def _recorded(arguments: Namespace) -> bool:
    """Return whether recorded answers are asked for; refuse options that do not go together."""
    if arguments.answers is None:
        if arguments.models is not None:
            raise ScenarioError(bad_value("models", arguments.models, "needs --answers"))
        return False
    if arguments.preset is not None:
        raise ScenarioError(bad_value("preset", arguments.preset, "must not be given together with --answers"))
    if arguments.models is None:
        models = load_answers(arguments.answers, drop_conflicts=arguments.drop_conflicts).models
        names = ", ".join(sorted(models)[:NAMES_SHOWN]) + (" …" if len(models) > NAMES_SHOWN else "")
        raise ScenarioError(f"models: is needed with --answers; {arguments.answers} has {len(models)}: {names}")
    return True


def _recorded_plan(arguments: Namespace) -> Plan:
    if arguments.source_documents:
        raise ScenarioError(bad_value("source_documents", True, "must be left out with --answers: they know no LLMs"))
    models = models_of(arguments.models)
    if arguments.n is not None and axis_values("n", arguments.n) != (len(models),):
        raise ScenarioError(bad_value("n", arguments.n, f"must be the number of models, {len(models)}, or left out"))
    validators: dict[str, Any] = {"kind": "recorded", "file": arguments.answers, "models": models}
    if arguments.drop_conflicts:
        validators["drop_conflicts"] = True
    for warning in load_answers(arguments.answers, drop_conflicts=arguments.drop_conflicts).warnings():
        complain(f"warning: {warning}")
    return _plan(arguments, Scenario(n=len(models), validators=validators, faults={"behaviour": arguments.behaviour}))


def _statistical_plans(arguments: Namespace) -> list[Plan]:
    numbers = axis_values("n", DEFAULT_N if arguments.n is None else arguments.n)
    faults = {"behaviour": arguments.behaviour}
    perfect = _plan(arguments, Scenario(faults=faults), n=numbers)
    sizes = [cell.scenario.n for cell in perfect.cells]
    nearest = min(sizes, key=lambda n: (abs(n - FALLIBLE_N), n))
    validators = {"kind": "statistical", "preset": arguments.preset or DEFAULT_PRESET}
    return [perfect, _plan(arguments, Scenario(n=nearest, faults=faults, validators=validators))]


def _protocol_plans(arguments: Namespace) -> list[Plan]:
    """Return perfect and fallible validators under each protocol, on the same faults, answers and delays."""
    for option in ("answers", "models"):
        if getattr(arguments, option) is not None:
            raise ScenarioError(bad_value(option, getattr(arguments, option), "must be left out with --protocols"))
    if arguments.source_documents:
        raise ScenarioError(bad_value("source_documents", True, "must be left out with --protocols"))
    names = [name.strip() for name in arguments.protocols.split(",")]
    numbers = axis_values("n", str(FALLIBLE_N) if arguments.n is None else arguments.n)
    if len(numbers) > 1:
        raise ScenarioError(bad_value("n", arguments.n, "must be one number with --protocols"))
    scenario = Scenario(n=numbers[0], faults={"behaviour": arguments.behaviour})
    validators = {"kind": "statistical", "preset": arguments.preset or DEFAULT_PRESET}
    fallible = scenario.replace("validators", validators)
    return [_plan(arguments, each, common=True, protocol=names) for each in (scenario, fallible)]


def _plan(arguments: Namespace, scenario: Scenario, *, common: bool = False, **over: Any) -> Plan:
    how = sampling(arguments)
    if how["witness"] is None and arguments.witness is None:
        how["witness"] = WITNESS
    if how["replications"] is None and how["precision"] is None:
        each = [scenario.replace("protocol", name) for name in over.get("protocol", (scenario.protocol,))]
        ways = {way_of(some.replace(DELTA, 0.1), arguments.engine, records=arguments.records) for some in each}
        how["replications"] = None if Way.SIMPY in ways else VECTORISED_REPLICATIONS
    return plan(scenario, {**over, DELTA: arguments.delta}, common_random_numbers=common, **how)


def _heading(sweep: Sweep) -> str:
    from bft.plotting.scenario_words import behaviour_words, validator_words

    n = "" if "n" in sweep.over else f", n = {sweep.scenario.n}"
    return f"{validator_words(sweep.scenario)}, {behaviour_words(sweep.scenario, sweep.over)}{n}"


def _protocols_figure(sweeps: Sequence[Sweep], folder: Path) -> None:
    from bft.plotting import protocols_figure, save

    save(protocols_figure(*sweeps), folder, "agreement")


def _figure(sweeps: Sequence[Sweep], folder: Path, *, over_formulas: bool) -> None:
    from bft.plotting import agreement_figure, outcome_panels, save  # matplotlib takes long to load

    if len(sweeps) == 2:
        save(agreement_figure(*sweeps, over_formulas=over_formulas), folder, "agreement")
        return
    from bft.experiments.predictions import independent_errors_prediction

    recorded = sweeps[0]
    save(outcome_panels(recorded, independent_errors_prediction(recorded)), folder, "agreement")
