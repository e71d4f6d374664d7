"""The faults of a scenario: who is faulty, and how they behave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_serializer, field_validator, model_validator

from bft.adversary.crash import Crash, CrashRecover, Slow
from bft.adversary.equivocate import Equivocate
from bft.adversary.inject import Inject
from bft.adversary.lie import Collude, Lie
from bft.adversary.node import Behaviour
from bft.adversary.silence import SilentPrimary, Withhold
from bft.adversary.twins import Twins
from bft.errors import ScenarioError, bad_value
from bft.protocols.registry import load
from bft.settings import Probability, Settings

BEHAVIOURS: dict[str, type[Behaviour]] = {
    "crash": Crash,
    "crash_recover": CrashRecover,
    "silent_primary": SilentPrimary,
    "slow": Slow,
    "withhold": Withhold,
    "equivocate": Equivocate,
    "twins": Twins,
    "lie": Lie,
    "collude": Collude,
    "inject": Inject,
}


def behaviour_of(description: object) -> Behaviour:
    """Return the behaviour that a name, a place, a table with `kind`, or a behaviour object stands for.

    Raises `ScenarioError` if the name is unknown, a key does not exist, or the object has no `bend`.
    """
    if isinstance(description, str):
        description = {"kind": description}
    if isinstance(description, Mapping):
        given = dict(description)
        kind = given.pop("kind", None)
        if isinstance(kind, str) and ":" in kind:
            return _of_a_user(kind, given)
        if not isinstance(kind, str) or kind not in BEHAVIOURS:
            known = ", ".join(BEHAVIOURS)
            allowed = f"must be one of {known}, 'package.module:NAME' of a class, or an object with `bend`"
            raise ScenarioError(bad_value("faults.behaviour", kind, allowed))
        return _build(kind, given)
    if is_dataclass(description) and not isinstance(description, type) and isinstance(description, Behaviour):
        return description
    raise ScenarioError(
        bad_value(
            "faults.behaviour",
            description,
            "must be a name, a table with `kind`, or a frozen dataclass with `byzantine` and `bend`",
        )
    )


def _build(kind: str, given: dict[str, Any]) -> Behaviour:
    """Make a registered behaviour from its parameters."""
    made: Any = BEHAVIOURS[kind]
    defaults = {each.name: each.default for each in fields(made)}
    for key, value in given.items():
        if key not in defaults:
            allowed = ", ".join(defaults) or "none: it takes no parameters"
            raise ScenarioError(bad_value(f"faults.behaviour.{key}", value, f"unknown; {kind} takes {allowed}"))
        if key in getattr(made, "LISTS", ()):
            continue  # it sees to them itself
        if isinstance(defaults[key], bool) != isinstance(value, bool) or not isinstance(value, int | float):
            wanted = "true or false" if isinstance(defaults[key], bool) else "a number"
            raise ScenarioError(bad_value(f"faults.behaviour.{key}", value, f"must be {wanted}"))
    behaviour: Behaviour = made(**given)
    return behaviour


def _of_a_user(place: str, given: Mapping[str, Any]) -> Behaviour:
    """Make a behaviour of the class at a place, "package.module:NAME", from its parameters."""
    made = load(place, field="faults.behaviour")
    if not (isinstance(made, type) and is_dataclass(made) and hasattr(made, "byzantine") and hasattr(made, "bend")):
        allowed = "must be the class of a frozen dataclass with `byzantine` and `bend`"
        raise ScenarioError(bad_value("faults.behaviour", place, allowed))
    names = [each.name for each in fields(made)]
    for key, value in given.items():
        if key not in names:
            allowed = ", ".join(names) or "none: it takes no parameters"
            raise ScenarioError(bad_value(f"faults.behaviour.{key}", value, f"unknown; {place} takes {allowed}"))
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    try:
        behaviour: Any = made(**plain)
    except Exception as error:  # whatever a user's class does
        told = f"cannot be made: {type(error).__name__}: {error}"
        raise ScenarioError(bad_value("faults.behaviour", place, told)) from error
    _places[made] = place
    return behaviour_of(behaviour)


_places: dict[type, str] = {}
"""Where classes of users stand that were named by their place."""


def describe(behaviour: Behaviour) -> dict[str, Any]:
    """Return the table that a behaviour was made from; one that has neither a name nor a place is named only."""
    for kind, registered in BEHAVIOURS.items():
        if type(behaviour) is registered:
            return {"kind": kind, **asdict(behaviour)}  # type: ignore[call-overload]
    if type(behaviour) in _places:
        return {"kind": _places[type(behaviour)], **asdict(behaviour)}  # type: ignore[call-overload]
    return {"kind": f"{type(behaviour).__module__}.{type(behaviour).__qualname__}", "custom": repr(behaviour)}


class Faults(Settings):
    """Who is faulty and what they do.

    Attributes
    ----------
    delta : float or tuple of float
        Fault probability of each node, or one per node.
    draw : {"independent", "fraction"}
        Every node by itself with probability `delta`, or exactly ⌊delta · n⌋ nodes drawn at random.
    nodes : tuple of int, optional
        Exactly these nodes are faulty; then `delta` must be left out.
    behaviour : str, table, object, or a sequence of them
        What the faulty do: a name, "package.module:NAME" of a class of one's own, or an object. Of several, each faulty
        node draws one, by `shares`.
    shares : tuple of float, optional
        Relative frequency of each behaviour; by default equal.
    """

    _prefix: ClassVar[str] = "faults."

    model_config = ConfigDict(arbitrary_types_allowed=True)

    delta: Probability | tuple[Probability, ...] = 0.0
    draw: Literal["independent", "fraction"] = "independent"
    nodes: tuple[int, ...] | None = None
    behaviour: Any = (Crash(),)  # given in any of these forms, held as a tuple of behaviours
    shares: tuple[Annotated[float, Field(gt=0)], ...] | None = None

    @field_validator("behaviour", mode="before")
    @classmethod
    def _behaviours(cls, value: object) -> tuple[Behaviour, ...]:
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        if not several:
            raise ScenarioError(bad_value("faults.behaviour", value, "must name at least one behaviour"))
        return tuple(behaviour_of(each) for each in several)

    @field_serializer("behaviour")
    def _described(self, value: tuple[Behaviour, ...]) -> list[dict[str, Any]]:
        return [describe(behaviour) for behaviour in value]

    @model_validator(mode="after")
    def _consistent(self) -> Faults:
        if self.nodes is not None:
            if self.delta not in (0, 0.0):
                raise ScenarioError(
                    bad_value("faults.delta", self.delta, "must be left out when faults.nodes is given")
                )
            if len(set(self.nodes)) != len(self.nodes) or min(self.nodes, default=0) < 0:
                raise ScenarioError(bad_value("faults.nodes", self.nodes, "must be distinct node numbers, 0 or more"))
        if self.draw == "fraction" and isinstance(self.delta, tuple):
            raise ScenarioError(
                bad_value("faults.delta", self.delta, 'must be one number when faults.draw = "fraction"')
            )
        if self.shares is not None and len(self.shares) != len(self.behaviour):
            raise ScenarioError(
                bad_value(
                    "faults.shares", self.shares, f"must have one share for each of {len(self.behaviour)} behaviours"
                )
            )
        return self
