"""How a scenario describes the voting rule of a ballot.

Rules themselves are in `bft.voting`. Here they get what they need of the system and of the panel: weights, the quorum,
and, where weights are learnt, answers to other questions than those that are put to the vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from pydantic import BeforeValidator, Field, field_serializer, field_validator

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.limits import MOST_OPTIONS
from bft.randomness import Randomness
from bft.settings import Settings
from bft.validators.answers import RIGHT, Codes
from bft.validators.quantities import Accuracies, by_name, each_node
from bft.validators.settings import PerfectValidators, RecordedValidators, ReplayedValidators, ValidatorSettings
from bft.voting import (
    Approval,
    ConfidenceWeighted,
    Plurality,
    Quorum,
    Rule,
    Ties,
    Weighted,
    known_log_odds_weights,
    log_odds_weights,
)


class Examined(Protocol):
    """A panel that has answered other questions before."""

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Return codes of the panel's answers to questions that are never put to the vote, shape (questions, n)."""


class QuorumRule(Settings):
    """An answer needs the votes of a quorum, by stake where there are stakes."""

    kind: Literal["quorum"] = "quorum"

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        return Quorum(system=system)


class _Plural(Settings):
    ties: Ties = "undecided"
    """What a tie at the top means: no decision, or the answer of the lowest-numbered node among the tied."""


class PluralityRule(_Plural):
    """The most votes win, however few."""

    kind: Literal["plurality"] = "plurality"

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        return Plurality(ties=self.ties)


class StakeRule(_Plural):
    """The most stake wins, however little. Stake is not accuracy, and can be bought."""

    kind: Literal["stake"] = "stake"

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        return Weighted(weights=system.weights, ties=self.ties)


class LogOddsRule(_Plural):
    """The most evidence wins: votes weigh the log-odds of the accuracy that their validators have shown elsewhere.

    Recorded validators have shown it on the questions that `validators.kept_for_learning` holds out, statistical ones
    on as many questions of the same kind as `questions` says; or it is known and given.
    """

    kind: Literal["log_odds"] = "log_odds"

    accuracy: Accuracies | None = None
    """Accuracy of each node, where it is known; by default it is learnt."""

    questions: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """How many questions statistical validators have answered before."""

    options: Annotated[int, Field(ge=1, le=MOST_OPTIONS)] = 1
    """Number K of wrong answers in ln(K·a/(1 − a)); 1 gives the plain log-odds."""

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        if self.accuracy is not None:
            known = each_node("rule.accuracy", self.accuracy, system.n)
            return Weighted(weights=known_log_odds_weights(known, options=self.options), ties=self.ties)
        codes = panel.training(randomness, self.questions, system.n)
        right = np.count_nonzero(codes == RIGHT, axis=0).tolist()
        return Weighted(weights=log_odds_weights(right, len(codes), options=self.options), ties=self.ties)


class ConfidenceRule(_Plural):
    """The most stated confidence wins."""

    kind: Literal["confidence"] = "confidence"

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        return ConfidenceWeighted(ties=self.ties)


class JudgeRule(Settings):
    """Judge, then vote: validators judge the answers of all, and the most approved one wins if a quorum approves."""

    kind: Literal["judge"] = "judge"

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        return Approval(system=system)


class OwnRule(Settings):
    """A rule of the user's: a frozen dataclass with `standing`; see `bft.voting.Rule`."""

    kind: Literal["own"] = "own"

    of: Any
    """The rule."""

    @field_validator("of")
    @classmethod
    def _counts(cls, value: object) -> object:
        if isinstance(value, type) or not isinstance(value, Rule):
            raise ScenarioError(
                bad_value("rule", value, "must be a name, a table with `kind`, or an object `standing`")
            )
        return value

    @field_serializer("of")
    def _described(self, value: object) -> str:
        return f"{type(value).__module__}.{value!r}"

    def rule(self, system: QuorumSystem, panel: Examined, randomness: Randomness) -> Rule:
        """Return the rule."""
        rule: Rule = self.of
        return rule


def _own(value: object) -> object:
    """Let a rule object stand for itself."""
    if hasattr(value, "standing") and not isinstance(value, Settings):
        return {"kind": "own", "of": value}
    return by_name(value)


RuleSettings = Annotated[
    Annotated[
        QuorumRule | PluralityRule | StakeRule | LogOddsRule | ConfidenceRule | JudgeRule | OwnRule,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_own),
]


def judged(rule: Rule) -> bool:
    """Return whether validators judge all answers before they vote by this rule."""
    return bool(getattr(rule, "judged", False))


def check_rule(
    rule: RuleSettings | None, validators: ValidatorSettings, stakes: Sequence[float] | None, n: int
) -> None:
    """Refuse a rule that asks for what the panel does not give.

    Raises `ScenarioError` if the rule counts stakes, stated confidences or past accuracies, and there are none, or not
    one for each node.
    """
    if isinstance(rule, StakeRule) and stakes is None:
        raise ScenarioError(bad_value("rule.kind", rule.kind, "needs stakes"))
    if isinstance(rule, LogOddsRule) and rule.accuracy is not None:
        each_node("rule.accuracy", rule.accuracy, n)
        return
    if isinstance(validators, PerfectValidators):
        return
    if isinstance(rule, ConfidenceRule) and not _say_how_sure(validators):
        raise ScenarioError(bad_value("rule.kind", rule.kind, "needs validators.confidence"))
    if not isinstance(rule, LogOddsRule) or not isinstance(validators, RecordedValidators):
        return
    if validators.kept_for_learning is None:
        allowed = "needs validators.kept_for_learning, so that accuracy is learnt on other questions"
        raise ScenarioError(bad_value("rule.kind", rule.kind, allowed))


def _say_how_sure(validators: ValidatorSettings) -> bool:
    if isinstance(validators, ReplayedValidators):
        return validators.says_how_sure()
    return getattr(validators, "confidence", None) is not None


RULES = ("quorum", "plurality", "stake", "log_odds", "confidence", "judge")
"""The rules that a name stands for."""
