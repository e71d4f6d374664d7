"""`bft bench`: how fast this machine runs it, measured part by part and printed as one table.

Rates are per second of processor time, so that other work on the machine disturbs them little; only the scaling by
workers is by the clock, and says how busy the machine was. Every part that reports memory is measured in a process of
its own.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from time import monotonic, process_time

import numpy as np

import bft
from bft.cli.output import complain, tell
from bft.experiments.executors import processors
from bft.experiments.laws import law_of
from bft.experiments.tables import align
from bft.vectorised import VectorisedSimulator

SIZES = (4, 7, 13, 31, 64, 128, 256)
QUICK_SIZES = (4, 13, 31)
LAW_SIZES = (4, 31, 100, 1000)
DELTAS = 101
DELIVERIES, QUICK_DELIVERIES = 200_000, 20_000
ELEMENTS, QUICK_ELEMENTS = 1 << 24, 1 << 21  # uniforms drawn by the vectorised engine
REPEATS = 3
SCALING_REPEATS = 2
Work = Callable[[int], None]
BOUND_S = 300.0  # for one part
WORKERS_MESSAGES, QUICK_WORKERS_MESSAGES = 12_000_000, 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure."""

    part: str
    """What was measured."""
    n: int
    """Number of nodes."""
    value: float
    """The figure."""
    unit: str
    """Its unit."""


def bench_command(arguments: Namespace) -> int:
    """Measure, tell how far it is on stderr, print the table."""
    figures = []
    for figure in measured(quick=arguments.quick):
        figures.append(figure)
        if not arguments.quiet:
            complain(f"{figure.part}, n = {figure.n}: {_shown(figure.value)} {figure.unit}")
    machine = {
        "bft": bft.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": platform.machine(),
        "processors": processors(),
        "load": _load(),
    }
    if arguments.json:
        tell(json.dumps({**machine, "figures": [asdict(figure) for figure in figures]}, indent=1))
    else:
        load = "" if machine["load"] is None else f", load {machine['load']:.1f}"
        head = f"bft {bft.__version__}, {machine['python']}, {machine['machine']}, {machine['processors']} processors"
        tell(f"{head}{load}\n\n{readable(figures)}")
    return 0


def measured(*, quick: bool) -> Iterator[Figure]:
    """Yield all figures."""
    sizes = QUICK_SIZES if quick else SIZES
    for n in sizes:
        yield from _apart("simpy", n, QUICK_DELIVERIES if quick else DELIVERIES)
    for n in sizes:
        yield from _apart("vectorised", n, QUICK_ELEMENTS if quick else ELEMENTS)
    for n in LAW_SIZES:
        yield laws(n)
    yield from scaling(QUICK_WORKERS_MESSAGES if quick else WORKERS_MESSAGES)


