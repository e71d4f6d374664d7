"""What a replica of a user's own must do for its host, tried once before anything runs and watched while it does.

Replicas of the protocols that ship are not watched: their tests do that, and every step would pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import cache
from inspect import signature
from typing import Any

from bft.core.effects import (
    Broadcast,
    CancelTimer,
    Execute,
    Forget,
    Persist,
    Reply,
    RequestProposal,
    RequestVerdict,
    Send,
    SetTimer,
)
from bft.core.inputs import ClientRequest, Input, ProposalReady
from bft.core.replica import Replica
from bft.core.request import Request
from bft.core.signatures import SymbolicKeyring
from bft.errors import ScenarioError
from bft.protocols.protocol import Protocol
from bft.shown_values import shown

EFFECTS = frozenset((
    Broadcast, CancelTimer, Execute, Forget, Persist, Reply, RequestProposal, RequestVerdict, Send, SetTimer,
))  # fmt: skip
MOST_TRIED = 16
"""Nodes whose replicas are tried, lest a scenario of thousands take long to make."""
REPLICA = "must be an object with a method step(now, event) that returns a list of effects and events"


def try_replica(protocol: Protocol, config: Any, n: int) -> None:
    """Make replicas of a user's own protocol and give each one request, and an answer, before anything runs.

    Raises `ScenarioError` if it is no replica, raises, or returns what is no effect.
    """
    keyring = SymbolicKeyring()
    request = keyring.sign(Request(client="client-0", timestamp=1, operation="question-0"))
    for node in range(min(n, MOST_TRIED)):
        replica = CheckedReplica(_made(protocol, node, config, keyring), protocol.name, n)
        for effect in replica.step(0.0, ClientRequest(request)):
            if isinstance(effect, RequestProposal):
                replica.step(0.0, ProposalReady(effect.view, effect.request, "answer"))


def _made(protocol: Protocol, node: int, config: Any, keyring: SymbolicKeyring) -> Replica:
    try:
        return protocol.replica(node, config, keyring)
    except ScenarioError:
        raise
    except Exception as error:
        told = f"its replica cannot be made: {type(error).__name__}: {error}"
        raise ScenarioError(f"protocol {protocol.name}: {told}") from error


class CheckedReplica:
    """A replica whose steps are looked at: a wrong effect is refused where it is returned, by name."""

    def __init__(self, replica: Replica, name: str, n: int) -> None:
        step: Callable[[float, Input], Sequence[object]] | None = getattr(replica, "step", None)
        if not callable(step) or not _takes_two(step):
            raise ScenarioError(f"protocol {name}: replica = {shown('replica', repr(replica))}: {REPLICA}")
        self.id: int = getattr(replica, "id", -1)
        self._replica = replica
        self._step = step
        self._name = name
        self._n = n

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; what comes back must be effects and events."""
        try:
            effects: Any = self._step(now, event)
        except ScenarioError:
            raise
        except Exception as error:  # whatever a user's replica raises
            told = f"node {self.id} raised {type(error).__name__} on {type(event).__name__}: {error}"
            raise ScenarioError(f"protocol {self._name}: {told}") from error
        if not isinstance(effects, list | tuple):
            raise self._refusal(event, effects, "must be a list of effects and events")
        for effect in effects:
            kind = effect.__class__
            if kind not in EFFECTS and not _is_event(kind):
                raise self._refusal(event, effect, "is no effect, and no event: those are dataclasses with frozen=True")
            if (kind is Send or kind is Broadcast) and not _is_hashable(effect.message):
                raise self._refusal(
                    event,
                    effect.message,
                    "cannot be sent: messages are hashable, with frozen=True and tuples for lists",
                )
            if kind is Send and not (type(effect.recipient) is int and 0 <= effect.recipient < self._n):
                raise self._refusal(event, effect.recipient, f"is nobody to send to: nodes are 0 to {self._n - 1}")
            if kind is SetTimer and not effect.delay_s >= 0:
                raise self._refusal(event, effect.delay_s, "is no delay of a timer: 0 seconds or more")
        return effects

    @property
    def progress(self) -> Any:
        """That of the replica, where its class has one."""
        known = type(self._replica).__dict__.get("progress")
        return None if known is None else known.__get__(self._replica)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replica, name)

    def _refusal(self, event: object, value: object, why: str) -> ScenarioError:
        said = shown("effect", value if isinstance(value, int | float | str | list) or value is None else repr(value))
        return ScenarioError(f"protocol {self._name}: step returned {said} on {type(event).__name__}: {why}")


@cache
def _is_event(kind: type) -> bool:
    return is_dataclass(kind) and bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _is_hashable(message: object) -> bool:
    try:
        hash(message)
    except TypeError:
        return False
    return True


def _takes_two(step: Callable[..., object]) -> bool:
    try:
        signature(step).bind(0.0, None)
    except (TypeError, ValueError):
        return False
    return True
