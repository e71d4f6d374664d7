"""Every command that reads a file, given files that hold something else: one line, exit 2, and the files as before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bft.cli import main

DEEP = "[" * 100_000
LONG = "1" * 5000
TABLE = "question_id,gold,model,answer\nq1,A,a,A\nq1,A,b,A\nq2,B,a,B\nq2,B,b,A\n"
MADE: dict[str, bytes | None] = {
    "missing": None,
    "x" * 300: None,
    "empty.csv": b"",
    "text.csv": b"hello, world\n",
    "table.csv": TABLE.encode(),
    "bytes.csv": bytes(range(256)),
    "deep.json": DEEP.encode(),
    "deep.jsonl": f'{{"version": 1, "record": {DEEP}\n'.encode(),
    "deep.toml": f"members = {DEEP}\n".encode(),
    "long.json": f'[{{"version": 1, "n": {LONG}}}]'.encode(),
    "long.jsonl": f'{{"version": 1, "record": "call", "node": {LONG}}}\n'.encode(),
    "long.toml": f"n = {LONG}\n".encode(),
    "folder": None,
    "table.csv/below": None,
}
PAIR = ["--models", "fake:always=1,fake:always=1"]
READERS: dict[str, Callable[[str], list[str]]] = {
    "run": lambda file: ["run", file],
    "sweep": lambda file: ["sweep", file, "--quiet"],
    "rare": lambda file: ["rare", file, "--event", "agree"],
    "recorded": lambda file: [
        "run",
        "--set",
        "validators=recorded",
        f"validators.file={file}",
        'validators.models=["c"]',
    ],
    "replayed": lambda file: ["run", "--set", "validators=replayed", f"validators.file={file}"],
    "numbers": lambda file: ["run", "--set", "validators=statistical", f"validators.file={file}"],
    "graph": lambda file: ["run", "--set", "network.topology.kind=graphml", f"network.topology.file={file}"],
    "regions": lambda file: ["run", "--set", f"network.regions.table={file}", 'network.regions.nodes=["a"]'],
    "fit": lambda file: ["validators", "fit", file, "--models", "a,c"],
    "describe": lambda file: ["validators", "describe", file, "--models", "a,c"],
    "forecast": lambda file: ["validators", "forecast", file, "--models", "a,c"],
    "design": lambda file: ["design", "--answers", file, "--models", "a,c"],
    "design by a fit": lambda file: ["design", "--fit", file, "--max-wrong", ".1"],
    "prices": lambda file: ["design", "--answers", "table.csv", "--prices", file, "--max-wrong", ".1"],
    "import": lambda file: ["answers", "import", file, "--model", "c", "d", "--out", "out.csv"],
    "agreement": lambda file: ["agreement", "--answers", file, "--models", "a,c"],
    "replay": lambda file: ["replay", file],
    "export": lambda file: ["export", file, "out.csv"],
    "counterexample": lambda file: ["check", "--replay", file],
    "traces": lambda file: ["check", "--protocol", "tendermint", "--traces", file],
    "panel": lambda file: ["panel", "?", "--panel", file],
    "keys": lambda file: ["panel", "?", *PAIR, "--keys", file],
    "record": lambda file: ["panel", "?", *PAIR, "--record", file],
    "survey": lambda file: ["survey", file, *PAIR, "--record", "out.jsonl"],
    "serve": lambda file: ["serve", "--panel", file],
    "mcp": lambda file: ["mcp", "--panel", file],
}
TAKES = {
    ("run", "empty.csv"),  # a scenario of defaults
    ("sweep", "empty.csv"),
    ("rare", "empty.csv"),
    ("keys", "missing"),  # made
    ("record", "missing"),
    ("record", "empty.csv"),
    ("record", "deep.jsonl"),  # begins as a record does; who reads it is told
    ("record", "long.jsonl"),
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in MADE.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_another_kind_is_one_line_and_stays_as_it_was(
    reader: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in MADE:
        if (reader, name) in TAKES:
            continue
        assert main(READERS[reader](name)) == 2, name
        told = capsys.readouterr()
        assert told.out == "", name
        assert told.err.startswith("bft: error: "), (name, told.err)
        assert told.err.count("\n") == 1, (name, told.err)
        assert len(told.err) < 1000, (name, told.err)
        assert "Errno" not in told.err, (name, told.err)
    for name, content in MADE.items():
        if content is not None:
            assert (files / name).read_bytes() == content, name
    assert not [name for name in os.listdir(files) if name.startswith("out.") and os.path.getsize(name)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model,cost\na,1\n", "must have the columns model, and price, latency_s or both"),
        ("model,price,cost\na,1,1\n", "must have the columns model, and price, latency_s or both"),
        ("model,price\na,1\na,2\n", "model = 'a': stands there twice"),
        ("model,price\na,1,2\n", "row 1: has 3 fields; must have 2, as the header"),
        (f"model,price\na,{LONG}\n", ": must be a number of at least 0"),
    ],
)
def test_prices_that_would_be_overlooked_are_refused(
    text: str, sentence: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "prices.csv").write_text(text)
    assert main(["design", "--answers", "table.csv", "--prices", "prices.csv", "--max-wrong", ".1"]) == 2
    assert sentence in capsys.readouterr().err


needs_full_disk = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device of a full disk")
FULL = "cannot be read or written: No space left on device\n"


@needs_full_disk
@pytest.mark.parametrize("words", [["--trace", "/dev/full"], ["--export", "html=/dev/full", "shiviz=/dev/full"]])
def test_a_full_disk_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *words]) == 1
    assert capsys.readouterr().err == f"bft: error: {FULL}"


@needs_full_disk
def test_output_that_cannot_be_written_is_one_line_too() -> None:
    command = [sys.executable, "-m", "bft", "theory", "--n", "4"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr.decode()) == (1, f"bft: error: {FULL}")


@pytest.mark.usefixtures("files")
def test_a_table_with_a_name_that_is_too_long_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["answers", "import", "table.csv", "--out", f"{'x' * 300}.csv"]) == 2
    assert "cannot be written: File name too long" in capsys.readouterr().err
