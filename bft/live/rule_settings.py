"""By what rule a live panel decides: PBFT, Tendermint, or a ballot as scenarios describe it.

What each promises if its members' own nodes are honest, as they are in one process:

| rule       | an answer is decided if | what is promised |
|------------|-------------------------|------------------|
| pbft       | a quorum accepts one member's proposal and commits to it in a second phase | two quorums share an honest node: no second answer can be decided, whoever lies |
| tendermint | a quorum accepts a proposal (a polka), and a quorum that has seen that commits to it | the same; what had a polka is proposed again |
| quorum     | a quorum gave this answer by itself | the same while fewer than 2q − n vote twice; one phase, no second proposer |
| judge      | the most members, and at least a quorum, approve of it | several answers may have a quorum, and the most approved wins; nothing is said of the others |
| plurality  | more members gave it than any other | nothing but that: two votes of seven decide, right or wrong, if the others fail |
| stake      | more stake gave it than any other | the same for stake: whoever holds most of it decides alone |
| log_odds   | the most evidence by the accuracies given | the same for evidence: as good as the accuracies, which nobody checks |
| confidence | the most stated confidence | the same for what members say of themselves: lying at 1.0 costs nothing |

A rule is data: it stands in the certificate, and every signature is bound to it. So a rule that is an object of Python
has no place here.
"""  # noqa: E501 (a table)

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter

from bft.core.quorum import QuorumSystem
from bft.errors import ScenarioError, bad_value
from bft.live.prompts import Form
from bft.protocols.protocol import Protocol
from bft.protocols.registry import PROTOCOLS
from bft.randomness import Randomness
from bft.settings import Settings
from bft.validators.answers import Codes
from bft.validators.quantities import by_name
from bft.validators.rule_settings import (
    RULES,
    ConfidenceRule,
    JudgeRule,
    LogOddsRule,
    PluralityRule,
    QuorumRule,
    StakeRule,
)
from bft.voting import Rule

NAMES = ("pbft", "tendermint", *RULES)

BALLOT = "ballot"
"""The protocol whose rules have names of their own."""

Check: TypeAlias = Literal["judge", "same_answer"]


class ConsensusRule(Settings):
    """One member proposes, the others check."""

    kind: str


class PbftRule(ConsensusRule):
    """PBFT."""

    kind: Literal["pbft"] = "pbft"


class TendermintRule(ConsensusRule):
    """Tendermint: any member that is asked may be the next proposer; whoever has seen a polka stands by it."""

    kind: Literal["tendermint"] = "tendermint"


BallotRule: TypeAlias = QuorumRule | PluralityRule | StakeRule | LogOddsRule | ConfidenceRule | JudgeRule


def _named(value: object) -> object:
    """Let a name stand for a rule with its defaults, and refuse what cannot be a live one."""
    if isinstance(value, Settings):
        return value
    if hasattr(value, "standing"):
        told = "must be a name or a table: an object of Python cannot stand in a certificate that others verify"
        raise ScenarioError(bad_value("rule", value, told))
    if isinstance(value, str | Protocol) and str(value) not in NAMES:
        known = isinstance(value, Protocol) or value in PROTOCOLS.keys() - {BALLOT} or ":" in value
        told = f"{value} cannot run live panels: " if known else ""
        raise ScenarioError(bad_value("rule", str(value), f"{told}must be one of {', '.join(NAMES)}"))
    return by_name(value)


LiveRule: TypeAlias = Annotated[
    Annotated[PbftRule | TendermintRule | BallotRule, Field(discriminator="kind")],
    BeforeValidator(_named),
]
_ADAPTER: TypeAdapter[Any] = TypeAdapter(LiveRule)


def protocol_name(rule: ConsensusRule | BallotRule) -> str:
    """Return the protocol by which members decide."""
    return rule.kind if isinstance(rule, ConsensusRule) else BALLOT


def described(rule: ConsensusRule | BallotRule) -> str | dict[str, Any]:
    """Return a rule as JSON knows it: its name, or a table where it has parameters."""
    learnt = {"questions"}  # by which a simulation learns accuracies
    table = rule.model_dump(mode="json", exclude_none=True, exclude=learnt)
    return rule.kind if list(table) == ["kind"] else table


def read_rule(description: str | Mapping[str, Any]) -> ConsensusRule | BallotRule:
    """Read what `described` wrote.

    Raises `ValueError` or `ScenarioError` if it describes no rule.
    """
    rule: ConsensusRule | BallotRule = _ADAPTER.validate_python(description)
    return rule


def form(rule: ConsensusRule | BallotRule, check: Check) -> Form:
    """Return how members are asked for their answers."""
    if isinstance(rule, ConsensusRule):
        return "free" if check == "judge" else "final"
    return "sure" if isinstance(rule, ConfidenceRule) else "final"


def check_of(rule: ConsensusRule | BallotRule, check: Check | None) -> Check:
    """Return how members check the answers of others, which ballots say themselves.

    Raises `ScenarioError` if something else was asked for.
    """
    if isinstance(rule, ConsensusRule):
        return check or "judge"
    own: Check = "judge" if isinstance(rule, JudgeRule) else "same_answer"
    if check not in (None, own):
        told = f"must be left out: rule = {rule.kind!r} goes by {own!r}"
        raise ScenarioError(bad_value("check", check, told))
    return own


def system_of(
    rule: ConsensusRule | BallotRule,
    n: int,
    *,
    f: int | None,
    quorum: int | None,
    stakes: tuple[float, ...] | None,
    views: int | None,
) -> QuorumSystem:
    """Return weights, tolerated faults and quorum; without a quorum, any weight may decide.

    Raises `ScenarioError` if something is given that the rule does not count by, or missing that it needs.
    """
    if not isinstance(rule, ConsensusRule) and views is not None:
        raise ScenarioError(bad_value("views", views, "must be left out: a ballot has no views"))
    if isinstance(rule, ConsensusRule | QuorumRule | JudgeRule):
        return QuorumSystem.of(n, f=f, quorum=quorum, stakes=stakes)
    for name, value in (("f", f), ("quorum", quorum)):
        if value is not None:
            raise ScenarioError(bad_value(name, value, f"must be left out: rule = {rule.kind!r} has no quorum"))
    if isinstance(rule, StakeRule) == (stakes is None):
        told = "needs stakes" if stakes is None else "does not count stakes: must be left out"
        raise ScenarioError(bad_value("stakes", stakes and list(stakes), f"rule = {rule.kind!r} {told}"))
    return QuorumSystem.of(n, f=0, quorum=1, stakes=stakes)


class _NoPast:
    """A live panel: nobody knows which of its earlier answers were right."""

    def training(self, randomness: Randomness, questions: int, n: int) -> Codes:
        """Refuse."""
        raise ScenarioError(bad_value("rule", "log_odds", "needs rule.accuracy: a live panel learns none by itself"))


def counting(rule: BallotRule, system: QuorumSystem) -> Rule:
    """Return how votes are counted.

    Raises
    ------
    ScenarioError
        If the rule would have to learn accuracies, or has not one for each member.
    """
    return rule.rule(system, _NoPast(), Randomness(0))
