"""What a validator can say of a proposal."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """Accept, reject or unsure; only accept lets a replica prepare."""

    ACCEPT = "accept"
    REJECT = "reject"
    UNSURE = "unsure"
