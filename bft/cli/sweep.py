"""`bft sweep`, and how any sweep of the command line is run, saved and reported."""

from __future__ import annotations

import json
import shlex
import signal
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bft.cli.output import complain, tell
from bft.cli.scenario_words import axes_of, scenario_of
from bft.errors import SweepError, bad_value
from bft.experiments.law_coverage import laws_about
from bft.experiments.results import Sweep
from bft.experiments.sequential import Precision
from bft.experiments.store import output_folder, save
from bft.experiments.sweeps import Plan, SweepInterrupted, SweepStoppedError, plan

FAILED, INTERRUPTED = 1, 130


def sweep_command(arguments: Namespace) -> int:
    """Sweep, print the rows, write files."""
    planned = plan(
        scenario_of(arguments.scenario, arguments.settings),
        axes_of(arguments.over),
        common_random_numbers=arguments.common_random_numbers,
        **sampling(arguments),
    )
    folder = None if arguments.out is None else output_folder(arguments.out)
    sweeps, code = run_plans([planned])
    rows = sweeps[0].rows
    report(arguments, sweeps, rows, folder, text=sweeps[0].to_text())
    if folder is not None and code == 0:
        _figures(sweeps[0], folder, source_documents=arguments.source_documents)
        write_page(sweeps, folder, arguments)
    return code or trouble(sweeps)


def sampling(arguments: Namespace) -> dict[str, Any]:
    """Return the options that all sweeps share."""
    return {
        "replications": arguments.replications,
        "seed": arguments.seed,
        "workers": arguments.workers,
        "level": arguments.level,
        "progress": not arguments.quiet,
        "engine": arguments.engine,
        "precision": _precision(arguments),
        "budget": arguments.budget,
        "budget_s": arguments.budget_s,
        "store": arguments.store,
        "records": arguments.records,
        "scheduler": arguments.scheduler,
        "cluster": arguments.cluster,
        "witness": arguments.witness or None,
    }


def _precision(arguments: Namespace) -> Precision | None:
    """Return when a sweep stops, if not after a fixed number of replications."""
    if arguments.precision is None and arguments.relative_precision is None:
        if arguments.of is not None:
            raise SweepError(bad_value("of", arguments.of, "needs --precision or --relative-precision"))
        return None
    return Precision.within(
        absolute=arguments.precision,
        relative=arguments.relative_precision,
        of=arguments.of or "agree",
        budget=arguments.budget,
    )


def run_plans(plans: Sequence[Plan]) -> tuple[list[Sweep], int]:
    """Run plans one after the other; return what was finished, and the exit code if that is not all."""
    sweeps: list[Sweep] = []
    for planned in plans:
        try:
            sweeps.append(planned.run())
        except (SweepInterrupted, SweepStoppedError) as stop:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # what was finished will be written, then this process ends
            sweeps.append(stop.sweep)
            cells, finished = sum(len(each.cells) for each in plans), sum(each.finished for each in sweeps)
            why = "interrupted" if isinstance(stop, KeyboardInterrupt) else f"error: {stop}"
            again = "" if planned.store is None else f"; the same command goes on from {planned.store}"
            complain(f"{why}: {finished} of {cells} cells finished{again}")
            return sweeps, INTERRUPTED if isinstance(stop, KeyboardInterrupt) else FAILED
    return sweeps, 0


def report(
    arguments: Namespace,
    sweeps: Sequence[Sweep],
    rows: Sequence[Mapping[str, Any]],
    folder: Path | None,
    *,
    text: str,
) -> None:
    """Write the table and the manifest, print the rows, and say on stderr what was written and what went wrong."""
    if folder is not None:
        save(folder, rows, sweeps, shlex.join(["bft", *arguments.words]))
        if not arguments.quiet:
            complain(f"{len(rows)} cells in {folder}: estimates.csv, manifest.json")
    again = sum(each.witnessed for each in sweeps)
    if again and not arguments.quiet:
        complain(f"{again} replications of the vectorised engine were run again event by event, and ended alike")
    tell(json.dumps(rows, indent=1, allow_nan=False) if arguments.json else text)
    lawless = dict.fromkeys(
        result.cell.scenario.protocol.name
        for each in sweeps
        for result in each.results
        if laws_about(result.cell.scenario.protocol) is None
    )
    if lawless and not arguments.quiet:
        complain(f"no exact law is known of {', '.join(lawless)}: the rows have estimates alone")
    for each in sweeps:
        for cell, failure in each.failures[:1]:
            where = ", ".join(f"{path} = {value}" for path, value in cell.parameters.items())
            complain(
                f"{len(each.failures)} of the replications failed; the first: {where or 'the only cell'}, "
                f"seed {failure.seed}, replication {failure.replication}: {failure.error}"
            )
        wide = sum(not result.done for result in each.results) + each.planned - len(each.results)
        if each.precision is not None and wide and not arguments.quiet:
            complain(f"{wide} of {each.planned} cells are not yet narrow enough")
        if each.breaches:
            complain(f"{each.breaches} replications broke an invariant that the protocol guarantees")


def write_page(sweeps: Sequence[Sweep], folder: Path, arguments: Namespace) -> None:
    """Write the sweeps as one page that needs nothing beside itself."""
    from bft.exporting.sweep_report import sweep_report  # matplotlib takes long to load

    text = sweep_report(sweeps, command=shlex.join(["bft", *arguments.words]))
    (folder / "report.html").write_text(text, encoding="utf-8")


def trouble(sweeps: Sequence[Sweep]) -> int:
    """Return 1 if a replication failed or broke an invariant that the protocol guarantees, else 0."""
    return FAILED if any(each.failures or each.breaches for each in sweeps) else 0


def _figures(sweep: Sweep, folder: Path, *, source_documents: bool) -> None:
    """Draw P(agreement), and all outcomes where only one field has several values."""
    from bft.plotting import agreement, bands, save  # matplotlib takes long to load

    save(agreement(sweep, source_documents=source_documents), folder, "agreement")
    if sum(len(values) > 1 for values in sweep.over.values()) == 1:
        save(bands(sweep), folder, "outcomes")
