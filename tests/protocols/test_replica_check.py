"""A replica that does not do what its host needs is refused in one sentence, as early as that can be known."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.core.effects import Broadcast, Send, SetTimer
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, VerdictReady
from bft.errors import ScenarioError
from bft.protocols.protocol import MessageKind, Protocol, Role
from tests.protocols import echo_protocol
from tests.protocols.echo_protocol import ECHO, EchoReplica


@dataclass
class Mutable:
    seq: int


@dataclass(frozen=True)
class Listed:
    seqs: list[int]


def answering(effects: Any, on: type = ClientRequest) -> Protocol:
    """Return the protocol with a replica that returns something else on one kind of input."""

    class Wrong(EchoReplica):
        def step(self, now: float, event: Any) -> Any:
            return effects if isinstance(event, on) else super().step(now, event)

    return replace(ECHO, name="wrong-echo", replica=Wrong)


def raising(*_: Any) -> Any:
    raise KeyError("leader")


class Slow(EchoReplica):
    def step(self, now: float, event: Any) -> Any:
        return 1 // 0


class OneArgument(EchoReplica):
    def step(self, event: Any) -> Any:  # type: ignore[override]
        return []


WRONG: list[tuple[Protocol, str]] = [
    (answering(None), "protocol wrong-echo: step returned None on ClientRequest: must be a list of effects and events"),
    (answering("echo"), "step returned 'echo' on ClientRequest: must be a list of effects and events"),
    (answering(["echo"]), "step returned 'echo' on ClientRequest: is no effect, and no event"),
    (
        answering([Mutable(1)]),
        "Mutable(seq=1)' on ClientRequest: is no effect, and no event: those are dataclasses with",
    ),
    (answering([EchoReplica]), "is no effect, and no event"),
    (answering([Broadcast(Mutable(1))]), "Mutable(seq=1)' on ClientRequest: cannot be sent: messages are hashable"),
    (
        answering([Broadcast(Listed([1]))]),
        "cannot be sent: messages are hashable, with frozen=True and tuples for lists",
    ),
    (answering([1], on=ProposalReady), "step returned 1 on ProposalReady: is no effect, and no event"),
    (answering([Send(9, "x")]), "step returned 9 on ClientRequest: is nobody to send to: nodes are 0 to 3"),
    (
        answering([SetTimer("t", -1.0)]),
        "step returned -1.0 on ClientRequest: is no delay of a timer: 0 seconds or more",
    ),
    (
        replace(ECHO, name="raw-echo", replica=raising),
        "protocol raw-echo: its replica cannot be made: KeyError: 'leader'",
    ),
    (
        replace(ECHO, name="raw-echo", replica=Slow),
        "protocol raw-echo: node 0 raised ZeroDivisionError on ClientRequest",
    ),
    (replace(ECHO, name="raw-echo", replica=lambda *_: 3), "must be an object with a method step(now, event)"),
    (replace(ECHO, name="raw-echo", replica=OneArgument), "must be an object with a method step(now, event)"),
]


@pytest.mark.parametrize(("protocol", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_replica_is_refused_when_the_scenario_is_made(protocol: Protocol, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(protocol=protocol)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", [Deliver, VerdictReady])
def test_what_is_wrong_later_is_refused_where_it_is_returned(kind: type) -> None:
    scenario = bft.Scenario(protocol=answering([object()], on=kind))
    with pytest.raises(ScenarioError, match=rf"on {kind.__name__}: is no effect, and no event"):
        bft.simulate(scenario)


def test_a_replica_given_beside_a_protocol_is_looked_at_too() -> None:
    class Silent:
        def step(self, now: float, event: Any) -> Any:
            return None

    makers: list[Callable[..., Any]] = [lambda *_: Silent(), lambda *_: 3]
    for make in makers:
        with pytest.raises(ScenarioError, match="protocol pbft: "):
            bft.simulate(bft.Scenario(), make_replica=make)


def test_a_replica_that_raises_is_named_with_its_node_and_no_traceback_reaches_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = Path(echo_protocol.__file__).read_text()
    (tmp_path / "broken_echo.py").write_text(source.replace("seq not in self.decided and", "seq > self.nothing and"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--set", "protocol=broken_echo:ECHO"]) == 2
    told = capsys.readouterr().err
    assert "protocol echo: node 0 raised AttributeError on ProposalReady: 'EchoReplica' object has no attribute" in told
    (tmp_path / "ending_echo.py").write_text("raise SystemExit(0)")
    assert main(["run", "--set", "protocol=ending_echo:ECHO"]) == 2
    assert "module ending_echo cannot be imported: SystemExit" in capsys.readouterr().err


def test_a_protocol_that_stands_in_the_folder_of_the_command_is_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "beside_echo.py").write_text(Path(echo_protocol.__file__).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    over = ["--over", "protocol=pbft,beside_echo:ECHO", "--replications", "20", "--workers", "2"]
    assert main(["sweep", *over, "--quiet"]) == 0
    assert "echo" in capsys.readouterr().out
    assert main(["check", "--protocol", "beside_echo:ECHO", "--schedules", "40", "--workers", "2", "--quiet"]) == 0


@pytest.mark.parametrize("part", ["replica", "configure", "end_s"])
def test_a_protocol_that_lacks_a_part_says_which(part: str) -> None:
    parts: dict[str, Any] = {"replica": EchoReplica, "configure": ECHO.configure, "end_s": ECHO.end_s}
    del parts[part]
    with pytest.raises(ScenarioError, match=rf"^protocol half: {part}: is needed and was not given$"):
        Protocol(name="half", **parts)
    with pytest.raises(ScenarioError, match=r"^protocol.name = '': must be a name of small letters"):
        Protocol()


def test_a_configuration_that_cannot_be_made_is_the_protocols_own_sentence() -> None:
    with pytest.raises(ScenarioError, match=r"^echo.leader = 7: must be below n = 4$"):
        bft.Scenario(protocol=ECHO, echo={"leader": 7})


def test_messages_that_are_not_listed_are_sent_all_the_same() -> None:
    unlisted = replace(ECHO, name="plain-echo", messages=(MessageKind(EchoReplica, Role.REPAIR),))
    assert bft.simulate(bft.Scenario(protocol=unlisted)).outcome.agreed
