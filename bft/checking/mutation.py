"""Mutation of what is in flight: fields of real messages replaced, types confused, tuples cut, doubled, reordered.

Forged messages (`forging`) are right but for one flaw that somebody thought of. Here nobody thinks: a corrupted node's
message is changed on its way to some receivers, anywhere inside, as ByzzFuzz does (Winter et al., *Randomized Testing
of Byzantine Fault Tolerant Algorithms*, OOPSLA 2023). What honest nodes have signed stays theirs, so a change inside
it makes a false signature; but whole parts of honest messages may be put together anew.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any

from bft.checking.choices import Choices
from bft.checking.world import World
from bft.core.inputs import Deliver
from bft.errors import BftError

NUMBERS = (0, 1, 2, 3, -1, 1 << 70)
ODD: tuple[Any, ...] = (None, True, False, -1, 0, 1.0, float("nan"), 1 << 70, "", "x", "0" * 64, b"", (), (1,), [], {})
"""What a field may hold that expects something else; lists and dicts because they have no hash."""
DEEPER = 6
"""Of so many changes of a field that has parts, one replaces it as a whole."""


def mutate(world: World, place: int, nodes: int, choices: tuple[int, ...]) -> None:
    """Change a message of a corrupted node for some of its receivers.

    If none is under way, something that was broadcast before is changed and sent in a liar's name.

    Parameters
    ----------
    world : World
        Where it happens; without corrupted nodes nothing does.
    place : int
        Which message.
    nodes : int
        Bit mask of the receivers.
    choices : tuple of int
        Choose what is changed, and into what.
    """
    if not world.corrupted:
        return
    choose = Choices(choices)
    liars = world.corrupted
    pending = world.pending
    under_way = [at for at, (node, event, _) in enumerate(pending) if event.sender in liars and nodes >> node & 1]
    if under_way and choose.pick((0, 0, 0, 1)) == 0:
        _, event, source = pending[under_way[place % len(under_way)]]
        changed = Deliver(event.sender, changed_message(world, event.message, choose))
        for at in under_way:  # the copies of a broadcast are one object
            node, other, _ = pending[at]
            if other is event:
                pending[at] = (node, changed, source)
    elif world.history:
        old = world.history[place % len(world.history)].message
        liar = choose.pick(sorted(liars))
        if hasattr(old, "replica") and choose.pick((True, True, False)):
            old = with_field(old, "replica", liar)
        changed = Deliver(liar, changed_message(world, old, choose))
        pending += [(node, changed, liar) for node in world.others[liar] if nodes >> node & 1]


def changed_message(world: World, message: Any, choose: Choices) -> Any:
    """Return a message that differs in one place; parts may come from others of its kind."""
    donors = world.sent.get(type(message).__name__, ())
    donor = choose.pick(donors) if donors else message
    return _changed(message, donor, choose)


def with_field(value: Any, name: str, new: object) -> Any:
    """Return a copy of a dataclass with one field replaced, or the value itself where its class refuses that."""
    given = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    with suppress(TypeError, ValueError, BftError):
        return type(value)(**{**given, name: new})
    return value


def _changed(value: Any, donor: Any, choose: Choices) -> Any:
    """Return a value that differs in one place; `donor` is another of its kind, or anything."""
    if is_dataclass(value) and not isinstance(value, type):
        return _changed_fields(value, donor, choose)
    if isinstance(value, tuple) and value:
        return _changed_tuple(value, donor if isinstance(donor, tuple) else (), choose)
    return _odd(value, choose)


def _changed_fields(value: Any, donor: Any, choose: Choices) -> Any:
    name = choose.pick([each.name for each in fields(value) if each.init])
    inner = getattr(value, name)
    other = getattr(donor, name, inner)
    if other is not inner and choose.pick((True, False, False)):
        return with_field(value, name, other)
    parts = isinstance(inner, tuple) or is_dataclass(inner)
    if parts and choose.pick(range(DEEPER)):
        return with_field(value, name, _changed(inner, other, choose))
    return with_field(value, name, _odd(inner, choose))


def _changed_tuple(value: tuple[Any, ...], donor: tuple[Any, ...], choose: Choices) -> tuple[Any, ...]:
    at = choose.pick(range(len(value)))
    head, one, tail = value[:at], value[at], value[at + 1 :]
    match choose.pick(("part", "part", "part", "short", "double", "reversed", "mixed", "added", "odd")):
        case "part":
            return (*head, _changed(one, choose.pick(donor) if donor else one, choose), *tail)
        case "short":
            return head + tail
        case "double":
            return (*value, one)
        case "reversed":
            return value[::-1]
        case "mixed":
            return (*head, choose.pick(donor) if donor else one, *tail)
        case "added":
            return (*value, *donor)
        case _:
            return (*head, _odd(one, choose), *tail)


def _odd(old: object, choose: Choices) -> object:
    """Return what a field does not expect: near its value, equal to it and of another type, or anything."""
    if old.__class__ is int and choose.pick((True, True, False)):
        number = int(str(old))
        near = [number + 1, number - 1, -number, *NUMBERS]
        equal = [float(number), bool(number)] if abs(number) < 1 << 53 else [str(number)]
        return choose.pick([*near, *equal, *equal, *equal])
    if isinstance(old, str) and choose.pick((True, False)):
        return choose.pick((old[::-1], old + " ", old.encode(), ""))
    if isinstance(old, float) and choose.pick((True, False)):
        return choose.pick((-old, old + 1, float("inf"), int(old) if old == old and abs(old) < 1 << 53 else 0))
    return choose.pick(ODD)
