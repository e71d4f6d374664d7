"""The base of every validated description, and the quantities it is made of: frozen, and unknown keys are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """A frozen, strictly checked part of a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)


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
