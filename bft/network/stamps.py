"""Whether a file is still the one that was read: what is kept of it is kept under its stamp."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int]


def stamp_of(path: str) -> Stamp | None:
    """Return when a file was last written, in nanoseconds, and its size; None: it cannot be looked at."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return found.st_mtime_ns, found.st_size
