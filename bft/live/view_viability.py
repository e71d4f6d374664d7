"""Whether a view can still succeed: as soon as it cannot, nobody needs to wait for its timer.

All nodes of a live panel are in one process, so the host sees which calls have ended without an accept. A timer that
is fired early costs a view at most and never safety, which depends on no timer.
"""

from __future__ import annotations

from bft.core.quorum import QuorumSystem


class ViewViability:
    """The prospects of each view."""

    def __init__(self, system: QuorumSystem) -> None:
        self._system = system
        self._against: dict[tuple[int, str], set[int]] = {}
        self._lost: set[int] = set()

    def no_proposal(self, view: int) -> bool:
        """The primary has nothing to propose; True if this has just lost the view."""
        return self._lose(view)

    def not_accepted(self, view: int, digest: str, node: int) -> bool:
        """A node will not accept a proposal, for whatever reason; True if this has just lost the view."""
        against = self._against.setdefault((view, digest), set())
        against.add(node)
        return self._system.weight(against) > self._system.live_up_to and self._lose(view)

    def _lose(self, view: int) -> bool:
        if view in self._lost:
            return False
        self._lost.add(view)
        return True
