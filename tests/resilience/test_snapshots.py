"""Snapshots on disk: whole or not there, quarantined when corrupt, the one before in their place."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bft.checking import operations as ops
from bft.checking.play import play
from bft.checking.setting import Setting
from bft.checking.subjects import pbft
from bft.checking.world import World
from bft.core.account import Account
from bft.core.disk import Disk
from bft.core.encoding import EncodingError
from bft.core.request import Proposal, Request
from bft.errors import ScenarioError
from bft.protocols.pbft import messages
from bft.resilience.snapshots import SnapshotStore

MESSAGES = (
    messages.Checkpoint,
    messages.Commit,
    messages.Decision,
    messages.NewView,
    messages.PrePrepare,
    messages.Prepare,
    messages.PreparedCertificate,
    messages.ViewChange,
    Proposal,
    Request,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_an_account_comes_back_with_its_balances(folder: Path) -> None:
    account = Account()
    store = SnapshotStore(folder, interval=2)
    for number, operation in enumerate(["deposit alice 100", "save", "withdraw alice 30", "deposit bob 1"], start=1):
        account.apply(Proposal(request=Request(client="c", timestamp=number, operation=operation)))
        if store.due(number):
            store.save(number, account.snapshot())
    found = SnapshotStore(folder).load()
    assert found is not None
    assert found.number == 4
    again = Account()
    again.restore(found.value)
    assert again.digest() == account.digest()
    assert (again.balances, again.saved) == ((("alice", 70), ("bob", 1)), (("alice", 100),))


def test_a_replica_restarts_from_the_entries_that_it_had_persisted(folder: Path) -> None:
    world = World(pbft(), Setting())
    for request in range(3):
        play(world, [ops.Ask(request, 0b1111), ops.Settle(8)])
    play(world, [ops.Ask(3, 0b1111), ops.Settle(2)])
    entries = tuple(world.stored[3].items())
    assert {type(value).__name__ for _, value in entries} >= {"PrePrepare", "Prepare", "Decision", "tuple"}
    SnapshotStore(folder, types=MESSAGES).save(1, entries)
    found = SnapshotStore(folder, types=MESSAGES).load()
    assert found is not None
    assert found.value == entries
    play(world, [ops.Crash(3)])
    world.stored[3] = Disk(found.value)
    play(world, [ops.Restart(3), ops.Settle(12)])
    assert world.reach == [4, 4, 4, 4]


def test_an_interval_passes_from_one_snapshot_to_the_next(folder: Path) -> None:
    store = SnapshotStore(folder, interval=3, keep=2)
    saved = []
    for number in range(1, 12):
        if store.due(number):
            store.save(number, number)
            saved.append(number)
    assert saved == [3, 6, 9]
    assert files(folder) == [f"snapshot-{number:020d}" for number in (6, 9)]
    assert not SnapshotStore(folder, interval=3).due(11)
    assert SnapshotStore(folder, interval=3).due(12)


def test_nothing_saved_is_nothing_loaded(folder: Path) -> None:
    store = SnapshotStore(folder)
    assert store.load() is None
    assert store.quarantined == ()


def cut_short(content: bytes) -> bytes:
    return content[:-5]


def emptied(content: bytes) -> bytes:
    return content[:0]


def altered(content: bytes) -> bytes:
    assert content.count(b"200") == 1
    return content.replace(b"200", b"900")


def lengthened(content: bytes) -> bytes:
    return content + b"\n"


def not_text(content: bytes) -> bytes:
    return b"\xff" * len(content)


def of_another_number(content: bytes) -> bytes:
    return content.replace(b"snapshot 1 2 ", b"snapshot 1 3 ")


@pytest.mark.parametrize("damage", [cut_short, emptied, altered, lengthened, not_text, of_another_number])
def test_a_corrupt_snapshot_is_quarantined_and_the_one_before_is_loaded(
    folder: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    store = SnapshotStore(folder)
    store.save(1, ("alice", 100))
    newest = store.save(2, ("alice", 200))
    damaged = damage(newest.read_bytes())
    assert damaged != newest.read_bytes()
    newest.write_bytes(damaged)
    store = SnapshotStore(folder)
    with caplog.at_level(logging.WARNING):
        found = store.load()
    assert found is not None
    assert (found.number, found.value) == (1, ("alice", 100))
    (aside,) = store.quarantined
    assert aside.name == f"{newest.name}.corrupt-1"
    assert aside.read_bytes() == damaged, "nothing is thrown away"
    assert f"quarantined as {aside}" in caplog.messages[-1]
    store.save(2, ("alice", 201))
    again = SnapshotStore(folder).load()
    assert again is not None
    assert again.value == ("alice", 201), "the service goes on"


def test_without_any_sound_snapshot_the_service_starts_afresh(folder: Path) -> None:
    store = SnapshotStore(folder)
    for number in (1, 2):
        store.save(number, number).write_bytes(b"")
    store = SnapshotStore(folder)
    assert store.load() is None
    assert len(store.quarantined) == 2
    store.save(1, "anew")
    assert store.load() is not None


def test_what_was_never_finished_is_not_there(folder: Path) -> None:
    SnapshotStore(folder).save(1, "whole")
    (folder / "snapshot-00000000000000000002.unfinished").write_text("half a sta")
    found = SnapshotStore(folder).load()
    assert found is not None
    assert found.number == 1
    assert files(folder) == ["snapshot-00000000000000000001"]


def test_it_flushes_the_file_before_it_names_it_and_the_folder_after(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    fsync, replace = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        done.append(f"flush {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        done.append(f"rename {path.name}")
        return replace(path, target)

    store = SnapshotStore(folder)
    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    store.save(7, "state")
    unfinished = "snapshot-00000000000000000007.unfinished"
    assert done == [f"flush {unfinished}", f"rename {unfinished}", "flush state"]


def test_a_disk_that_refuses_leaves_the_older_snapshot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SnapshotStore(folder)
    store.save(1, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.save(2, "new")
    assert files(folder) == ["snapshot-00000000000000000001"]
    found = store.load()
    assert found is not None
    assert found.value == "old"
    store.save(2, "new")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"interval": 0}, r"^snapshots\.interval = 0: must be a whole number, 1 or more$"),
        ({"interval": True}, r"^snapshots\.interval = True: must be"),
        ({"interval": 1.5}, r"^snapshots\.interval = 1\.5: must be"),
        ({"keep": 0}, r"^snapshots\.keep = 0: must be a whole number, 1 or more$"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(folder: Path, given: dict[str, int], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        SnapshotStore(folder, **given)
    assert not folder.exists()


def test_a_snapshot_must_be_newer_than_those_before(folder: Path) -> None:
    store = SnapshotStore(folder)
    store.save(5, "state")
    for number in (5, 4, -1):
        with pytest.raises(ScenarioError, match=rf"^snapshots\.number = {number}: must be a whole number, 6 or more$"):
            store.save(number, "state")
    with pytest.raises(ScenarioError, match="must have at most 20 digits"):
        store.save(10**20, "state")


def test_what_could_not_be_loaded_is_not_saved(folder: Path) -> None:
    store = SnapshotStore(folder)
    with pytest.raises(EncodingError, match="float"):
        store.save(1, (1.5,))
    with pytest.raises(EncodingError, match="none of the values that may occur"):
        store.save(1, Request(client="c", timestamp=1, operation="o"))
    assert files(folder) == []


def test_a_folder_that_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "no such" / "folder", tmp_path / "file"):
        with pytest.raises(ScenarioError, match=r"snapshots\.folder = .*: cannot be used"):
            SnapshotStore(path)


def test_a_snapshot_that_cannot_be_read_is_not_passed_over(folder: Path) -> None:
    store = SnapshotStore(folder)
    store.save(1, "old")
    newest = store.save(2, "new")
    newest.unlink()
    newest.mkdir()
    with pytest.raises(ScenarioError, match=r"snapshots\.folder = .*00002': cannot be read"):
        SnapshotStore(folder).load()
