"""The laws of Tendermint.

There is none where messages outlast a timeout, where validators take time, or where behaviours are mixed. What is left:

====================  =======================================  =====================================================
validators            the faulty                               law
====================  =======================================  =====================================================
perfect               crash at the start, or withhold          `crash_law`, with stakes by the rotation
perfect               silent_primary                           `silent_primary_law` (no stakes)
perfect               equivocate                               `bft.theory.tendermint.equivocators`
perfect               lie, or collude                          `lying_law` (no stakes)
same answer           crash at the start, or collude           as for PBFT (no stakes)
judges, one round     crash at the start                       as for PBFT (no stakes)
====================  =======================================  =====================================================

Where nobody crashes between the votes it does not matter whether polkas are followed: a value with a polka was accepted
by a quorum, which decides it, and the others follow the decision. So with fallible validators the laws are PBFT's, as
long as who lacks a decision asks for it. Judges whose verdicts are drawn have a law in one round alone: a value that
another proposer brings again is not judged again, and its proposers count for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.adversary.crash import Crash
from bft.adversary.equivocate import Equivocate
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.silence import SilentPrimary, Withhold
from bft.experiments.laws.faulty import judged_again, silent
from bft.experiments.laws.patience import time_enough
from bft.experiments.laws.pbft import by_validators
from bft.protocols.tendermint.rotation import Rotation
from bft.protocols.tendermint.settings import TendermintSettings
from bft.scenario import Scenario
from bft.theory.agreement import alone_a_quorum, crash_law, silent_primary_law
from bft.theory.faults import FaultLaw
from bft.theory.lying import lying_law
from bft.theory.outcome_law import OutcomeLaw
from bft.theory.tendermint import crashes, equivocators
from bft.validators.settings import PerfectValidators
from bft.vectorised.pbft.obstacles import asks_before_a_split

SETTINGS = tuple(TendermintSettings.model_fields)
"""Own settings that these laws judge: nothing but the timeouts matters where nobody crashes between the votes."""

DELAYS = {"propose_s": 3, "prevote_s": 2, "precommit_s": 2}
"""Messages in a row within each timeout: what is waited for, and by how much replicas may be apart when it starts."""


def law_of(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    """Return the law of a decision by Tendermint."""
    own = scenario.own
    assert isinstance(own, TendermintSettings)
    patient = all(time_enough(scenario, getattr(own, name), delays) for name, delays in DELAYS.items())
    if not patient or scenario.network.loss > 0:
        return None
    if alone_a_quorum(scenario.system) and scenario.n > 1:
        return None  # such a node decides in private
    if isinstance(scenario.validators, PerfectValidators):
        return _perfect(scenario, faults, behaviours)
    if scenario.system.weighted or not scenario.retransmission or judged_again(scenario):
        return None
    return by_validators(scenario, faults, behaviours)


def _perfect(scenario: Scenario, faults: FaultLaw, behaviours: Sequence[Behaviour]) -> OutcomeLaw | None:
    system, views = scenario.system, scenario.view_limit
    turns = system.total if views is None else min(views, system.total)
    rotation = Rotation(system)
    proposers = [rotation.proposer(1, turn) for turn in range(turns)]
    if silent(behaviours):
        return crashes(system, faults, proposers) if system.weighted else crash_law(system, faults, views=views)
    if len(set(behaviours)) > 1:
        return None
    match behaviours[0]:
        case SilentPrimary() if scenario.retransmission and not system.weighted:
            return silent_primary_law(system, faults, views=views)
        case Equivocate(rush=False) if _splits_or_stalls(scenario, proposers):
            return equivocators(system, faults, proposers)
        case Lie() | Collude() if scenario.retransmission and not system.weighted:
            return lying_law(system, faults, views=views)
        case Crash() | Withhold() | _:
            return None


def _splits_or_stalls(scenario: Scenario, proposers: Sequence[int]) -> bool:
    """Whether an equivocating coalition does what the law says: split, or else keep the honest from deciding.

    Those who ask early may be sent a proof before they are split. Where a coalition that cannot split proposes two
    values, its round is lost; so the honest must get a round of their own.
    """
    own = scenario.own
    assert isinstance(own, TendermintSettings)
    told = scenario.retransmission and scenario.retransmit_s <= own.propose_s  # of a lock that the coalition hides
    honest_leads = scenario.system.weight(set(proposers)) > scenario.system.live_up_to
    return told and honest_leads and not asks_before_a_split(scenario)
