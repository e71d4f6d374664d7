"""Answers drawn from estimates, to predict what panels decide."""

from __future__ import annotations

import numpy as np

from bft.calibration.estimate import Estimate
from bft.validators.answers import Codes
from bft.validators.statistical import CopulaErrors, StatisticalAnswers, WrongChoice


def simulated(found: Estimate, questions: int, generator: np.random.Generator) -> Codes:
    """Return the codes of answers drawn from the estimates, shape (questions, n).

    Their difficulties are spread evenly over the law's, in rising order, so that fewer questions do.
    """
    answers = StatisticalAnswers(
        correctness=CopulaErrors(accuracy=found.accuracy, r=found.r, flawed=found.flawed),
        wrong_choice=WrongChoice(options=found.options, tau=found.tau, k_alpha=found.k_alpha),
        accuracy=found.accuracy,
        missing=found.missing,
        missing_correlation=found.missing_correlation,
        clones=found.clones,
    )
    uniforms = generator.random((questions, answers.uniforms))
    uniforms[:, 0] = (np.arange(questions) + uniforms[:, 0]) / questions
    return answers.prepare(uniforms)[0]
