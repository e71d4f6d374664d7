"""What one protocol alone reports stands in its package; `bft.core.events` holds what several report."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import bft
from bft.core import events

PACKAGE = Path(bft.__file__).parent
PROTOCOLS = sorted(each.parent for each in PACKAGE.glob("protocols/*/protocol.py"))
SHARED = [name for name, each in vars(events).items() if inspect.isclass(each) and each.__module__ == events.__name__]


def who_names(event: str, folders: list[Path]) -> list[str]:
    """The folders with a file that takes this event from `bft.core.events`."""
    named = re.compile(rf"(from bft\.core\.events import [^)]*?|\b(core|events)\.)\b{event}\b")
    return [each.name for each in folders if any(named.search(file.read_text()) for file in each.rglob("*.py"))]


@pytest.mark.parametrize("event", SHARED)
def test_an_event_of_core_is_shared(event: str) -> None:
    rooms_of_no_protocol = [PACKAGE / "record", PACKAGE / "simulation"]
    assert len(who_names(event, PROTOCOLS)) > 1 or who_names(event, rooms_of_no_protocol), event


@pytest.mark.parametrize("package", PROTOCOLS, ids=lambda each: each.name)
def test_a_protocol_has_its_own_events(package: Path) -> None:
    own = package / "events.py"
    assert own.is_file()
    assert not set(re.findall(r"^class (\w+)", own.read_text(), re.MULTILINE)) & set(SHARED)
