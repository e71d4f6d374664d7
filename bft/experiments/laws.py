"""Which exact law holds for a scenario, if any: the bridge from scenarios to `bft.theory`.

The laws speak of one request that is given time enough. So there is none where several requests compete, where machines
fail, members change or a service stands before the validators, where links are cut, outlast a view or differ, where
validators take time, or where behaviours are mixed; nor where every request is a checkpoint, which may overtake the
commits, and where replicas ask before a coalition can have split them. What is left:

====================  =======================================  =====================================================
validators            the faulty                               law
====================  =======================================  =====================================================
perfect               crash at the start                       `crash_law`
perfect               withhold                                 `withhold_law`
perfect               silent_primary                           `silent_primary_law`
perfect               equivocate                               `equivocation_law`
perfect               lie, or collude                          `lying_law`
same answer           crash at the start, or collude           `same_answer_law`, or `recorded_law`
judges                crash at the start                       `judge_law`
perfect, one view     nobody; links lose messages              `lossy_links_law`
====================  =======================================  =====================================================

A ballot with a quorum has the law of PBFT with views enough: both decide every quorum that is there. Over recorded
answers every rule that counts nothing but votes has a law (`ballot_law`).

Where a law does not cover a scenario the answer is None, never an approximation. A field that no law was written for
costs the law as soon as it is set (`bft.experiments.law_coverage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.settings import Faults
from bft.adversary.silence import SilentPrimary, Withhold
from bft.errors import UnsupportedError
from bft.experiments.law_coverage import uncovered_fields
from bft.protocols.registry import protocol_of
from bft.randomness import Randomness
from bft.scenario import Scenario
from bft.theory.agreement import alone_a_quorum, crash_law, silent_primary_law, withhold_law
from bft.theory.ballots import ballot_law
from bft.theory.equivocation import equivocation_law
from bft.theory.errors_in_common import (
    ErrorLaw,
    ExchangeableErrors,
    MixedErrors,
    beta_binomial_errors,
    independent_errors,
    probit_errors,
)
from bft.theory.faults import FaultLaw, fixed, fraction, heterogeneous, independent
from bft.theory.judge import judge_law
from bft.theory.lossy_links import lossy_links_law
from bft.theory.lying import lying_law
from bft.theory.outcome_law import OutcomeLaw
from bft.theory.recorded import recorded_law
from bft.theory.same_answer import FaultyVote, same_answer_law
from bft.theory.wrong_answers import WrongAnswers
from bft.validators.check_settings import JudgeSettings, SameAnswerSettings
from bft.validators.error_settings import BetaBinomialErrorSettings, CorrelatedErrorSettings, IndependentErrorSettings
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.rule_settings import LogOddsRule, PluralityRule, QuorumRule, StakeRule
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators
from bft.vectorised.support import asks_before_a_split

SLOWEST = 1.0 - 1e-12  # of messages; a slower one is never met
DELAYS_PER_VIEW = 5  # view-change, new-view, prepare, commit, and the skew between the replicas' timers


def law_of(scenario: Scenario, delta: ArrayLike | None = None) -> OutcomeLaw | None:
    """Return the exact law of a scenario's outcome, or None where there is none.

    Parameters
    ----------
    scenario : Scenario
        What would be run.
    delta : array_like, optional
        Take these values of `faults.delta` instead; the law's probabilities are arrays of this shape then.

    Examples
    --------
    >>> law = law_of(Scenario(n=4), delta=[0.0, 0.1])
    >>> law.agree.round(5).tolist()
    [1.0, 0.9477]
    """
    operated = any(each is not None for each in (scenario.machine, scenario.service, scenario.membership))
    if operated or scenario.requests.count > 1 or scenario.network.beyond_delays:
        return None
    if not _time_enough(scenario) or _unlawful(scenario) or _overtaken(scenario):
        return None
    faults = fault_law(scenario.faults, scenario.n, delta)
    if any(uncovered_fields(scenario, anybody_faulty=_anybody_faulty(faults))):
        return None
    if scenario.protocol.name == "ballot":
        return _ballot(scenario, faults)
    behaviours = scenario.faults.behaviour if _anybody_faulty(faults) else (Crash(),)
    try:
        if scenario.network.loss > 0:
            return _lossy(scenario) if not _anybody_faulty(faults) else None
        if isinstance(scenario.validators, PerfectValidators):
            return _perfect(scenario, faults, behaviours)
        if isinstance(scenario.validators, StatisticalValidators):
            return _statistical(scenario, scenario.validators, faults, behaviours)
        if isinstance(scenario.validators, RecordedValidators):
            return _recorded(scenario, scenario.validators, faults, behaviours)
        return None
    except UnsupportedError:
        return None


def _overtaken(scenario: Scenario) -> bool:
    """Whether checkpoints may overtake the commits of the only request: a replica then waits for the state instead."""
    return scenario.protocol.name == "pbft" and scenario.checkpoint_interval == 1


def _unlawful(scenario: Scenario) -> bool:
    """Whether validators do what no law knows: debate, time out, or share models."""
    return any(getattr(scenario.validators, name, None) is not None for name in ("debate", "timeouts", "clones"))


def _ballot(scenario: Scenario, faults: FaultLaw) -> OutcomeLaw | None:
    """Return the law of a ballot in which nobody votes twice and no vote is late."""
    behaviours = scenario.faults.behaviour if _anybody_faulty(faults) else (Crash(),)
    validators, rule, system = scenario.validators, scenario.rule or QuorumRule(), scenario.system
    silent = _silent(behaviours)
    vote: FaultyVote | None = "crash" if silent else faulty_vote(behaviours)
    if vote is None or scenario.network.loss > 0:
        return None
    if isinstance(rule, QuorumRule) and 2 * system.quorum > system.total:
        alike = scenario.model_copy(update={"protocol": protocol_of("pbft"), "rule": None, "views": scenario.n})
        plain = (Crash(),) if silent else behaviours
        if isinstance(validators, PerfectValidators):
            return _perfect(alike, faults, plain)
        if isinstance(validators, StatisticalValidators):
            judging = isinstance(validators.check, JudgeSettings)
            return None if judging else _statistical(alike, validators, faults, plain)
        return _recorded(alike, validators, faults, plain) if isinstance(validators, RecordedValidators) else None
    if not isinstance(validators, RecordedValidators) or validators.latency is not None:
        return None
    if not isinstance(rule, PluralityRule | StakeRule | LogOddsRule | QuorumRule):
        return None
    # Which of two equally popular wrong answers colluders take matters where nodes do not count alike.
    if vote == "collude_popular" and not (isinstance(rule, PluralityRule) and rule.ties == "undecided"):
        return None
    codes = validators.answers().recorded.codes
    counted = rule.rule(system, validators.model(scenario.n), Randomness(0))  # records are learnt from without draws
    return ballot_law(counted, faults, codes, faulty_vote=vote)


def fault_law(faults: Faults, n: int, delta: ArrayLike | None = None) -> FaultLaw:
    """Return who is faulty in n nodes; `delta` replaces one δ for all."""
    if faults.nodes is not None:
        return fixed(n, faults.nodes)
    given = faults.delta if delta is None else delta
    if faults.draw == "fraction":
        return fraction(n, given)
    return heterogeneous(given) if isinstance(given, tuple) else independent(n, given)


def _anybody_faulty(faults: FaultLaw) -> bool:
    return bool(np.any(faults.count()[..., 1:] > 0))


def _time_enough(scenario: Scenario) -> bool:
    """Whether no message outlasts a view, and the run goes on until all views are over."""
    network, config = scenario.network, scenario.pbft_config()
    slowest_s = float(network.delay.sample(np.array([SLOWEST]))[0])
    patient = scenario.model_copy(update={"horizon_s": None})
    return (
        not network.partitions
        and DELAYS_PER_VIEW * slowest_s <= config.timeout_s(0)
        and scenario.end_s >= patient.end_s
    )


def _lossy(scenario: Scenario) -> OutcomeLaw | None:
    single_view = scenario.view_limit == 1 and not scenario.retransmission and scenario.network.duplication == 0
    if not single_view or not isinstance(scenario.validators, PerfectValidators):
        return None
    return lossy_links_law(scenario.system, scenario.network.loss)


def _perfect(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    system, views = scenario.system, scenario.view_limit
    if _silent(behaviours) and not alone_a_quorum(system):
        return crash_law(system, faults, views=views)  # so do those who withhold, alone or beside crashed nodes
    if len(set(behaviours)) > 1:
        return None
    match behaviours[0]:
        case Crash():
            return crash_law(system, faults, views=views) if _silent(behaviours) else None
        case SilentPrimary() if _proofs_spread(scenario):
            return silent_primary_law(system, faults, views=views)
        case Withhold() if _proofs_spread(scenario):
            return withhold_law(system, faults, views=views)
        case Equivocate(rush=rush) if _splits_or_stalls(scenario, rush=rush):
            return equivocation_law(system, faults, views=views)
        case Lie() | Collude():
            return lying_law(system, faults, views=views)
        case _:
            return None


def _proofs_spread(scenario: Scenario) -> bool:
    """Whether what a node decides in private, being a quorum by itself, is asked for before a view is over."""
    patient = scenario.retransmission and scenario.retransmit_s <= scenario.pbft_config().timeout_s(0)
    return patient or not alone_a_quorum(scenario.system)


def _splits_or_stalls(scenario: Scenario, *, rush: bool) -> bool:
    """Whether an equivocating coalition does what the law says: split, or else keep the honest from deciding.

    A coalition that cannot split may still equivocate. Then the larger group may decide by itself; with retransmission
    the others follow, and with views enough they all decide anyway. One in a hurry differs where the honest would
    decide and still can be split. Those who ask early may be sent a proof before they are split.
    """
    if asks_before_a_split(scenario):
        return False
    system = scenario.system
    turns = system.n if scenario.view_limit is None else min(scenario.view_limit, system.n)
    honest_leads = system.weight(range(turns)) > system.live_up_to
    return scenario.retransmission and honest_leads and not (rush and system.live_up_to >= system.safe_below)


def _statistical(
    scenario: Scenario, validators: StatisticalValidators, faults: FaultLaw, behaviours: Sequence[Behaviour]
) -> OutcomeLaw | None:
    numbers = validators.numbers()
    errors, wrong_answers = _errors(scenario.n, numbers), _wrong_answers(numbers)
    if errors is None or wrong_answers is None or validators.latency is not None:
        return None
    if isinstance(validators.check, JudgeSettings):
        return _judges(scenario, numbers, validators.check, faults) if faulty_vote(behaviours) == "crash" else None
    vote = faulty_vote(behaviours)
    if vote is None or validators.check.flip > 0:
        return None
    return same_answer_law(scenario.system, faults, errors, wrong_answers, faulty_vote=vote, views=scenario.view_limit)


def _judges(scenario: Scenario, numbers: PanelNumbers, check: JudgeSettings, faults: FaultLaw) -> OutcomeLaw | None:
    """Judges whose verdicts depend on nothing but whether the proposal is right, view after view."""
    by_own = (
        check.accept_given_right_own_right,
        check.accept_given_right_own_wrong,
        check.accept_given_wrong_own_right,
        check.accept_given_wrong_own_wrong,
    )
    single_view = scenario.view_limit == 1
    fresh = single_view or (check.redraw and scenario.view_limit is not None and scenario.view_limit <= scenario.n)
    alike = isinstance(numbers.errors, IndependentErrorSettings) or single_view
    if any(each is not None for each in by_own) or numbers.missing != 0 or not (fresh and alike):
        return None
    if check.correlation > 0.0 and check.unsure > 0.0:
        return None
    accuracy, right, wrong = numbers.accuracy, check.accept_given_right, check.accept_given_wrong
    if isinstance(accuracy, tuple) or isinstance(right, tuple) or isinstance(wrong, tuple):
        return None
    return judge_law(
        scenario.system,
        faults,
        accuracy=accuracy,
        accept_right=right * (1.0 - check.unsure),
        accept_wrong=wrong * (1.0 - check.unsure),
        views=scenario.view_limit,
        correlation=check.correlation,
    )


def _recorded(
    scenario: Scenario, validators: RecordedValidators, faults: FaultLaw, behaviours: Sequence[Behaviour]
) -> OutcomeLaw | None:
    vote, check, views = faulty_vote(behaviours), validators.check, scenario.view_limit
    if vote is None or validators.latency is not None or not isinstance(check, SameAnswerSettings) or check.flip > 0:
        return None
    # Which of two equally popular wrong answers colluders take matters where not everybody proposes, and stakes differ.
    if vote == "collude_popular" and (scenario.system.weighted or (views is not None and views < scenario.n)):
        return None
    codes = validators.answers().recorded.codes
    right = np.zeros(len(codes), dtype=np.int64)
    return recorded_law(scenario.system, faults, codes, right, faulty_vote=vote, views=views)


def _silent(behaviours: Sequence[Behaviour]) -> bool:
    """Whether the faulty neither vote nor propose, from the start."""
    return all(isinstance(each, Withhold) or each == Crash() for each in behaviours)


def faulty_vote(behaviours: Sequence[Behaviour]) -> FaultyVote | None:
    """Return how the faulty vote where honest validators may disagree.

    Those who withhold their votes have no law there: their view-changes carry certificates, which hold the votes.
    """
    if all(each == Crash() for each in behaviours):
        return "crash"
    return "collude_popular" if all(isinstance(each, Collude) for each in behaviours) else None


def _errors(n: int, numbers: PanelNumbers) -> ErrorLaw | None:
    """Return who is right together."""
    accuracy = numbers.accuracy
    match numbers.errors:
        case IndependentErrorSettings():
            return independent_errors(n, accuracy)
        case CorrelatedErrorSettings(r=correlation, flawed=flawed):
            sound = probit_errors(n, np.minimum(np.divide(accuracy, 1.0 - flawed), 1.0), correlation=correlation)
            return _with_flawed(sound, flawed)
        case BetaBinomialErrorSettings(correlation=correlation) if isinstance(accuracy, float):
            return beta_binomial_errors(n, accuracy, correlation=correlation)
        case _:
            return None


def _with_flawed(sound: ErrorLaw, share: float) -> ErrorLaw:
    """Mix in a share of questions that nobody gets right."""
    if share == 0:
        return sound
    if isinstance(sound, ExchangeableErrors):
        number_right = (1.0 - share) * sound.number_right
        number_right[0] += share
        return ExchangeableErrors(number_right=number_right)
    return MixedErrors(
        weight=np.append((1.0 - share) * sound.weight, share), right=np.vstack([sound.right, np.zeros(sound.n)])
    )


def _wrong_answers(numbers: PanelNumbers) -> WrongAnswers | None:
    """Return which wrong answers are the same, and how often there is none; it must be alike for all nodes."""
    accuracy, missing, errors = numbers.accuracy, numbers.missing, numbers.errors
    if missing == 0:
        no_answer = 0.0
    elif isinstance(missing, float) and isinstance(accuracy, float):
        no_answer = min(missing / (1.0 - accuracy), 1.0)  # 0.45/(1 − 0.55) is above 1
    else:
        return None
    together = numbers.missing_correlation
    if isinstance(errors, IndependentErrorSettings):
        return WrongAnswers(options=numbers.options, no_answer=no_answer, no_answer_correlation=together)
    k_alpha = inf if errors.k_alpha is None else errors.k_alpha
    return WrongAnswers(
        options=numbers.options,
        tau=errors.tau,
        k_alpha=k_alpha,
        no_answer=no_answer,
        no_answer_correlation=together,
    )
