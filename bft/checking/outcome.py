"""Outcomes, for older programs: they are in `bft.record.outcome`."""

from __future__ import annotations

from bft.record.outcome import Outcome as Outcome
from bft.record.outcome import worst as worst
