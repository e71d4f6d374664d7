"""`bft check` as a process: progress on stderr, Ctrl-C, and the two ways to start it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from bft.cli import main


def started(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_prints_the_table_of_what_was_done(workers: str) -> None:
    words = ("check", "--seconds", "50", "--n", "4", "--workers", workers, "--json")
    with started("bft", *words) as process:
        assert process.stderr is not None
        told = process.stderr.readline()  # the first line of progress: work is under way
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=40)
    assert "schedules in" in told
    assert "no alarm" in told
    assert process.returncode == 130
    assert "Traceback" not in err
    done = json.loads(out)
    assert done["interrupted"] is True
    assert done["schedules"] > 0
    assert done["breaches"] == 0


def test_python_m_bft_does_what_bft_does() -> None:
    with started("bft", "theory", "--n", "4", "--delta", "0.1") as process:
        out, err = process.communicate(timeout=40)
    assert process.returncode == 0, err
    with started("bft.cli", "theory", "--n", "4", "--delta", "0.1") as process:
        assert process.communicate(timeout=40)[0] == out


def test_a_mutant_named_in_the_help_exists() -> None:
    with started("bft", "check", "--mutant", "commit quorum f+1", "--n", "4", "--workers", "1", "--quiet") as process:
        out, err = process.communicate(timeout=40)
    assert process.returncode == 1, err
    assert "C5 broken" in out


@pytest.mark.parametrize(
    "protocol", ["ballot", "ballot-plurality", "ballot-stake", "ballot-confidence", "ballot-judge"]
)
def test_every_protocol_named_in_the_help_can_be_examined(protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "--protocol", protocol, "--schedules", "40", "--n", "4,5", "--workers", "1", "--quiet"]
    assert main(words) == 0
    assert "40 schedules" in capsys.readouterr().out
    assert main(["check", "--protocol", f"{protocol}s", "--schedules", "1"]) == 2
    said = capsys.readouterr().err
    assert f"protocol = '{protocol}s': must be one of pbft, " in said
    assert protocol in said.partition("must be one of")[2].replace(",", "").split()
