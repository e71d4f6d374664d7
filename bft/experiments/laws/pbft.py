"""The laws of PBFT.

There is none where messages outlast a view, where validators take time, or where behaviours are mixed; nor where every
request is a checkpoint, which may overtake the commits, and where replicas ask before a coalition can have split them.
What is left:

====================  =======================================  =====================================================
validators            the faulty                               law
====================  =======================================  =====================================================
perfect               crash at the start                       `crash_law`
perfect               withhold                                 `withhold_law`
perfect               silent_primary                           `silent_primary_law`
perfect               equivocate                               `equivocation_law`
perfect               lie, or collude                          `lying_law`
same answer           crash at the start, or collude           `same_answer_law`, or `recorded_law`
same answer, clones   crash at the start                       `clone_law`
judges                crash at the start                       `judge_law`
perfect, one view     nobody; links lose messages              `lossy_links_law`
====================  =======================================  =====================================================
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.silence import SilentPrimary, Withhold
from bft.experiments.laws.faulty import anybody_faulty, faulty_vote, silent
from bft.experiments.laws.panels import clone_panel_of, errors_of, wrong_answers_of
from bft.experiments.laws.patience import time_enough
from bft.protocols.pbft.settings import PbftSettings
from bft.scenario import Scenario
from bft.theory.agreement import alone_a_quorum, crash_law, silent_primary_law, withhold_law
from bft.theory.clone_panels import clone_law
from bft.theory.equivocation import equivocation_law
from bft.theory.faults import FaultLaw
from bft.theory.judge import judge_law
from bft.theory.lossy_links import lossy_links_law
from bft.theory.lying import lying_law
from bft.theory.outcome_law import OutcomeLaw
from bft.theory.recorded import recorded_law
from bft.theory.same_answer import same_answer_law
from bft.validators.check_settings import JudgeSettings, SameAnswerSettings
from bft.validators.clones import CloneSettings
from bft.validators.error_settings import IndependentErrorSettings
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators
from bft.vectorised.pbft.obstacles import asks_before_a_split

DELAYS_PER_VIEW = 5  # view-change, new-view, prepare, commit, and the skew between the replicas' timers
SETTINGS = ("view_timeout_s", "timeout_growth", "timeout_cap_s", "checkpoint_interval", "window")
"""Those of its own settings that the laws judge by their value alone."""


def law_of(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return the law of a decision by PBFT."""
    if not time_enough(scenario, _first_timeout_s(scenario), DELAYS_PER_VIEW) or scenario.own.checkpoint_interval == 1:
        return None  # checkpoints may overtake the commits of the only request: a replica then waits for the state
    if scenario.network.loss > 0:
        return _lossy(scenario) if not anybody_faulty(faults) else None
    return by_validators(scenario, faults, behaviours)


def by_validators(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return the law of a decision for which there is time enough, over lossless links."""
    if isinstance(scenario.validators, PerfectValidators):
        return _perfect(scenario, faults, behaviours)
    if isinstance(scenario.validators, StatisticalValidators):
        return _statistical(scenario, scenario.validators, faults, behaviours)
    if isinstance(scenario.validators, RecordedValidators):
        return _recorded(scenario, scenario.validators, faults, behaviours)
    return None


def _first_timeout_s(scenario: Scenario) -> float:
    own: PbftSettings = scenario.own
    return min(own.view_timeout_s, own.timeout_cap_s)


def _lossy(scenario: Scenario) -> OutcomeLaw | None:
    single_view = scenario.view_limit == 1 and not scenario.retransmission and scenario.network.duplication == 0
    if not single_view or not isinstance(scenario.validators, PerfectValidators):
        return None
    return lossy_links_law(scenario.system, scenario.network.loss)


def _perfect(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    system, views = scenario.system, scenario.view_limit
    if silent(behaviours) and not alone_a_quorum(system):
        return crash_law(system, faults, views=views)  # so do those who withhold, alone or beside crashed nodes
    if len(set(behaviours)) > 1:
        return None
    match behaviours[0]:
        case Crash():
            return crash_law(system, faults, views=views) if silent(behaviours) else None
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
    patient = scenario.retransmission and scenario.retransmit_s <= _first_timeout_s(scenario)
    return patient or not alone_a_quorum(scenario.system)


def _splits_or_stalls(scenario: Scenario, *, rush: bool) -> bool:
    """Whether an equivocating coalition does what the law says: split, or else keep the honest from deciding.

    A coalition that cannot split may still equivocate. Then the larger group may decide by itself; with retransmission
    the others follow, and with views enough they all decide anyway. A rushing one differs where the honest would
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
    if (clones := validators.clones or numbers.clones) is not None:
        return _clones(scenario, validators, clones, faults, behaviours)
    errors, wrong_answers = errors_of(scenario.n, numbers), wrong_answers_of(numbers)
    if errors is None or wrong_answers is None or validators.latency is not None:
        return None
    if isinstance(validators.check, JudgeSettings):
        return _judges(scenario, numbers, validators.check, faults) if faulty_vote(behaviours) == "crash" else None
    vote = faulty_vote(behaviours)
    if vote is None or validators.check.flip > 0:
        return None
    return same_answer_law(scenario.system, faults, errors, wrong_answers, faulty_vote=vote, views=scenario.view_limit)


def _clones(
    scenario: Scenario,
    validators: StatisticalValidators,
    clones: CloneSettings,
    faults: FaultLaw,
    behaviours: Sequence[Behaviour],
) -> OutcomeLaw | None:
    """Nodes that share models: whoever is missing from a quorum must not be able to lead in all views."""
    check, system, views = validators.check, scenario.system, scenario.view_limit
    if validators.latency is not None or not isinstance(check, SameAnswerSettings) or check.flip > 0:
        return None
    if faulty_vote(behaviours) != "crash" or (views is not None and views <= system.total - system.quorum):
        return None
    panel = clone_panel_of(scenario.n, validators.numbers(), clones)
    return None if panel is None else clone_law(system, faults, panel)


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
