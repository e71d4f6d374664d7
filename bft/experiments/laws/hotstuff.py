"""The laws of HotStuff and its variants.

There is none where messages outlast a view, where links lose messages, where validators take time, or where behaviours
are mixed. What is left:

====================  ====================  ====================================  ====================================
validators            the faulty            phased variants                       chained variants
====================  ====================  ====================================  ====================================
perfect               crash at the start    `crash_law`                           `chained_crash_law`
perfect               withhold              the same                              the same
perfect               silent_primary        `silent_primary_law`                  none
perfect               equivocate            `equivocation_law`                    `chained_equivocation_law`
perfect               lie, or collude       `lying_law`                           the same, in the views in time
same answer           crash                 `same_answer_law`, `recorded_law`     `chained_same_answer_law`,
                                                                                  `chained_recorded_law`
same answer           collude               the same                              as in phases, in the views in time
judges, one view      crash                 `judge_law`                           none
====================  ====================  ====================================  ====================================

In phases a view decides iff its leader is live and a quorum accepts what it proposes, itself among them: as in PBFT, of
which the laws of fallible validators are taken. In a chain whose nodes all live, so does a view whose certificate is
early enough for a commit (`views_in_time`). Judges whose verdicts are drawn have a law in one view alone: a value that
another leader brings again is not judged again, and its leaders count for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.silence import SilentPrimary
from bft.experiments.laws.faulty import faulty_vote, judged_again, silent
from bft.experiments.laws.panels import errors_of, wrong_answers_of
from bft.experiments.laws.patience import time_enough
from bft.experiments.laws.pbft import by_validators
from bft.protocols.hotstuff.config import ASKS_AT_LEAST_EVERY
from bft.protocols.hotstuff.settings import ChainedSettings, HotStuffSettings, TwoPhaseSettings
from bft.scenario import Scenario
from bft.theory.agreement import alone_a_quorum, crash_law, silent_primary_law
from bft.theory.chained_same_answer import chained_recorded_law, chained_same_answer_law, views_in_time
from bft.theory.equivocation import equivocation_law
from bft.theory.faults import MOST_NODES_TO_ENUMERATE, FaultLaw
from bft.theory.hotstuff import chained_crash_law, chained_equivocation_law
from bft.theory.lying import lying_law
from bft.theory.outcome_law import OutcomeLaw
from bft.validators.check_settings import SameAnswerSettings
from bft.validators.settings import PerfectValidators, RecordedValidators, StatisticalValidators

SETTINGS = ("view_timeout_s", "timeout_growth", "timeout_cap_s", "leader_wait", "chain", "checkpoint_interval")
"""Fields of the protocol's own tables that these laws judge."""
SPLIT_S = 4.0
"""Within so much time of its view's begin a coalition has split the others: a few delays and `HEAD_START_S`."""
DELAYS_PER_VIEW = 5
"""Of the slowest of 10¹² messages. A view of three phases has eight messages in a row, which take longer together than
five of the very slowest still more rarely."""


