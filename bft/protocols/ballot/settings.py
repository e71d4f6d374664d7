"""The table [ballot] of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bft.settings import PositiveSeconds, Settings


class BallotSettings(Settings):
    """What a scenario says of ballots alone.

    Attributes
    ----------
    deadline_s : float
        How long a ballot waits for votes: whoever has not voted by then abstains. A ballot with judges has two rounds
        of that length.
    """

    _prefix: ClassVar[str] = "ballot."
    former_names: ClassVar[Mapping[str, str]] = {"deadline_s": "view_timeout_s"}

    deadline_s: PositiveSeconds = 10.0
