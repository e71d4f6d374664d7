"""The table [tendermint] of a scenario."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from bft.settings import PositiveSeconds, Seconds, Settings


class TendermintSettings(Settings):
    """What a scenario says of Tendermint alone.

    Attributes
    ----------
    propose_s, prevote_s, precommit_s : float
        The timeouts of round 0, in seconds.
    delta_s : float
        By how much each of them grows with every round.
    follow_polka : bool
        Whether a replica that holds a polka for a value takes it as valid, whatever its validator says. The paper has
        False; with fallible validators one crash can then stop a height for ever.
    checkpoint_interval : int
        The state is saved every so many heights, for restarts.
    """

    _prefix: ClassVar[str] = "tendermint."

    propose_s: PositiveSeconds = 10.0
    prevote_s: PositiveSeconds = 5.0
    precommit_s: PositiveSeconds = 5.0
    delta_s: Seconds = 5.0
    follow_polka: bool = False
    checkpoint_interval: Annotated[int, Field(ge=1)] = 16
