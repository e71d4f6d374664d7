"""The laws of ballots in which nobody votes twice and no vote is late.

A ballot with a quorum has the law of PBFT with views enough: both decide every quorum that is there. Over recorded
answers every rule that counts nothing but votes has a law (`ballot_law`), and so have judges whose verdicts are
independent (`judged_ballot_law`).
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.adversary.crash import Crash
from bft.adversary.node import Behaviour
from bft.experiments.laws.faulty import faulty_vote, silent
from bft.experiments.laws.patience import time_enough
from bft.experiments.laws.pbft import DELAYS_PER_VIEW, by_validators
from bft.protocols.registry import protocol_of
from bft.randomness import Randomness
from bft.scenario import Scenario
from bft.theory.ballots import ballot_law
from bft.theory.faults import FaultLaw
from bft.theory.judged_ballots import MOST_NODES, MOST_WEIGHT, judged_ballot_law
from bft.theory.outcome_law import OutcomeLaw
from bft.theory.same_answer import FaultyVote
from bft.validators.check_settings import JudgeSettings
from bft.validators.composed import ComposedModel
from bft.validators.judge import JudgeCheck
from bft.validators.rule_settings import JudgeRule, LogOddsRule, PluralityRule, QuorumRule, StakeRule
from bft.validators.settings import RecordedValidators, StatisticalValidators

SETTINGS = ("deadline_s",)
"""The settings of ballots that the laws judge by their value alone."""


def law_of(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return the law of a ballot."""
    validators, rule, system = scenario.validators, scenario.rule or QuorumRule(), scenario.system
    quiet = silent(behaviours)
    vote: FaultyVote | None = "crash" if quiet else faulty_vote(behaviours)
    if vote is None or scenario.network.loss > 0:
        return None
    if not time_enough(scenario, scenario.own.deadline_s, DELAYS_PER_VIEW):
        return None
    if isinstance(rule, QuorumRule) and 2 * system.quorum > system.total:
        alike = scenario.model_copy(update={"protocol": protocol_of("pbft"), "rule": None, "views": scenario.n})
        judging = isinstance(validators, StatisticalValidators) and isinstance(validators.check, JudgeSettings)
        return None if judging else by_validators(alike, faults, (Crash(),) if quiet else behaviours)
    if not isinstance(validators, RecordedValidators) or validators.latency is not None:
        return None
    if isinstance(rule, JudgeRule) and isinstance(validators.check, JudgeSettings):
        return _judged(scenario, validators, faults, vote)
    if not isinstance(rule, PluralityRule | StakeRule | LogOddsRule | QuorumRule | JudgeRule):
        return None
    # Which of two equally popular wrong answers colluders take matters where nodes do not count alike.
    if vote == "collude_popular" and not (isinstance(rule, PluralityRule) and rule.ties == "undecided"):
        return None
    codes = validators.answers().recorded.codes
    counted = rule.rule(system, validators.model(scenario.n), Randomness(0))  # records are learnt from without draws
    return ballot_law(counted, faults, codes, faulty_vote=vote)


def _judged(
    scenario: Scenario, validators: RecordedValidators, faults: FaultLaw, vote: FaultyVote
) -> OutcomeLaw | None:
    """Return the law of judges whose verdicts are independent; nobody is asked about an answer twice."""
    system, model = scenario.system, validators.model(scenario.n)
    check = model.check if isinstance(model, ComposedModel) else None
    if not isinstance(check, JudgeCheck) or check.correlation > 0.0:
        return None
    if system.n > MOST_NODES or system.total > MOST_WEIGHT:
        return None
    alike = not system.weighted and (check.accept == check.accept[..., :1]).all()
    if vote == "collude_popular" and not alike:
        return None
    accept = (1.0 - check.unsure) * check.accept
    return judged_ballot_law(system, faults, validators.answers().recorded.codes, accept, faulty_vote=vote)
