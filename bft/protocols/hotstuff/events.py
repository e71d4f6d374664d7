"""What HotStuff's replicas report beside what all replicas do."""

from __future__ import annotations

from dataclasses import dataclass

from bft.core.lean import lean


@lean
@dataclass(frozen=True, slots=True)
class ViewBegun:
    """The replica entered a view, with a timeout certificate or with one of the last votes of the view before."""

    view: int
    by_timeout: bool
