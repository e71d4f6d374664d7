"""How many providers or models must stand behind a decision, and which each member is of. Data: certificates hold it.

Members of one provider fail together, and members of one model err together. In a ballot the votes for the answer must
come from so many; that is counted with the votes, and again by whoever verifies the certificate. Under PBFT a commit
does not say whether its sender's own validator accepted, so there the panel itself withholds a decision that too few
accepted, and the certificate says nothing of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bft.errors import ScenarioError, bad_value
from bft.settings import Settings
from bft.voting import Diverse, Rule

TOO_FEW = "too few providers"
"""Why there is no answer under PBFT although a quorum has decided."""


class Diversity(Settings):
    """A minimum of distinct providers or models behind a decision."""

    of: Literal["providers", "models"]
    """What is counted."""

    least: Annotated[int, Field(ge=1)]
    """How many there must be."""

    groups: tuple[str, ...]
    """The provider, or the model, of each member."""

    @model_validator(mode="after")
    def _possible(self) -> Diversity:
        there = len(set(self.groups))
        if self.least > there:
            allowed = f"must be at most {there}: the panel has no more {self.of}"
            raise ScenarioError(bad_value(f"min_{self.of}", self.least, allowed))
        return self

    def within(self, rule: Rule) -> Rule:
        """Return a voting rule that counts it."""
        return Diverse(inner=rule, groups=self.groups, least=self.least)

    def spanned(self, nodes: set[int]) -> bool:
        """Return whether these members are of enough."""
        return len({self.groups[node] for node in nodes}) >= self.least


def described(diversity: Diversity) -> dict[str, Any]:
    """Return it as JSON knows it."""
    return diversity.model_dump(mode="json")


def read_diversity(description: object) -> Diversity:
    """Read what `described` wrote.

    Raises `ValueError` or `ScenarioError` if it is something else.
    """
    if not isinstance(description, dict):
        raise ValueError("diversity: must be a table")
    return Diversity(**description)
