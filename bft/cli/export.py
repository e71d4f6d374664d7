"""`bft export`: the blocks or the single replications of a store as a table."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from bft.cli.output import complain
from bft.errors import SweepError, bad_value
from bft.experiments.block_store import BlockStore
from bft.experiments.export import check_table, write_table


def export_command(arguments: Namespace) -> int:
    """Write the table."""
    target = Path(arguments.file)
    check_table(target)
    if not os.path.isfile(arguments.store):
        raise SweepError(bad_value("store", arguments.store, "is not there"))
    if not os.path.getsize(arguments.store):
        raise SweepError(bad_value("store", arguments.store, "is an empty file and no store of blocks"))
    with BlockStore(arguments.store) as store:
        columns, rows = store.table("records" if arguments.records else "blocks")
    if arguments.records and not rows:
        raise SweepError(bad_value("store", arguments.store, "has no records: they are kept by sweeps with --records"))
    write_table(target, columns, rows)
    if not arguments.quiet:
        complain(f"{len(rows)} rows in {target}")
    return 0
