"""What a terminal is shown, and how commands end that are interrupted twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from bft.cli import main
from bft.cli.output import printable

SAID = "41\rstate       decided by all\x1b]0;a title\x07 \u202e52 \x9b2J"


@pytest.mark.parametrize("letter", ["\x1b", "\r", "\x07", "\x00", "\x7f", "\x9b", "\u202e", "\u2066", "\ud800"])
def test_control_characters_are_written_out(letter: str) -> None:
    shown = printable(f"a{letter}b")
    assert letter not in shown
    assert shown.startswith("a\\")


def test_ordinary_text_is_left_alone() -> None:
    text = "ä 日本 \N{ZERO WIDTH JOINER} 👩\N{ZERO WIDTH JOINER}🔬\n\ttab\N{NO-BREAK SPACE}"
    assert printable(text) == text


def test_what_a_model_says_does_not_reach_the_terminal_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    models = ",".join([f"fake:always={SAID}"] * 4)
    assert main(["panel", "q", "--models", models]) == 0
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert not set(text) & set("\x1b\r\x07\x9b\u202e")
        assert "\\x1b]0;" in text
    assert main(["panel", "q", "--models", models, "--json", "--quiet"]) == 0
    written = capsys.readouterr().out
    assert not set(written) & set("\x1b\r\x07\x9b")
    assert "\x1b" in json.loads(written)["answer"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_second_ctrl_c_ends_a_command_without_a_traceback() -> None:
    """The first is told; the second comes while the process ends, or has ended it already."""
    words = [sys.executable, "-m", "bft", "serve", "--port", "0", "--models", ",".join(["fake:always=42"] * 4)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "listening on" in process.stderr.readline()
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
