"""How a scenario describes who PBFT's members are, and how they change: the table [membership]."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from bft.errors import ScenarioError, bad_value
from bft.settings import Seconds, Settings


class MemberChange(Settings):
    """A request of the operator.

    Attributes
    ----------
    at_s : float
        When it is made. It takes effect with the first checkpoint at or after the number that it gets.
    remove, add : int, optional
        Nodes; both together: the one takes the other's place.
    """

    at_s: Seconds
    remove: Annotated[int, Field(ge=0)] | None = None
    add: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> MemberChange:
        if self.remove is None and self.add is None:
            raise ScenarioError(bad_value("membership.changes.at_s", self.at_s, "needs remove, add, or both"))
        return self

    @property
    def operation(self) -> str:
        """The operation that is ordered."""
        if self.add is None:
            return f"member remove {self.remove}"
        return f"member add {self.add}" if self.remove is None else f"member replace {self.remove} {self.add}"


class Membership(Settings):
    """Members that may change; the other nodes are spares.

    Who is convicted by evidence of equivocation is replaced by the first spare, or removed.

    Attributes
    ----------
    members : int
        Nodes 0 … members − 1 begin.
    least : int
        With no more members than this a convicted one is not removed without a successor.
    changes : list of tables
        Requests of the operator, in order of time.
    """

    _prefix: ClassVar[str] = "membership."

    members: Annotated[int, Field(ge=1)]
    least: Annotated[int, Field(ge=1)] = 4
    changes: tuple[MemberChange, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Membership:
        times = [change.at_s for change in self.changes]
        if times != sorted(times):
            raise ScenarioError(bad_value("membership.changes.at_s", times, "must be in order"))
        return self
