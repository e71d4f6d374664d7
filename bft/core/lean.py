"""Frozen dataclasses that are cheap to make.

A frozen dataclass sets each field through `object.__setattr__`, and a run of the simulation makes little else than
messages, effects and events. `lean` makes such a class, with slots, and gives it a constructor that fills an open twin,
a class with the same slots and nothing frozen, and then turns the object into what was asked for: a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast, dataclass_transform, overload

Made = TypeVar("Made")
Given = ParamSpec("Given")


@overload
def lean(cls: type[Made]) -> type[Made]: ...
@overload
def lean(*, kw_only: bool = ..., eq: bool = ...) -> Callable[[type[Made]], type[Made]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def lean(cls: type[Any] | None = None, *, kw_only: bool = False, eq: bool = True) -> Any:
    """Make a frozen dataclass with slots that is cheap to construct; `kw_only` and `eq` are those of `dataclass`.

    Parameters
    ----------
    cls : type
        A class without `__post_init__` and default factories. A subclass may add methods, no fields. A slot of a base
        class that is no field may be filled from the fields: `_derived` of that class maps it to an expression.

    Raises
    ------
    TypeError
        If the class has either.

    Examples
    --------
    >>> @lean
    ... class Vote:
    ...     seq: int
    ...     digest: str = ""
    >>> Vote(7)
    Vote(seq=7, digest='')
    """
    if cls is None:
        return partial(lean, kw_only=kw_only, eq=eq)
    cls = dataclass(frozen=True, slots=True, kw_only=kw_only, eq=eq)(cls)
    members = fields(cls)
    if hasattr(cls, "__post_init__") or any(each.default_factory is not MISSING for each in members):
        raise TypeError(f"{cls.__name__}: must have no __post_init__ and no default factories")
    named = tuple(each.name for each in members if each.init)

    def getnewargs(self: Any) -> tuple[tuple[()], dict[str, Any]]:
        return (), {name: getattr(self, name) for name in named}

    made: Any = cls
    del made.__init__
    made.__new__ = _constructor(cls, "cls, ")
    made.__getnewargs_ex__ = getnewargs  # for copies and pickles
    return cls


def maker(cls: Callable[Given, Made], *, well_formed: bool = False) -> Callable[Given, Made]:
    """Return a function that makes objects of a `lean` class in two thirds of the time that calling the class takes.

    For what the hot paths make: Python calls a class through several layers of C, and a function directly.

    Parameters
    ----------
    cls : type
        The class.
    well_formed : bool, optional
        Whether what is made counts as well formed (`bft.core.shape`) without being looked at: for a replica's own
        messages, made of parts that it has checked itself.
    """
    made: Callable[Given, Made] = _constructor(cls, "", marked=well_formed)  # type: ignore[arg-type]
    return made


def filler(cls: Callable[Given, Made]) -> Callable[Given, Made]:
    """Return a function that makes objects of a frozen dataclass without slots; every field must be given, by name.

    The constructor of such a class sets one field after the other, which is refused on the way and has to be forced.
    """
    kind: Any = cls

    def fill(**given: Any) -> Any:
        self = object.__new__(kind)
        self.__dict__.update(given)
        return self

    made: Any = fill
    return cast(Callable[Given, Made], made)


def _constructor(cls: type, first: str, *, marked: bool = False) -> Callable[..., Any]:
    """Return a function with the signature of the dataclass's `__init__`, after the first parameters given."""
    members = fields(cls)
    opened: Any = type(cls.__name__, cls.__bases__, {"__slots__": cls.__dict__["__slots__"]})
    opened.__abstractmethods__ = frozenset()  # what a base class asks for, the class itself has
    defaults = {f"_default_{each.name}": each.default for each in members if each.default is not MISSING}

    def parameter(each: Field[Any]) -> str:
        return each.name if each.default is MISSING else f"{each.name}=_default_{each.name}"

    positional = [parameter(each) for each in members if each.init and not each.kw_only]
    by_name = [parameter(each) for each in members if each.init and each.kw_only]
    signature = ", ".join([*positional, *(["*", *by_name] if by_name else [])])
    body = ["self = opened()"]
    body += [f"self.{each.name} = {each.name if each.init else f'_default_{each.name}'}" for each in members]
    body += [f"self.{slot} = {expression}" for slot, expression in getattr(cls, "_derived", {}).items()]
    if hasattr(cls, "_well_formed"):  # mostly nobody has looked at it yet, see `bft.core.shape`
        body.append(f"self._well_formed = {marked}")
    body += ["self.__class__ = cls", "return self"]
    scope: dict[str, Any] = {"opened": opened, "cls": cls, **defaults}
    exec(f"def __new__({first}{signature}):\n    " + "\n    ".join(body), scope)  # as dataclasses make their __init__
    made: Callable[..., Any] = scope["__new__"]
    made.__qualname__ = f"{cls.__qualname__}.__new__"
    return made
