"""How a scenario describes the check of another's answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

from bft.errors import ScenarioError, bad_value
from bft.settings import Probability, Settings
from bft.validators.judge import Check, JudgeCheck, SameAnswerCheck
from bft.validators.quantities import Probabilities, by_name, each_node


class SameAnswerSettings(Settings):
    """Accept iff the proposal equals one's own answer; unsure without an own answer."""

    kind: Literal["same_answer"] = "same_answer"

    flip: Probability = 0.0
    """Probability that a verdict changes when the validator is asked again."""

    def check(self, n: int) -> Check:
        """Return the check of `n` nodes."""
        return SameAnswerCheck(flip=self.flip)


class JudgeSettings(Settings):
    """Accept with a probability that depends on whether the proposal is right, and perhaps the judge's own answer.

    The defaults are the middle of what strong judges do on hard items: they accept .89–.94 of the right and .48–.63 of
    the wrong answers (ReaLMistake judgements, psunlpgroup, at f94a8b97).
    """

    kind: Literal["judge"] = "judge"

    accept_given_right: Probabilities = 0.915
    """Probability of accepting a right proposal."""

    accept_given_wrong: Probabilities = 0.555
    """Probability of accepting a wrong proposal."""

    accept_given_right_own_right: Probabilities | None = None
    """The same when the judge's own answer is right (default: whatever it is)."""

    accept_given_right_own_wrong: Probabilities | None = None
    """The same when the judge's own answer is wrong or missing."""

    accept_given_wrong_own_right: Probabilities | None = None
    """The same when the judge's own answer is right."""

    accept_given_wrong_own_wrong: Probabilities | None = None
    """The same when the judge's own answer is wrong or missing."""

    unsure: Probability = 0.0
    """Probability of no parseable verdict."""

    flip: Probability = 0.0
    """Probability that a verdict changes when the judge is asked again."""

    redraw: bool = False
    """Whether a judge that is asked again decides anew."""

    correlation: Probability = 0.0
    """Latent correlation of the judges' verdicts on one answer, beside that of the answers themselves: what makes one
    judge accept it by mistake makes the others more likely to. Each judge keeps its chances."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Name the correlation only where there is one: a sweep's seeds follow from what a scenario says."""
        tables: dict[str, Any] = write(self)
        if self.correlation == 0.0:
            tables.pop("correlation", None)
        return tables

    def check(self, n: int) -> Check:
        """Return the check of `n` nodes.

        Raises `ScenarioError` if a list has not one value for each node, or verdicts that are drawn anew are to flip or
        to be correlated.
        """
        if self.redraw and self.correlation > 0.0:
            raise ScenarioError(
                bad_value("validators.check.correlation", self.correlation, "must be 0 where redraw is true")
            )
        if self.redraw and self.flip > 0.0:
            raise ScenarioError(bad_value("validators.check.flip", self.flip, "must be 0 where redraw is true"))
        accept = np.empty((2, 2, n))
        for right in ("right", "wrong"):
            for own in ("right", "wrong"):
                field = f"accept_given_{right}_own_{own}"
                if getattr(self, field) is None:
                    field = f"accept_given_{right}"
                chances = each_node(f"validators.check.{field}", getattr(self, field), n)
                accept[int(own == "right"), int(right == "right")] = chances
        return JudgeCheck(
            accept=accept, unsure=self.unsure, flip=self.flip, redraw=self.redraw, correlation=self.correlation
        )


CheckSettings = Annotated[
    Annotated[SameAnswerSettings | JudgeSettings, Field(discriminator="kind")], BeforeValidator(by_name)
]
