"""The table [pbft] of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from bft.errors import ScenarioError, bad_value
from bft.settings import PositiveSeconds, Settings


class PbftSettings(Settings):
    """What a scenario says of PBFT alone: its timers, its checkpoints and its window.

    Attributes
    ----------
    view_timeout_s : float
        How long the first view may take.
    timeout_growth : float
        By what the time of a view is multiplied after each view that failed.
    timeout_cap_s : float
        How long a view may take at the most.
    checkpoint_interval : int
        K: after how many requests replicas agree on their state.
    window : int
        L: how many requests beyond the last stable checkpoint may be ordered; above K.
    """

    _prefix: ClassVar[str] = "pbft."
    former_names: ClassVar[Mapping[str, str]] = {
        name: name for name in ("view_timeout_s", "timeout_growth", "timeout_cap_s", "checkpoint_interval", "window")
    }

    view_timeout_s: PositiveSeconds = 10.0
    timeout_growth: Annotated[float, Field(ge=1, le=10)] = 2.0
    timeout_cap_s: PositiveSeconds = 600.0
    checkpoint_interval: Annotated[int, Field(ge=1)] = 16
    window: Annotated[int, Field(ge=2)] = 64

    @model_validator(mode="after")
    def _window_fits(self) -> PbftSettings:
        if self.window <= self.checkpoint_interval:
            allowed = f"must be above pbft.checkpoint_interval = {self.checkpoint_interval}"
            raise ScenarioError(bad_value("pbft.window", self.window, allowed))
        return self
