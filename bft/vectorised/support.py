"""Which scenarios the vectorised engine can honour; the others it refuses by the name of the field."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.settings import describe
from bft.adversary.silence import SilentPrimary, Withhold
from bft.errors import bad_value
from bft.scenario import Scenario
from bft.validators.settings import PerfectValidators, ReplayedValidators
from bft.vectorised.delay_bounds import longest_s, slowest_s
from bft.vectorised.known_fields import unknown_fields
from bft.vectorised.normal_case import one_view
from bft.vectorised.polling import obstacles as polling

RUNS = (Withhold, SilentPrimary, Lie, Collude)
PHASES = 3  # messages in a row from a proposal to the last commit
SPLIT = 5  # from the first to leave a view to the last commit of the next: the skew of timers, view-change, and these


def supported(scenario: Scenario, *, timing: bool = True) -> str | None:
    """Return why the engine refuses a scenario, or None if it does not.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    timing : bool
        Whether times are asked for, or only outcomes.

    Examples
    --------
    >>> supported(Scenario(n=4)) is None
    True
    >>> supported(Scenario(n=4, network={"duplication": 0.1}))
    'network.duplication = 0.1: the vectorised engine runs without copies'
    """
    return next(_obstacles(scenario, timing), None)


def asks_before_a_split(scenario: Scenario) -> bool:
    """Whether a replica may ask for what it lacks before its group has decided on a coalition's proposal.

    The answer may then be a proof of what the other group decided, which it adopts instead.
    """
    return scenario.retransmission and scenario.retransmit_s < longest_s(scenario.network.delay, SPLIT)


def _obstacles(scenario: Scenario, timing: bool) -> Iterator[str]:
    """Yield what stands against a scenario, the plainest first."""
    for path, value in unknown_fields(scenario):
        yield _refusal(path, value, "scenarios without it")
    network = scenario.network
    protocol = scenario.protocol.name
    if protocol == "ballot":
        for field, given, runs in polling.obstacles(scenario, timing):
            yield _refusal(field, given, runs)
        return
    if protocol != "pbft":
        yield _refusal("protocol", protocol, "pbft and ballots")
    if scenario.requests.count != 1:
        yield _refusal("requests.count", scenario.requests.count, "1 request")
    for name in network.beyond_delays:
        yield _refusal(f"network.{name}", _brief(getattr(network, name)), "links that are alike, and nothing else")
    if network.partitions:
        yield _refusal("network.partitions", len(network.partitions), "without partitions")
    if network.duplication > 0:
        yield _refusal("network.duplication", network.duplication, "without copies")
    if network.loss > 0 and not (one_view(scenario) and timing):
        yield _refusal("network.loss", network.loss, "losses with timing, views = 1 and retransmission = false")
    yield from _validator_obstacles(scenario)
    yield from _fault_obstacles(scenario, timing)
    if not timing:
        if scenario.own.checkpoint_interval == 1:
            runs = "outcomes alone with 2 or more: checkpoints may overtake commits"
            yield _refusal("pbft.checkpoint_interval", 1, runs)
        yield from _time_obstacles(scenario)


def _validator_obstacles(scenario: Scenario) -> Iterator[str]:
    validators = scenario.validators
    if isinstance(validators, PerfectValidators):
        return
    if isinstance(validators, ReplayedValidators):
        yield _refusal("validators.kind", validators.kind, "perfect, statistical and recorded validators")
        return
    for name in ("debate", "timeouts"):
        if getattr(validators, name) is not None:
            yield _refusal(f"validators.{name}", "given", f"validators without {name}")
    if validators.latency is not None:
        yield _refusal("validators.latency", "given", "validators that answer at once")
    if scenario.view_limit != 1:
        if validators.check.flip > 0:
            yield _refusal("validators.check.flip", validators.check.flip, "verdicts that last, or views = 1")
        if getattr(validators.check, "redraw", False):
            yield _refusal("validators.check.redraw", True, "verdicts that last, or views = 1")


def _fault_obstacles(scenario: Scenario, timing: bool) -> Iterator[str]:
    faults = scenario.faults
    if faults.nodes is None and not np.any(np.asarray(faults.delta) > 0):
        return
    for behaviour in faults.behaviour:
        name = describe(behaviour)["kind"]
        if isinstance(behaviour, Crash) and behaviour.at_s > 0:
            yield _refusal("faults.behaviour.at_s", behaviour.at_s, "nodes that crash before the start")
        if type(behaviour) is Equivocate:  # one derived from it may do anything
            yield from _equivocation_obstacles(scenario, behaviour, timing)
        elif type(behaviour) not in (Crash, *RUNS):
            runs = "crash, withhold, silent_primary, lie, collude, and equivocate without timing"
            yield _refusal("faults.behaviour", name, runs)


def _equivocation_obstacles(scenario: Scenario, behaviour: Equivocate, timing: bool) -> Iterator[str]:
    """Where a coalition does anything else than split, or keep the honest from deciding, times matter."""
    system = scenario.system
    turns = system.n if scenario.view_limit is None else min(scenario.view_limit, system.n)
    if timing:
        yield _refusal("faults.behaviour", "equivocate", "equivocators for the outcome alone")
    if len(scenario.faults.behaviour) > 1:
        yield _refusal("faults.behaviour", "equivocate", "equivocators without other behaviours")
    if not isinstance(scenario.validators, PerfectValidators):
        yield _refusal("validators.kind", scenario.validators.kind, "equivocators among perfect validators")
    if system.weighted:
        yield _refusal("stakes", scenario.stakes, "equivocators with equal weights")
    if not scenario.retransmission:
        yield _refusal("retransmission", False, "equivocators with retransmission")
    if scenario.retransmit_s > scenario.own.view_timeout_s:
        yield _refusal("retransmit_s", scenario.retransmit_s, "equivocators with at most pbft.view_timeout_s")
    if system.weight(range(turns)) <= system.live_up_to:
        yield _refusal("views", scenario.views, "equivocators with views enough for an honest primary")
    if behaviour.rush and system.live_up_to >= system.safe_below:
        yield _refusal("faults.behaviour.rush", True, "rushing equivocators where they cannot split a live system")


def _time_obstacles(scenario: Scenario) -> Iterator[str]:
    """Without timing the delays must not be able to change the outcome: no decision may be late."""
    config, law = scenario.configuration(), scenario.network.delay
    decision_s = PHASES * slowest_s(law)
    first_s, limit = config.timeout_s(0), scenario.view_limit
    if limit != 1 and decision_s >= first_s:
        yield _refusal(
            "network.delay.law", law.law, f"outcomes alone where {PHASES} delays always end in a view's time"
        )
    views = scenario.n if limit is None else min(limit, scenario.n)
    needed_s = sum(config.timeout_s(view) + decision_s for view in range(views - 1)) + decision_s
    if scenario.end_s < needed_s:
        yield _refusal(
            "horizon_s", scenario.end_s, f"outcomes alone with at least {needed_s:.4g} seconds for all views"
        )


def _brief(setting: object) -> object:
    """Return what stands for a part of the network in one sentence."""
    if isinstance(setting, tuple):
        return len(setting)
    return getattr(setting, "kind", setting if isinstance(setting, float) else "given")


def _refusal(field: str, value: object, runs: str) -> str:
    return bad_value(field, value, f"the vectorised engine runs {runs}")