def law_of(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return the law of a decision by HotStuff."""
    own = scenario.own
    assert isinstance(own, HotStuffSettings)
    if not time_enough(scenario, _working_time_s(own), DELAYS_PER_VIEW) or scenario.network.loss > 0:
        return None
    if not isinstance(scenario.validators, PerfectValidators):
        return (_chained_fallible if isinstance(own, ChainedSettings) else _fallible)(scenario, faults, behaviours)
    if isinstance(own, ChainedSettings):
        return _chained(scenario, own.chain, faults, behaviours)
    return _phased(scenario, faults, behaviours)


def _working_time_s(own: HotStuffSettings) -> float:
    """Return what a view leaves for messages; a leader of HotStuff-2 first waits for locks."""
    timeout_s = min(own.view_timeout_s, own.timeout_cap_s)
    return timeout_s * (1.0 - own.leader_wait) if isinstance(own, TwoPhaseSettings) else timeout_s


def _fallible(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return PBFT's law, as far as no value is judged in one view and comes again in another.

    Who is a quorum alone certifies its own value view after view, and others theirs: two may commit.
    """
    lonely = alone_a_quorum(scenario.system) and scenario.n > 1
    return None if lonely or judged_again(scenario) else by_validators(scenario, faults, behaviours)


def _chained_fallible(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return the law of validators that accept their own answers, as every set of crashed nodes is gone through."""
    validators, own, system = scenario.validators, scenario.own, scenario.system
    assert isinstance(own, ChainedSettings)
    if 2 * system.quorum <= system.total or alone_a_quorum(system) or not scenario.retransmission:
        return None
    views = scenario.view_limit
    if faulty_vote(behaviours) == "collude_popular":  # all live
        in_time = views_in_time(own.chain, views)
        drawn = not isinstance(getattr(validators, "check", None), SameAnswerSettings)
        return None if in_time == 0 or drawn else _fallible(scenario.replace("views", in_time), faults, behaviours)
    check = getattr(validators, "check", None)
    plain = isinstance(check, SameAnswerSettings) and check.flip == 0 and getattr(validators, "latency", None) is None
    if not plain or faulty_vote(behaviours) != "crash" or scenario.n > MOST_NODES_TO_ENUMERATE:
        return None
    if isinstance(validators, RecordedValidators):
        codes = validators.answers().recorded.codes
        right = np.zeros(len(codes), dtype=np.int64)
        return chained_recorded_law(system, faults, codes, right, chain=own.chain, views=views)
    if not isinstance(validators, StatisticalValidators):
        return None
    numbers = validators.numbers()
    errors, wrong_answers = errors_of(scenario.n, numbers), wrong_answers_of(numbers)
    if validators.clones is not None or numbers.clones is not None or errors is None or wrong_answers is None:
        return None
    return chained_same_answer_law(system, faults, errors, wrong_answers, chain=own.chain, views=views)


def _phased(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    system, views = scenario.system, scenario.view_limit
    alone = alone_a_quorum(system)
    if silent(behaviours) and not alone:
        return crash_law(system, faults, views=views)
    if len(set(behaviours)) > 1 or alone:
        return crash_law(system, faults, views=views) if all(each == Crash() for each in behaviours) else None
    if isinstance(behaviours[0], SilentPrimary):
        return silent_primary_law(system, faults, views=views)
    if isinstance(behaviours[0], Lie | Collude):
        return lying_law(system, faults, views=views)
    if isinstance(behaviours[0], Equivocate) and not behaviours[0].rush and _plain(scenario):
        return equivocation_law(system, faults, views=views)
    return None


def _chained(scenario: Scenario, chain: int, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    system, views = scenario.system, scenario.view_limit
    if not scenario.retransmission and 2 * system.quorum <= system.total:
        return None  # a few go on without the others, who miss certificates that nobody tells again
    if all(each == Crash() for each in behaviours) or (silent(behaviours) and not alone_a_quorum(system)):
        return chained_crash_law(system, faults, chain=chain, views=views, told=scenario.retransmission)
    if len(set(behaviours)) == 1 and isinstance(behaviours[0], Lie | Collude):
        in_time = views_in_time(chain, views)  # all live
        able = scenario.retransmission and in_time != 0 and 2 * system.quorum > system.total
        return lying_law(system, faults, views=in_time) if able else None
    alike = len(set(behaviours)) == 1 and isinstance(behaviours[0], Equivocate) and not behaviours[0].rush
    apart = system.live_up_to < system.safe_below  # else certificates of honest leaders stand in a coalition's way
    if alike and apart and _plain(scenario):
        return chained_equivocation_law(system, faults, chain=chain, views=views)
    return None


def _plain(scenario: Scenario) -> bool:
    """Whether replicas tell each other what they have decided, but not in the middle of a split, and views suffice.

    A coalition shows its second group the last certificate `HEAD_START_S` after the first; a replica that asks
    meanwhile what it lacks may be told of the other group's decision.
    """
    own, system = scenario.own, scenario.system
    assert isinstance(own, HotStuffSettings)
    enough = scenario.protocol.views(system, own)
    patient = scenario.view_limit is None or (enough is not None and scenario.view_limit >= enough)
    if not scenario.retransmission or not patient:
        return False
    begins_s, asks_s, wait_s = 0.0, scenario.retransmit_s, scenario.retransmit_s
    for failures in range(enough or system.n):
        while asks_s < begins_s:
            wait_s = min(2.0 * wait_s, ASKS_AT_LEAST_EVERY * scenario.retransmit_s)
            asks_s += wait_s
        if asks_s < begins_s + SPLIT_S:
            return False
        begins_s += min(own.view_timeout_s * own.timeout_growth**failures, own.timeout_cap_s)
    return True
