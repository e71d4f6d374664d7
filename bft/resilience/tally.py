"""The tally: counters over the decisions of policies, and the rates that reports show.

An observer for drivers: `SimpyDriver(..., observe=tally)`. Windows, bands and alerts over time are left to
monitoring.
"""

from __future__ import annotations

from collections import Counter

from bft.resilience.effects import Note
from bft.resilience.exchange import Source


class Tally:
    """Counts notes.

    Attributes
    ----------
    counts : Counter
        How often each (policy, action, level, reason) was noted.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str, str]] = Counter()

    def __call__(self, at_s: float, note: Note) -> None:
        """Count a note."""
        self.counts[note.policy, note.action, note.level, note.reason] += 1

    def count(self, policy: str, action: str, *, level: str | None = None) -> int:
        """Return how often a policy took a decision, on one level or on all."""
        return sum(
            number
            for (by, did, at, _), number in self.counts.items()
            if (by, did) == (policy, action) and level in (None, at)
        )

    def reasons(self, policy: str, action: str, *, level: str | None = None) -> dict[str, int]:
        """Return why a policy took a decision, most frequent reason first."""
        found: Counter[str] = Counter()
        for (by, did, at, reason), number in self.counts.items():
            if (by, did) == (policy, action) and level in (None, at):
                found[reason] += number
        return dict(found.most_common())

    @property
    def calls(self) -> int:
        """Queries that were answered or failed; those cancelled are not among them."""
        return self.count("pipeline", "answered") + self.count("pipeline", "failed")

    @property
    def sources(self) -> dict[str, int]:
        """Answers by source: model, cache, stale cache, default."""
        return self.reasons("pipeline", "answered")

    def rates(self) -> dict[str, float]:
        """Return shares of all calls, or no entry at all without calls.

        success: answered by a model or a cache · error: not answered, or by the default text · cache_hit: served
        fresh from the cache · fallback: answered by another level than the primary · retry: retries per call, which
        may exceed 1.
        """
        calls = self.calls
        if calls == 0:
            return {}
        served = sum(number for source, number in self.sources.items() if source != Source.DEFAULT.value)
        return {
            "success": served / calls,
            "error": 1.0 - served / calls,
            "cache_hit": self.sources.get(Source.CACHE.value, 0) / calls,
            "fallback": self.count("pipeline", "fell back") / calls,
            "retry": self.count("retry", "retried") / calls,
        }
