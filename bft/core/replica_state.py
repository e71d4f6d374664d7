"""What replicas of several protocols have in common: a state that can be cloned, and what one step leaves behind.

Searches that branch clone replicas by the million, so each class gets a function of its own that copies slot by slot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from typing import Any, ClassVar, Generic, Self, TypeVar

from bft.core.state_machine import StateMachine

StateT = TypeVar("StateT", bound="ReplicaState")


def keep_nothing(key: tuple[object, ...], value: object | None) -> None:
    """Stand in for storing where nobody comes back to read it (`durable` of a configuration)."""


class Clonable:
    """Slots that can be cloned.

    A subclass says which of its slots a clone must not share: `copied` are those that change and hold what does not, by
    `copy()`, `cloned` those with parts that change, by their own `clone()`. All others are shared.

    Examples
    --------
    >>> class Votes(Clonable, copied="by_voter"):
    ...     __slots__ = ("by_voter", "view")
    >>> votes = Votes()
    >>> votes.by_voter, votes.view = {1: "yes"}, 7
    >>> twin = votes.clone()
    >>> twin.by_voter[2] = "no"
    >>> votes.by_voter, twin.view
    ({1: 'yes'}, 7)
    """

    __slots__ = ()
    _twin: ClassVar[Callable[[Any], Any]]

    def __init_subclass__(cls, *, copied: str = "", cloned: str = "") -> None:
        super().__init_subclass__()
        slots = [name for each in cls.__mro__ for name in getattr(each, "__slots__", ())]
        how = dict.fromkeys(slots, "{}") | dict.fromkeys(copied.split(), "{}.copy()")
        how |= dict.fromkeys(cloned.split(), "{}.clone()")
        lines = [f"    twin.{name} = {how[name].format(f'self.{name}')}" for name in slots]
        scope: dict[str, Any] = {"made": object.__new__, "kind": cls}
        exec("\n".join(["def twin_of(self):", "    twin = made(kind)", *lines, "    return twin"]), scope)
        cls._twin = staticmethod(scope["twin_of"])

    def clone(self) -> Self:
        """Return an independent twin that goes on from here; what never changes is shared."""
        twin: Self = type(self)._twin(self)
        return twin


class ReplicaState(Clonable):
    """What the state of every replica has: the machine that it executes into, and what its step has gathered.

    Parameters
    ----------
    machine : StateMachine
        What executing does.
    durable : bool
        Whether anybody comes back to read what is persisted.

    Attributes
    ----------
    effects, unsaved
        What the step asks for so far, and what it stores, which is stored at once before anything is sent.
    emit, persist
        Ask the host for an effect or report an event; store a value under a key.
    drops
        How many inputs did not count, by reason.
    """

    __slots__ = ("drops", "effects", "emit", "machine", "persist", "unsaved")

    def __init_subclass__(cls, *, copied: str = "", cloned: str = "") -> None:
        super().__init_subclass__(copied=f"drops effects unsaved {copied}", cloned=cloned)

    def __init__(self, machine: StateMachine, durable: bool) -> None:
        self.machine = machine
        self.drops: dict[str, int] = {}
        self.effects: list[object] = []
        self.emit = self.effects.append
        self.unsaved: dict[tuple[object, ...], object | None] = {}
        self.persist = self.unsaved.__setitem__ if durable else keep_nothing

    def clone(self) -> Self:
        """Return an independent state that goes on from here; messages, keys and parameters are shared."""
        twin: Self = type(self)._twin(self)
        twin.machine = deepcopy(self.machine)
        twin.emit = twin.effects.append
        if self.persist is not keep_nothing:
            twin.persist = twin.unsaved.__setitem__
        return twin

    def drop(self, reason: str) -> None:
        """Count an input that does not count: Byzantine or late input is data, never an error."""
        self.drops[reason] = self.drops.get(reason, 0) + 1


class StatefulReplica(Generic[StateT]):
    """What a replica shows of its state, whichever its protocol; `step` is the protocol's."""

    __slots__ = ("_state", "id")

    id: int
    _state: StateT

    def clone(self) -> Self:
        """Return an independent replica that goes on from here, for searches that branch."""
        twin = copy(self)
        twin._state = self._state.clone()
        return twin

    @property
    def drops(self) -> Mapping[str, int]:
        """How many inputs did not count, by reason."""
        return self._state.drops

    @property
    def machine(self) -> StateMachine:
        """What executing does; a laboratory may put another one in its place before the first step."""
        return self._state.machine

    @machine.setter
    def machine(self, machine: StateMachine) -> None:
        self._state.machine = machine
