"""The quarantine of corrupt files: renamed, never thrown away, so that people can look at it and nothing reads it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

_log = logging.getLogger(__name__)


def quarantine(path: Path, reason: object, *, companions: Iterable[str] = ()) -> Path:
    """Rename a file to NAME.corrupt-1, or the next number that is free, warn of it, and return the new path.

    Parameters
    ----------
    path : Path
        The file.
    reason : object
        What is wrong with it, for the message.
    companions : iterable of str
        Endings of the files beside it that go with it, where they exist: a database's log, for instance.
    """
    moved = next(free for number in count(1) if not (free := Path(f"{path}.corrupt-{number}")).exists())
    path.rename(moved)
    for ending in companions:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{moved}{ending}")
    _log.warning("%s is corrupt (%s): quarantined as %s, starting without it", path, reason, moved)
    return moved
