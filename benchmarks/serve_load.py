"""How many answers `bft serve` gives under load, beside another checkout of it.

Many clients ask at once, each on a connection that it keeps, and each asks again when it has been answered. The panel
is four members that answer at once (three say 42 and judge, one says 41 and accepts everything) under pbft, so what is
measured is the service, the protocol and the signatures. Every answer is checked.

Give another checkout's folder, the partner (for instance one made with `git worktree add`), and the two take turns,
each in a process of its own, so that other work on the machine meets both. Per turn it prints answers a second, the
median and 99th percentile of the time to an answer, the service's CPU time per answer (without that of its start; other
work on the machine changes it less than times by the clock) and its greatest memory. With `--most-mb`, more memory than
that ends it with exit code 1, as do a wrong answer and one that never comes.

    python benchmarks/serve_load.py
    python benchmarks/serve_load.py ../partner --turns 3
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

HERE = Path(__file__).resolve().parent.parent
MEMBERS = "fake:always=42,fake:always=42,fake:always=42,fake:yes=41"
QUESTION = json.dumps(
    {"model": "panel", "messages": [{"role": "user", "content": "What is six times seven?"}]}
).encode()
LONGEST_S = 120.0
"""A client gives up on an answer after so long."""
ONE_ANSWER_S = 0.001
MB = 2**20 if sys.platform == "darwin" else 2**10
"""Units of `ru_maxrss` in a megabyte."""


class Turn(NamedTuple):
    """What one turn measured."""

    answers: int
    wrong: int
    took_s: float
    latencies_s: list[float]
    cpu_s: float
    memory_mb: float

    def row(self, name: str) -> str:
        """Return the turn as a line of the table."""
        at = sorted(self.latencies_s)
        p99_s = at[min(len(at) - 1, int(0.99 * len(at)))]
        return (
            f"{name:<8} {self.answers / self.took_s:>10.1f} {median(at):>9.2f} {p99_s:>9.2f}"
            f" {1000 * self.cpu_s / self.answers:>14.2f} {self.memory_mb:>8.0f} {self.wrong:>6}"
        )


class Served:
    """`bft serve` of one checkout, in a process of its own."""

    def __init__(self, folder: Path, most_questions: int) -> None:
        words = ["serve", "--models", MEMBERS, "--rule", "pbft", "--port", "0"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bft", *words, "--max-questions", str(most_questions)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        told = self._process.stderr.readline()
        if "http://" not in told:
            raise SystemExit(f"{folder}: bft serve does not begin: {told}{self._process.stderr.read()}")
        self.port = int(told.split("/v1")[0].rpartition(":")[2])
        self._began_s = 0.0

    def begin(self) -> None:
        """Let one answer load what answers need; CPU time counts from here."""
        asyncio.run(ask(self.port, 1, ONE_ANSWER_S))
        used = psutil.Process(self._process.pid).cpu_times()
        self._began_s = used.user + used.system

    def end(self) -> tuple[float, float]:
        """End it, and return the CPU seconds that it took since it began and its greatest memory in MB."""
        self._process.send_signal(signal.SIGTERM)
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime - self._began_s, used.ru_maxrss / MB


async def client(port: int, until_s: float, latencies_s: list[float]) -> int:
    """Ask again and again on one connection; return how many answers were wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    asked = f"{head}Content-Length: {len(QUESTION)}\r\n\r\n".encode() + QUESTION
    wrong = 0
    while time.monotonic() < until_s:
        began_s = time.monotonic()
        writer.write(asked)
        lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LONGEST_S)).decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        said = json.loads(await reader.readexactly(length))
        latencies_s.append(time.monotonic() - began_s)
        wrong += not (" 200 " in lines[0] and said["choices"][0]["message"]["content"] == "42")
    writer.close()
    return wrong


async def ask(port: int, clients: int, seconds: float) -> tuple[list[float], int, float]:
    """Let all clients ask; return the times to answers, how many were wrong, and how long it took."""
    latencies_s: list[float] = []
    began_s = time.monotonic()
    wrong = await asyncio.gather(*(client(port, began_s + seconds, latencies_s) for _ in range(clients)))
    return latencies_s, sum(wrong), time.monotonic() - began_s


def turn(folder: Path, arguments: argparse.Namespace) -> Turn:
    """Serve and ask once."""
    served = Served(folder, arguments.max_questions)
    try:
        served.begin()
        latencies_s, wrong, took_s = asyncio.run(ask(served.port, arguments.clients, arguments.seconds))
    finally:
        cpu_s, memory_mb = served.end()
    return Turn(len(latencies_s), wrong, took_s, latencies_s, cpu_s, memory_mb)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Load on `bft serve`.")
    parser.add_argument("partner", type=Path, nargs="?", help="folder of another checkout")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--max-questions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--most-mb", type=float, default=float("inf"))
    arguments = parser.parse_args()
    folders = {"here": HERE} | ({"partner": arguments.partner.resolve()} if arguments.partner else {})
    done: dict[str, list[Turn]] = {name: [] for name in folders}
    print("checkout  answers/s  median s     p99 s  CPU ms/answer       MB  wrong")
    for number in range(arguments.turns):
        for name, folder in list(folders.items())[:: 1 if number % 2 == 0 else -1]:
            done[name].append(turn(folder, arguments))
            print(done[name][-1].row(name), flush=True)
    if arguments.partner:
        per_answer = {name: median(each.cpu_s / each.answers for each in turns) for name, turns in done.items()}
        print(f"\nCPU time per answer, here to partner: {per_answer['here'] / per_answer['partner']:.2f}")
    here = done["here"]
    if any(each.wrong for each in here) or max(each.memory_mb for each in here) > arguments.most_mb:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
