"""Nodes that stop, come back, or are late: faults without malice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.adversary.node import Crash as Stop
from bft.adversary.node import FaultyNode, Later, Recover, Started
from bft.core.effects import Broadcast, Send
from bft.core.inputs import Input
from bft.errors import ScenarioError, bad_value


def _seconds(field: str, value: float, *, above: float | None = None) -> None:
    if above is None and not value >= 0:
        raise ScenarioError(bad_value(field, value, "must be 0 seconds or more"))
    if above is not None and not value > above:
        raise ScenarioError(bad_value(field, value, f"must be later than {above} seconds"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The node stops at a time and stays silent."""

    byzantine: ClassVar[bool] = False
    memoryless: ClassVar[bool] = True

    at_s: float = 0.0
    """When the node stops."""

    @property
    def voice(self) -> str:
        """In debates before the vote: silence, if it is down by then."""
        return "silent" if self.at_s == 0.0 else "own"

    def __post_init__(self) -> None:
        _seconds("faults.behaviour.at_s", self.at_s)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Stop at `at_s`; be honest until then."""
        if isinstance(event, Started):
            node.count("crashes")
            return [Stop() if self.at_s <= now else Later(self.at_s - now, Stop())]
        return effects


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashRecover:
    """The node stops at a time and comes back later with what it had persisted."""

    byzantine: ClassVar[bool] = False
    memoryless: ClassVar[bool] = True

    at_s: float = 0.0
    """When the node stops."""

    back_s: float = 30.0
    """When it comes back, later than `at_s`."""

    @property
    def voice(self) -> str:
        """In debates before the vote: silence, if it is down by then."""
        return "silent" if self.at_s == 0.0 else "own"

    def __post_init__(self) -> None:
        _seconds("faults.behaviour.at_s", self.at_s)
        _seconds("faults.behaviour.back_s", self.back_s, above=self.at_s)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Stop at `at_s` and return at `back_s`; be honest otherwise."""
        if isinstance(event, Started):
            node.count("crashes")
            node.count("recoveries")
            stop = Stop() if self.at_s <= now else Later(self.at_s - now, Stop())
            return [stop, Later(self.back_s - now, Recover())]
        return effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Everything the node says leaves late by a constant time."""

    byzantine: ClassVar[bool] = False
    memoryless: ClassVar[bool] = True

    delay_s: float = 30.0
    """By how much everything is late."""

    def __post_init__(self) -> None:
        _seconds("faults.behaviour.delay_s", self.delay_s, above=0.0)

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Delay what is sent; nothing else."""
        del now, event
        bent: list[object] = []
        for effect in effects:
            if isinstance(effect, Send | Broadcast):
                node.count("delayed messages")
                bent.append(Later(self.delay_s, effect))
            else:
                bent.append(effect)
        return bent
