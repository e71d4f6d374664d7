"""The options of every command that runs many replications: how many, where, and what is kept."""

from __future__ import annotations

from argparse import ArgumentParser

from bft.cli.options.numbers import number, whole
from bft.experiments.engines import ENGINES
from bft.experiments.intervals import LEVEL
from bft.experiments.sweeps import REPLICATIONS


def add_sampling(command: ArgumentParser, *, replications: str = f"{REPLICATIONS}", witness: str = "0") -> None:
    """Add the options of sampling; the defaults are for reading."""
    command.add_argument("--replications", type=whole, help=f"runs of each cell (default: {replications})")
    command.add_argument("--seed", type=whole, default=0, help="master seed, 0 or more (default: 0)")
    command.add_argument("--level", type=number, default=LEVEL, help=f"level of the intervals (default: {LEVEL})")
    command.add_argument(
        "--engine",
        metavar="NAME",
        default="auto",
        help=f"{', '.join(ENGINES)} (default: auto, the fastest that honours the scenario); same rows",
    )
    command.add_argument(
        "--witness",
        metavar="SHARE",
        type=number,
        help="run this share of what the vectorised engine ran again event by event; a difference is an error "
        f"(default: {witness})",
    )
    stop = command.add_argument_group("instead of --replications")
    stop.add_argument("--precision", metavar="H", type=number, help="until intervals are at most this ± wide")
    stop.add_argument("--relative-precision", metavar="R", type=number, help="the same on a logarithmic scale")
    stop.add_argument("--of", metavar="OUTCOME", help="whose interval: agree, correct, wrong, partial, stalled, split")
    stop.add_argument("--budget", metavar="N", type=whole, help="at most so many replications in all")
    stop.add_argument("--budget-s", metavar="S", type=number, help="begin nothing after so many seconds")
    where = command.add_argument_group("where it runs, and what is kept")
    where.add_argument(
        "--workers", type=whole, help="processes (default: one per processor); the rows do not depend on it"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="a dask.distributed scheduler, such as tcp://10.0.0.1:8786"
    )
    where.add_argument(
        "--cluster", metavar="N", type=whole, help="a dask.distributed cluster of N workers, started here"
    )
    where.add_argument(
        "--store", metavar="FILE", help="keep finished blocks there; the same command then goes on from it"
    )
    where.add_argument("--records", action="store_true", help="keep every replication in the store too")
    command.add_argument("--quiet", action="store_true", help="no progress bar, no messages")
    command.add_argument("--json", action="store_true", help="print the rows as a JSON list")
