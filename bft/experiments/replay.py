"""A live panel's record replayed question by question, under another rule or under faults: shares, or bounds on them.

Where a replay needs calls that the record does not hold, because they were cancelled or never made, every question is
replayed three times: with those calls taken for abstentions, for right, and for wrong. What all three agree on is
known; the rest is a bound. A rule in which more votes for an answer never harm it ends nowhere else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bft.errors import ScenarioError, bad_value
from bft.record.outcome import Outcome
from bft.scenario import Scenario
from bft.simulation.simulate import Simulator
from bft.validators.panel_record import read_record
from bft.validators.replayed import FILLINGS, LackedCall
from bft.validators.settings import ReplayedValidators


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What became of the questions of a record.

    Attributes
    ----------
    questions : int
        How many were replayed.
    replications : int
        How often each was.
    recorded : int
        Calls that the record holds of them.
    lacked : tuple of LackedCall
        Calls that were needed and are not there.
    unsettled : tuple of str
        Questions whose outcome depends on them.
    bounds : dict
        Least and largest share of each outcome that occurred; equal where nothing depends on missing calls.
    """

    questions: int
    replications: int
    recorded: int
    lacked: tuple[LackedCall, ...]
    unsettled: tuple[str, ...]
    bounds: dict[Outcome, tuple[float, float]]


def replay(scenario: Scenario, *, replications: int = 1, seed: int = 0) -> Replay:
    """Replay every question of a record.

    Parameters
    ----------
    scenario : Scenario
        With `validators.kind = "replayed"`.
    replications : int
        Of each question: more than one where faults or delays are drawn.
    seed : int
        0 or more.

    Raises
    ------
    ScenarioError
        If nothing is replayed, or there are no replications.
    """
    validators = scenario.validators
    if not isinstance(validators, ReplayedValidators):
        raise ScenarioError(bad_value("validators.kind", validators.kind, 'must be "replayed"'))
    if replications < 1:
        raise ScenarioError(bad_value("replications", replications, "must be at least 1"))
    asked = [
        each
        for each in read_record(validators.file).of_panel(validators.models)
        if validators.question in (None, each.id)
    ]
    lacked: dict[LackedCall, None] = {}
    unsettled: dict[str, None] = {}
    surely: Counter[Outcome] = Counter()
    perhaps: Counter[Outcome] = Counter()
    for question in asked:
        of_question = scenario.replace_all({"validators.question": question.id})
        simulators = [Simulator(of_question.replace_all({"validators.unknown": filling}), seed) for filling in FILLINGS]
        for replication in range(replications):
            first = simulators[0].run(replication)
            runs = [first, *(each.run(replication) for each in simulators[1:] if first.lacked)]
            outcomes = {run.outcome for run in runs}
            lacked.update(dict.fromkeys(call for run in runs for call in run.lacked))
            if len(outcomes) > 1:
                unsettled[question.id] = None
            else:
                surely.update(outcomes)
            perhaps.update(outcomes)
    total = len(asked) * replications
    return Replay(
        questions=len(asked),
        replications=replications,
        recorded=sum(call.known for question in asked for call in question.calls),
        lacked=tuple(lacked),
        unsettled=tuple(unsettled),
        bounds={
            outcome: (surely[outcome] / total, perhaps[outcome] / total) for outcome in Outcome if perhaps[outcome]
        },
    )
