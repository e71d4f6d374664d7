"""What another model predicts for a sweep over recorded answers: how independent errors mislead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bft.errors import SweepError
from bft.experiments.laws import fault_law, faulty_vote
from bft.experiments.results import Sweep
from bft.theory.errors_in_common import independent_errors
from bft.theory.outcome_law import OutcomeLaw
from bft.theory.same_answer import same_answer_law
from bft.theory.wrong_answers import WrongAnswers
from bft.validators.answers import MISSING, RIGHT
from bft.validators.settings import RecordedValidators

DELTA = "faults.delta"
CURVE_POINTS = 101
FREE_ANSWERS = 1000  # wrong answers to choose among where there are no options: "K = 1000" of the notes on validators


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """A law of another model along δ.

    Attributes
    ----------
    label : str
        What it assumes.
    deltas : ndarray of shape (d,)
        Where it was evaluated.
    law : OutcomeLaw
        Its probabilities there.
    """

    label: str
    deltas: NDArray[np.float64]
    law: OutcomeLaw


def independent_errors_prediction(sweep: Sweep) -> Prediction | None:
    """Return what would follow if the models of a recorded panel erred independently, each with its own accuracy.

    Parameters
    ----------
    sweep : Sweep
        Over "faults.delta", with recorded validators.

    Returns
    -------
    Prediction or None
        None where the behaviour of the faulty nodes has no law.

    Raises
    ------
    SweepError
        If the sweep is not of that kind.
    """
    scenario = sweep.scenario
    validators = scenario.validators
    if not isinstance(validators, RecordedValidators) or DELTA not in sweep.over:
        raise SweepError(f"over = {list(sweep.over)}: must be {DELTA} with recorded validators")
    vote = faulty_vote(scenario.faults.behaviour)
    if vote is None:
        return None
    values = [float(value) for value in sweep.over[DELTA] if isinstance(value, int | float)]
    deltas = np.linspace(min(values), max(values), CURVE_POINTS)
    codes = validators.answers().recorded.codes
    not_right = max(1, int((codes != RIGHT).sum()))
    law = same_answer_law(
        scenario.system,
        fault_law(scenario.faults, scenario.n, deltas),
        independent_errors(scenario.n, (codes == RIGHT).mean(axis=0)),
        WrongAnswers(options=wrong_options(validators), no_answer=int((codes == MISSING).sum()) / not_right),
        faulty_vote=vote,
        views=scenario.view_limit,
    )
    return Prediction(label="if models erred independently", deltas=deltas, law=law)


def wrong_options(validators: RecordedValidators) -> int:
    """Return the number of wrong answers that are as likely to coincide as the panel's questions make them."""
    table = validators.table()
    if table.n_options is None:
        return FREE_ANSWERS
    options = [table.n_options[question] for question in validators.answers().recorded.rows.tolist()]
    wrong = [count - 1 for count in options if count is not None]
    return round(len(wrong) / sum(1 / count for count in wrong)) if wrong else FREE_ANSWERS