def simpy(n: int, deliveries: int) -> list[Figure]:
    """Measure runs of one decision of the event engine, set-up of the run and monitors included.

    Deliveries are counted where nobody is faulty, replications in the scenario of the vectorised engine.
    """
    each = 2 * n * (n - 1)
    runs = max(1, deliveries // each)
    simulator = bft.Simulator(bft.Scenario(n=n), seed=1)
    simulator.run(0)

    def deliver(first: int) -> None:
        for replication in range(first, first + runs):
            assert simulator.run(replication).metrics.messages_delivered == each

    delivered_s = _best(deliver, runs)
    sampled = bft.Simulator(_sampled(n), seed=1)

    def sample(first: int) -> None:
        for replication in range(first, first + runs):
            sampled.run(replication)

    return [
        Figure(part="simpy, messages", n=n, value=runs * each / delivered_s, unit="deliveries / CPU-s"),
        Figure(part="simpy", n=n, value=runs / _best(sample, runs), unit="replications / CPU-s"),
        Figure(part="simpy, memory", n=n, value=_peak_mb(), unit="MB"),
    ]


def vectorised(n: int, elements: int) -> list[Figure]:
    """Measure the vectorised engine on the same scenario, with times of decisions and without."""
    figures = []
    for part, timing in (("vectorised, times", True), ("vectorised, outcomes", False)):
        simulator = VectorisedSimulator(_sampled(n), 1, timing=timing)
        runs = max(16, elements // (4 * n * n if timing else n))

        def work(first: int, runs: int = runs, simulator: VectorisedSimulator = simulator) -> None:
            simulator.run(range(first, first + runs))

        took_s = _best(work, runs)
        figures.append(Figure(part=part, n=n, value=runs / took_s, unit="replications / CPU-s"))
    return [*figures, Figure(part="vectorised, memory", n=n, value=_peak_mb(), unit="MB")]


def _sampled(n: int) -> bft.Scenario:
    """Return what both engines take replications of."""
    return bft.Scenario(n=n, faults={"delta": 0.1})


def laws(n: int) -> Figure:
    """Measure the exact laws of four behaviours along δ."""
    deltas = np.linspace(0.0, 0.5, DELTAS)
    scenarios = [
        bft.Scenario(n=n, faults={"delta": 0.1, "behaviour": behaviour})
        for behaviour in ("crash", "silent_primary", "equivocate", "lie")
    ]

    def work(_: int) -> None:
        for scenario in scenarios:
            assert law_of(scenario, deltas) is not None

    return Figure(part=f"4 exact laws at {DELTAS} δ", n=n, value=_best(work, 0), unit="CPU-s")


def scaling(messages: int) -> list[Figure]:
    """Measure the same sweep of the event engine with one worker and with two, in turn.

    By the clock, start of the workers included; and by processor time, which other work on the machine leaves alone:
    what two workers do beside the work itself.
    """
    n, cells = 13, 8
    clock_s: dict[int, list[float]] = {1: [], 2: []}
    processor_s: dict[int, list[float]] = {1: [], 2: []}
    rows = set()
    for _ in range(SCALING_REPEATS):
        for workers in clock_s:
            started_s, used_s = monotonic(), _processor_s()
            found = bft.sweep(
                bft.Scenario(n=n),
                {"faults.delta": f"0:0.2:{cells}"},
                replications=messages // (2 * n * n * cells),
                workers=workers,
                engine="simpy",
                progress=False,
            )
            clock_s[workers].append(monotonic() - started_s)
            processor_s[workers].append(_processor_s() - used_s)
            rows.add(repr(found.rows))
    assert len(rows) == 1, "rows depend on the number of workers"
    return [
        Figure(part="sweep, 1 worker", n=n, value=min(clock_s[1]), unit="s"),
        Figure(part="sweep, 2 workers", n=n, value=min(clock_s[2]), unit="s"),
        Figure(part="sweep, 2 workers against 1", n=n, value=min(clock_s[1]) / min(clock_s[2]), unit="times as fast"),
        Figure(
            part="the same on two idle processors",
            n=n,
            value=2 * min(processor_s[1]) / min(processor_s[2]),
            unit="times as fast, by CPU-s",
        ),
    ]


def readable(figures: list[Figure]) -> str:
    """Return a line for each part and a column for each n."""
    sizes = sorted({figure.n for figure in figures})
    found = {(figure.part, figure.n): _shown(figure.value) for figure in figures}
    units = dict.fromkeys((figure.part, figure.unit) for figure in figures)
    header = ["", "", *(f"n = {n}" for n in sizes)]
    return align([header, *([part, unit, *(found.get((part, n), "") for n in sizes)] for part, unit in units)])


def _apart(part: str, n: int, work: int) -> list[Figure]:
    """Measure a part in a process of its own, so that its memory is its own."""
    program = (
        "import json; from dataclasses import asdict; from bft.cli import bench; "
        f"print(json.dumps([asdict(each) for each in bench.{part}({n}, {work})]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=BOUND_S)
    return [Figure(**each) for each in json.loads(done.stdout)]


def _best(work: Work, step: int) -> float:
    """Return the least processor time of several repeats, each on replications of its own."""
    taken_s = []
    for repeat in range(REPEATS):
        started_s = process_time()
        work(1 + repeat * step)
        taken_s.append(process_time() - started_s)
    return max(min(taken_s), 1e-9)


def _processor_s() -> float:
    """Return the processor time of this process and of those it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_mb() -> float:
    """Return the most memory that this process ever had."""
    import resource  # not on every platform

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
