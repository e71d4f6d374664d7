"""Frozen dataclasses that are cheap to make.

A frozen dataclass sets each field through `object.__setattr__`, and a run of the simulation makes little else than
messages, effects and events. `lean` gives such a class a constructor that fills an open twin, a class with the same
slots and nothing frozen, and then turns the object into what was asked for: a third of the time, and frozen as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

Made = TypeVar("Made")


def lean(cls: type[Made]) -> type[Made]:
    """Make a frozen, slotted dataclass cheap to construct; stands above `@dataclass`.

    Parameters
    ----------
    cls : type
        A frozen dataclass with `slots=True`, without `__post_init__` and default factories. A subclass may add methods,
        no fields.

    Raises
    ------
    TypeError
        If the class is none of these.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @lean
    ... @dataclass(frozen=True, slots=True)
    ... class Vote:
    ...     seq: int
    ...     digest: str = ""
    >>> Vote(7)
    Vote(seq=7, digest='')
    """
    params = getattr(cls, "__dataclass_params__", None)
    if params is None or not params.frozen or not params.init or "__slots__" not in cls.__dict__:
        raise TypeError(f"{cls.__name__}: must be a frozen dataclass with slots")
    members = fields(cls)  # type: ignore[arg-type]
    if hasattr(cls, "__post_init__") or any(each.default_factory is not MISSING for each in members):
        raise TypeError(f"{cls.__name__}: must have no __post_init__ and no default factories")
    named = tuple(each.name for each in members if each.init)

    def getnewargs(self: Any) -> tuple[tuple[()], dict[str, Any]]:
        return (), {name: getattr(self, name) for name in named}

    made: Any = cls
    del made.__init__
    made.__new__ = _constructor(cls, members)
    made.__getnewargs_ex__ = getnewargs  # for copies and pickles
    return cls


def _constructor(cls: type, members: tuple[Field[Any], ...]) -> Callable[..., Any]:
    """Return a `__new__` with the signature of the dataclass's `__init__`."""
    opened = type(cls.__name__, cls.__bases__, {"__slots__": cls.__dict__["__slots__"]})
    defaults = {f"_default_{each.name}": each.default for each in members if each.default is not MISSING}

    def parameter(each: Field[Any]) -> str:
        return each.name if each.default is MISSING else f"{each.name}=_default_{each.name}"

    positional = [parameter(each) for each in members if each.init and not each.kw_only]
    by_name = [parameter(each) for each in members if each.init and each.kw_only]
    signature = ", ".join(["cls", *positional, *(["*", *by_name] if by_name else [])])
    body = ["self = opened()"]
    body += [f"self.{each.name} = {each.name if each.init else f'_default_{each.name}'}" for each in members]
    if hasattr(cls, "_well_formed"):  # nobody has looked at it yet, see `bft.core.shape`
        body.append("self._well_formed = False")
    body += ["self.__class__ = cls", "return self"]
    scope: dict[str, Any] = {"opened": opened, **defaults}
    exec(f"def __new__({signature}):\n    " + "\n    ".join(body), scope)  # as dataclasses make their __init__
    made: Callable[..., Any] = scope["__new__"]
    made.__qualname__ = f"{cls.__qualname__}.__new__"
    return made
