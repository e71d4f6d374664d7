"""Anomalies in logs: patterns that stand for a kind of fault when they come often enough.

For harmless lines that match by themselves, Poisson with rate r, the mean time to a false alarm is 1/r for one line,
and (1 + 1/(1 − e^(−rw)))/r for two lines within w: the first gap of at most w seconds ends it.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from bft.core.refusal import require, require_positive, require_whole
from bft.operations.recovery import FaultKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPattern:
    """Means a fault of a kind when `count` matching lines come within `within_s` seconds.

    Attributes
    ----------
    pattern : str
        A regular expression, searched for anywhere in a line.
    kind : FaultKind
        What it is taken for.
    count : int
        1 or more.
    within_s : float
        Positive; without effect for one line.
    """

    pattern: str
    kind: FaultKind
    count: int = 1
    within_s: float = 60.0

    def __post_init__(self) -> None:
        try:
            matches_nothing = re.search(self.pattern, "") is not None
        except re.error as error:
            require(False, "log_pattern.pattern", self.pattern, f"must be a regular expression: {error}")
            raise AssertionError("refused above") from None
        require(not matches_nothing, "log_pattern.pattern", self.pattern, "must not match every line")
        require_whole("log_pattern.count", self.count, at_least=1)
        require_positive("log_pattern.within_s", self.within_s)


DEFAULT_PATTERNS = (
    LogPattern(pattern=r"(?i)out of memory|oom-?kill", kind=FaultKind.LEAK),
    LogPattern(pattern=r"(?i)checksum|corrupt|digest mismatch", kind=FaultKind.CORRUPTION),
    LogPattern(pattern=r"(?i)no route to host|i/o error|machine check", kind=FaultKind.HOST),
    LogPattern(pattern=r"(?i)timed? ?out|connection (reset|refused)", kind=FaultKind.HANG, count=3),
    LogPattern(pattern=r"(?i)panic|segmentation fault|traceback", kind=FaultKind.CRASH),
)


class LogWatch:
    """Reads the lines of one node; times never go back."""

    def __init__(self, patterns: tuple[LogPattern, ...] = DEFAULT_PATTERNS) -> None:
        require(len(patterns) > 0, "log_watch.patterns", patterns, "must name at least one pattern")
        self._patterns = [(each, re.compile(each.pattern)) for each in patterns]
        self._seen: list[deque[float]] = [deque(maxlen=each.count) for each in patterns]

    def line(self, at_s: float, text: str) -> FaultKind | None:
        """Take in a line; return the kind of fault that it completes the evidence for, by the first such pattern."""
        found = None
        for (rules, pattern), seen in zip(self._patterns, self._seen, strict=True):
            if pattern.search(text):
                seen.append(at_s)
                if found is None and len(seen) == rules.count and at_s - seen[0] <= rules.within_s:
                    found = rules.kind
                    seen.clear()
        return found
