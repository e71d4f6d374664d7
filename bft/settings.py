"""The base of every validated description, and the quantities it is made of: frozen, and unknown keys are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from bft.errors import ScenarioError, bad_value
from bft.refusals import explain

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


class _Refusing(ModelMetaclass):
    """Makes a description, or raises the error of this package: whoever writes Python sees no other library's.

    Inner parts are made by pydantic itself, not by a call: the outermost description reports them with their path.
    """

    def __call__(cls: Any, *args: Any, **given: Any) -> Any:  # noqa: N805  # a metaclass's instances are classes
        if args:
            example = ", ".join(f"{name}=…" for name in list(cls.model_fields)[:2])
            allowed = f"must be given by name: {cls.__name__}({example})"
            raise ScenarioError(bad_value(cls.__name__, args[0], allowed))
        try:
            return super().__call__(**given)
        except ValidationError as error:
            raise ScenarioError(explain(error, given, cls, cls._prefix)) from None


class Settings(BaseModel, metaclass=_Refusing):
    """A frozen, strictly checked part of a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True, ser_json_inf_nan="constants")

    _prefix: ClassVar[str] = ""
    """Its path in a scenario, with a dot behind; empty where it has several, or none."""

    _written_if_set: ClassVar[frozenset[str]] = frozenset()
    """Fields written only where they differ from their default: a sweep's seeds follow from what a scenario says, so a
    field that came later changes no earlier result."""

    former_names: ClassVar[Mapping[str, str]] = {}
    """Of the settings of a protocol that stood among a scenario's own fields before: the name that each had there.
    Whoever still writes it is told the new one, and seeds of sweeps still follow from it: a field that moved changes no
    earlier result."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        tables: dict[str, Any] = write(self)
        for name in self._written_if_set:
            if name in tables and getattr(self, name) == type(self).model_fields[name].default:
                del tables[name]
        return tables


def _number_between(low: float, high: float) -> AfterValidator:
    """Check a closed range and name it whole: the reader learns both ends at once."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"must be between {low:g} and {high:g}")
        return value

    return AfterValidator(check)


Probability = Annotated[float, _number_between(0, 1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
