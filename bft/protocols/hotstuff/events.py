"""What HotStuff's replicas report beside what all replicas do."""

from __future__ import annotations

from bft.core.lean import lean


@lean
class ViewBegun:
    """The replica entered a view, with a timeout certificate or with one of the last votes of the view before."""

    view: int
    by_timeout: bool
