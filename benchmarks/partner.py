"""Two checkouts in turns: each works in a process of its own, and the two take turns at the same work.

For benchmarks beside this file; what a turn is, and what it says, is left to them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent


class Checkout:
    """A process that runs a program with the code of one checkout, and answers each line of JSON with another.

    Parameters
    ----------
    folder : Path
        The checkout, the first of the program's arguments.
    program : str
        What it runs.
    arguments : str
        The program's other arguments.
    """

    def __init__(self, folder: Path, program: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder), *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, asked: object) -> Any:
        """Run one turn."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of one checkout ended with exit code {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def in_turns(
    partner: Path, program: str, *arguments: str, turns: int, ask: Callable[[int], object]
) -> tuple[list[Any], list[Any]]:
    """Return what this checkout and its partner answered, turn by turn.

    Both work in new processes. The first turn warms up and does not count; who goes first changes with every turn, so
    that other work on the machine meets both.
    """
    here, there = Checkout(HERE, program, *arguments), Checkout(partner, program, *arguments)
    ours: list[Any] = []
    theirs: list[Any] = []
    for turn in range(turns + 1):
        order = ((here, ours), (there, theirs))
        for checkout, done in order if turn % 2 else order[::-1]:
            done.append(checkout.run(ask(turn)))
    here.close()
    there.close()
    return ours[1:], theirs[1:]
