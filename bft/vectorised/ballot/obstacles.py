"""Which ballots the vectorised engine can honour; the others it refuses by the name of the field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bft.adversary.crash import Crash, Slow
from bft.adversary.equivocate import Equivocate
from bft.adversary.inject import Inject
from bft.adversary.lie import Collude, Lie
from bft.adversary.settings import describe
from bft.adversary.silence import Withhold
from bft.scenario import Scenario
from bft.validators.rule_settings import JudgeRule, LogOddsRule, OwnRule, QuorumRule
from bft.validators.settings import PerfectValidators, ReplayedValidators
from bft.vectorised.ballot.counting import MOST_ANSWERS
from bft.vectorised.delay_bounds import longest_s
from bft.vectorised.support import Obstacle
from bft.voting import counting_of

RUNS = (Crash, Slow, Withhold, Lie, Collude, Inject, Equivocate)
ROUNDS_WITH_JUDGES = 2


def obstacles(scenario: Scenario, timing: bool) -> Iterator[Obstacle]:
    """Yield what stands against a ballot, the plainest first.

    Parameters
    ----------
    scenario : Scenario
        A ballot.
    timing : bool
        Whether times are asked for, or only outcomes.
    """
    yield from _rule_obstacles(scenario)
    network = scenario.network
    for name in network.beyond_delays:
        yield f"network.{name}", "given", "links that are alike, and nothing else"
    if network.partitions:
        yield "network.partitions", len(network.partitions), "without partitions"
    if network.duplication > 0:
        yield "network.duplication", network.duplication, "without copies"
    if network.loss > 0 and (scenario.retransmission or not timing):
        yield "network.loss", network.loss, "losses with timing and retransmission = false"
    yield from _validator_obstacles(scenario, timing)
    yield from _fault_obstacles(scenario, timing)
    if not timing:
        yield from _time_obstacles(scenario)


def judges(scenario: Scenario) -> bool:
    """Whether answers are judged before the vote."""
    rule = scenario.rule
    return isinstance(rule, JudgeRule) or (isinstance(rule, OwnRule) and bool(getattr(rule.of, "judged", False)))


def _rule_obstacles(scenario: Scenario) -> Iterator[Obstacle]:
    rule = scenario.rule or QuorumRule()
    if isinstance(rule, OwnRule) and counting_of(rule.of, scenario.n) is None:
        yield "rule", rule.of, "rules of bft.voting that add up weights of these voters"
    elif not isinstance(rule, LogOddsRule | OwnRule) and counting_of(_made(scenario), scenario.n) is None:
        yield "stakes", scenario.stakes, "stakes whose whole multiples add up to less than 2⁶²"
    if judges(scenario) and scenario.n > MOST_ANSWERS:
        yield "n", scenario.n, f"judges of at most {MOST_ANSWERS} nodes"


def _made(scenario: Scenario) -> Any:
    """Return a rule that learns nothing of the panel."""
    rule: Any = scenario.rule or QuorumRule()
    return rule.rule(scenario.system, None, None)


def _validator_obstacles(scenario: Scenario, timing: bool) -> Iterator[Obstacle]:
    validators = scenario.validators
    if isinstance(validators, PerfectValidators):
        return
    if isinstance(validators, ReplayedValidators):
        yield "validators.kind", validators.kind, "perfect, statistical and recorded validators"
        return
    if validators.debate is not None:
        yield "validators.debate", "given", "validators without debate"
    for name in ("latency", "timeouts"):
        if getattr(validators, name) is not None and (judges(scenario) or not timing):
            yield f"validators.{name}", "given", f"{name} of validators with timing, and without judges"


def _fault_obstacles(scenario: Scenario, timing: bool) -> Iterator[Obstacle]:
    faults = scenario.faults
    if faults.nodes is None and (faults.delta == 0 or (isinstance(faults.delta, tuple) and not any(faults.delta))):
        return
    for behaviour in faults.behaviour:
        if type(behaviour) not in RUNS:  # one derived from these may do anything
            names = "crash, slow, withhold, lie, collude, inject and equivocate"
            yield "faults.behaviour", describe(behaviour)["kind"], names
        if isinstance(behaviour, Equivocate) and not timing:
            yield "faults.behaviour", "equivocate", "equivocators with timing: which proof comes first decides"
        if isinstance(behaviour, Equivocate) and scenario.network.loss > 0:
            yield "network.loss", scenario.network.loss, "equivocators without losses"
        if isinstance(behaviour, Crash) and behaviour.at_s > 0 and judges(scenario) and not timing:
            yield "faults.behaviour.at_s", behaviour.at_s, "judges that crash on the way with timing"


def _time_obstacles(scenario: Scenario) -> Iterator[Obstacle]:
    """Without timing all must have arrived before time is up."""
    rounds = ROUNDS_WITH_JUDGES if judges(scenario) else 1
    late_s = max((each.delay_s for each in scenario.faults.behaviour if isinstance(each, Slow)), default=0.0)
    needed_s = longest_s(scenario.network.delay, rounds) + rounds * late_s
    if needed_s >= scenario.own.deadline_s:
        law = scenario.network.delay.law
        yield "network.delay.law", law, "outcomes alone where every message arrives before ballot.deadline_s"
    if judges(scenario):
        needed_s += scenario.own.deadline_s  # judges wait so long for an answer that does not come
    if needed_s >= scenario.end_s:
        yield "horizon_s", scenario.end_s, f"outcomes alone with more than {needed_s:.4g} seconds"
