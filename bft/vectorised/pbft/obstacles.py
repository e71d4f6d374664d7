"""Which scenarios of PBFT the vectorised engine can honour; the others it refuses by the name of the field."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.settings import describe
from bft.adversary.silence import SilentPrimary, Withhold
from bft.scenario import Scenario
from bft.validators.settings import PerfectValidators, ReplayedValidators
from bft.vectorised.delay_bounds import longest_s, slowest_s
from bft.vectorised.pbft.normal_case import one_view
from bft.vectorised.support import Obstacle

RUNS = (Withhold, SilentPrimary, Lie, Collude)
PHASES = 3  # messages in a row from a proposal to the last commit
SPLIT = 5  # from the first to leave a view to the last commit of the next: the skew of timers, view-change, and these


def asks_before_a_split(scenario: Scenario) -> bool:
    """Whether a replica may ask for what it lacks before its group has decided on a coalition's proposal.

    The answer may then be a proof of what the other group decided, which it adopts instead.
    """
    return scenario.retransmission and scenario.retransmit_s < longest_s(scenario.network.delay, SPLIT)


def obstacles(scenario: Scenario, timing: bool) -> Iterator[Obstacle]:
    """Yield what stands against a scenario of PBFT, the plainest first.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    timing : bool
        Whether times are asked for, or only outcomes.
    """
    network = scenario.network
    if scenario.requests.count != 1:
        yield "requests.count", scenario.requests.count, "1 request"
    for name in network.beyond_delays:
        yield f"network.{name}", _brief(getattr(network, name)), "links that are alike, and nothing else"
    if network.partitions:
        yield "network.partitions", len(network.partitions), "without partitions"
    if network.duplication > 0:
        yield "network.duplication", network.duplication, "without copies"
    if network.loss > 0 and not (one_view(scenario) and timing):
        yield "network.loss", network.loss, "losses with timing, views = 1 and retransmission = false"
    yield from _validator_obstacles(scenario)
    yield from _fault_obstacles(scenario, timing)
    if not timing:
        if scenario.own.checkpoint_interval == 1:
            runs = "outcomes alone with 2 or more: checkpoints may overtake commits"
            yield "pbft.checkpoint_interval", 1, runs
        yield from _time_obstacles(scenario)


def _validator_obstacles(scenario: Scenario) -> Iterator[Obstacle]:
    validators = scenario.validators
    if isinstance(validators, PerfectValidators):
        return
    if isinstance(validators, ReplayedValidators):
        yield "validators.kind", validators.kind, "perfect, statistical and recorded validators"
        return
    for name in ("debate", "timeouts"):
        if getattr(validators, name) is not None:
            yield f"validators.{name}", "given", f"validators without {name}"
    if validators.latency is not None:
        yield "validators.latency", "given", "validators that answer at once"
    if scenario.view_limit != 1:
        if validators.check.flip > 0:
            yield "validators.check.flip", validators.check.flip, "verdicts that last, or views = 1"
        if getattr(validators.check, "redraw", False):
            yield "validators.check.redraw", True, "verdicts that last, or views = 1"


def _fault_obstacles(scenario: Scenario, timing: bool) -> Iterator[Obstacle]:
    faults = scenario.faults
    if faults.nodes is None and not np.any(np.asarray(faults.delta) > 0):
        return
    for behaviour in faults.behaviour:
        name = describe(behaviour)["kind"]
        if isinstance(behaviour, Crash) and behaviour.at_s > 0:
            yield "faults.behaviour.at_s", behaviour.at_s, "nodes that crash before the start"
        if type(behaviour) is Equivocate:  # one derived from it may do anything
            yield from _equivocation_obstacles(scenario, behaviour, timing)
        elif type(behaviour) not in (Crash, *RUNS):
            runs = "crash, withhold, silent_primary, lie, collude, and equivocate without timing"
            yield "faults.behaviour", name, runs


def _equivocation_obstacles(scenario: Scenario, behaviour: Equivocate, timing: bool) -> Iterator[Obstacle]:
    """Where a coalition does anything else than split, or keep the honest from deciding, times matter."""
    system = scenario.system
    turns = system.n if scenario.view_limit is None else min(scenario.view_limit, system.n)
    if timing:
        yield "faults.behaviour", "equivocate", "equivocators for the outcome alone"
    if len(scenario.faults.behaviour) > 1:
        yield "faults.behaviour", "equivocate", "equivocators without other behaviours"
    if not isinstance(scenario.validators, PerfectValidators):
        yield "validators.kind", scenario.validators.kind, "equivocators among perfect validators"
    if system.weighted:
        yield "stakes", scenario.stakes, "equivocators with equal weights"
    if not scenario.retransmission:
        yield "retransmission", False, "equivocators with retransmission"
    if scenario.retransmit_s > scenario.own.view_timeout_s:
        yield "retransmit_s", scenario.retransmit_s, "equivocators with at most pbft.view_timeout_s"
    if system.weight(range(turns)) <= system.live_up_to:
        yield "views", scenario.views, "equivocators with views enough for an honest primary"
    if behaviour.rush and system.live_up_to >= system.safe_below:
        yield "faults.behaviour.rush", True, "rushing equivocators where they cannot split a live system"


def _time_obstacles(scenario: Scenario) -> Iterator[Obstacle]:
    """Without timing the delays must not be able to change the outcome: no decision may be late."""
    config, law = scenario.configuration(), scenario.network.delay
    decision_s = PHASES * slowest_s(law)
    first_s, limit = config.timeout_s(0), scenario.view_limit
    if limit != 1 and decision_s >= first_s:
        yield "network.delay.law", law.law, f"outcomes alone where {PHASES} delays always end in a view's time"
    views = scenario.n if limit is None else min(limit, scenario.n)
    needed_s = sum(config.timeout_s(view) + decision_s for view in range(views - 1)) + decision_s
    if scenario.end_s < needed_s:
        yield "horizon_s", scenario.end_s, f"outcomes alone with at least {needed_s:.4g} seconds for all views"


def _brief(setting: object) -> object:
    """Return what stands for a part of the network in one sentence."""
    if isinstance(setting, tuple):
        return len(setting)
    return getattr(setting, "kind", setting if isinstance(setting, float) else "given")
