"""The tables `[hotstuff]`, `[hotstuff-2]` and `[hotstuff-chained]` of a scenario."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from bft.errors import ScenarioError, bad_value
from bft.protocols.hotstuff.rules import CHAINS
from bft.settings import PositiveSeconds, Settings


class HotStuffSettings(Settings):
    """The pacemaker of basic HotStuff.

    Attributes
    ----------
    view_timeout_s, timeout_growth, timeout_cap_s : float
        How long a view may take; how that grows with each view that fails before the next commit, and up to what.
    checkpoint_interval : int
        The state is saved after every so many nodes of the chain, for restarts and for replicas far behind; the nodes
        below the last two saved states are forgotten.
    """

    _prefix: ClassVar[str] = "hotstuff."
    _written_if_set: ClassVar[frozenset[str]] = frozenset({"checkpoint_interval"})

    view_timeout_s: PositiveSeconds = 10.0
    timeout_growth: Annotated[float, Field(ge=1, le=10)] = 2.0
    timeout_cap_s: PositiveSeconds = 600.0
    checkpoint_interval: Annotated[int, Field(ge=1)] = 128


class TwoPhaseSettings(HotStuffSettings):
    """The same for HotStuff-2.

    Attributes
    ----------
    leader_wait : float
        How long a leader without a certificate of the view before waits for others' locks, as a share of its view's
        timeout: the paper's 2Δ.
    """

    _prefix: ClassVar[str] = "hotstuff-2."

    leader_wait: Annotated[float, Field(gt=0, lt=1)] = 0.1


class ChainedSettings(HotStuffSettings):
    """The same for chained HotStuff.

    Attributes
    ----------
    chain : int
        How many certificates of consecutive views commit: 3 (HotStuff), or 2 with timeout certificates (Jolteon).
    """

    _prefix: ClassVar[str] = "hotstuff-chained."

    chain: int = 3

    @field_validator("chain")
    @classmethod
    def _known(cls, value: int) -> int:
        if value not in CHAINS:
            raise ScenarioError(bad_value("hotstuff-chained.chain", value, "must be 2 or 3"))
        return value
