"""What all commands have in common: help, one-line errors, exit codes, Ctrl-C."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bft
from bft.cli import main
from bft.experiments.block_store import BlockStore


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND (see bft --help)"),
        (["fly"], "argument COMMAND: invalid choice: 'fly'"),
        (["run", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["run", "--sed", "3"], "unrecognized arguments: --sed; did you mean --seed? (see bft run --help)"),
        (["run", "--seed", "x"], "argument --seed: 'x': must be a whole number"),
        (["run", "--seed", "-1"], "seed = -1: must be a whole number, 0 or more"),
        (["run", "--replication", "-1"], "replication = -1: must be a whole number, 0 or more"),
        (["run", "nofile.toml"], "nofile.toml: cannot be read: No such file or directory"),
        (["run", "--set", "faults.delta=1.4"], "faults.delta = 1.4: must be between 0 and 1"),
        (["run", "--set", "faults.detla=0.4"], "faults.detla = 0.4: unknown key"),
        (["run", "--set", "n"], "n: cannot be read: No such file or directory"),
        (["run", "a.toml", "--set", "n"], "--set n: must be path=value"),
        (["run", "--set", "n="], "--set n=: must be path=value"),
        (["run", "--set", "n=many"], "n = 'many': must be a whole number"),
        (["run", "--set", "quorum=5"], "quorum = 5: must be between 1 and 4"),
        (["run", "--trace", "/proc/nowhere/run.json"], "trace = '/proc/nowhere/run.json': must be a file that can be"),
        (["sweep", "--over", "n=4", "--over", "n=5"], "--over n: stands there twice"),
        (["sweep", "--over", "n=4,4"], "over.n = 4: stands there twice"),
        (["sweep", "--over", "faults.delta=0:0.5"], "over.faults.delta = '0:0.5': must be start:stop:count"),
        (["sweep", "--replications", "0"], "replications = 0: must be at least 1"),
        (["sweep", "--workers", "0"], "workers = 0: must be at least 1"),
        (["sweep", "--level", "95"], "level = 95.0: must be above 0 and below 1"),
        (["sweep", "--level", "high"], "argument --level: 'high': must be a number"),
        (["sweep", "--out", "/proc/nowhere"], "out = '/proc/nowhere': must be a folder that can be written to"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bft: error: {message}")
    assert said.err.count("\n") == 1


def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text("n = = 4")
    assert main(["run", str(file)]) == 2
    assert "is not TOML" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "sweep", "agreement", "theory", "rare", "export", "bench"])
def test_help_has_examples_that_can_be_read(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert f"  bft {command}" in text[text.index("examples:") :]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"bft {bft.__version__}\n"


IMPATIENT = """
import os, signal, sys
from bft.cli import main
from bft.experiments import sweeps

class Bar:
    def __init__(self, **_): self.done = 0
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def update(self, runs):
        self.done += runs
        if self.done > 980:  # the first cell and a dozen blocks of the second: nobody is still at its first
            for _ in range(3):  # to the whole group, as a terminal does it, and more than once, as people do
                os.killpg(0, signal.SIGINT)

sweeps.tqdm = Bar
sys.exit(main(sys.argv[1:]))
"""


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_leaves_what_was_finished_on_disk_and_says_so(workers: str, tmp_path: Path) -> None:
    words = [
        "sweep",
        "--over",
        "n=1,40",
        "--replications",
        "900",
        "--workers",
        workers,
        "--engine",
        "simpy",
        "--store",
        str(tmp_path / "blocks.sqlite"),
        "--out",
        str(tmp_path),
        "--json",
    ]
    with started("-c", IMPATIENT, *words) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "bft: interrupted: 1 of 2 cells finished; the same command goes on from " in err
    with BlockStore(tmp_path / "blocks.sqlite") as store:
        columns, rows = store.table("blocks")
        stored = [tuple(row[columns.index(name)] for name in ("start", "stop")) for row in rows]
    assert stored[0][0] == 0
    assert sum(stop - start for start, stop in stored) > 900
    assert "Traceback" not in err
    rows = list(csv.DictReader((tmp_path / "estimates.csv").read_text().splitlines()))
    assert [(row["n"], int(row["replications"]) < 900) for row in rows] == [("1", False), ("40", True)]
    assert json.loads((tmp_path / "manifest.json").read_text())["complete"] is False
    assert len(json.loads(out)) == 2


def test_a_reader_that_stops_reading_is_no_error() -> None:
    with started("-m", "bft.cli", "theory") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_importing_bft_loads_nothing_that_is_not_needed() -> None:
    heavy = ("matplotlib", "hypothesis", "langchain", "langchain_core", "pyarrow", "pandas", "scipy.stats", "tqdm")
    code = f"import sys, bft; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_a_panel_that_is_served_loads_nothing_of_sampling_and_graphs() -> None:
    """They take more memory than 200 questions at once."""
    heavy = ("matplotlib", "hypothesis", "pyarrow", "pandas", "networkx", "scipy.stats", "scipy.linalg")
    code = "import sys, bft.cli.parser; from bft.live import Panel; from bft.live.server import Server;"
    code += "answer = Panel(['fake:always=42'] * 4).invoke('?').text;"
    code += f"print(answer, [name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "42 []\n"


def test_rooms_are_loaded_when_they_are_asked_for() -> None:
    assert bft.theory.crash_law.__name__ == "crash_law"
    assert bft.plotting.agreement.__name__ == "agreement"
    assert {"sweep", "plotting", "theory", "Sweep"} <= set(dir(bft))
    with pytest.raises(AttributeError, match="module 'bft' has no attribute 'nothing'"):
        bft.nothing  # noqa: B018
