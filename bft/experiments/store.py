"""What a sweep leaves on disk: estimates.csv, a row for each cell, and manifest.json, how to get it again."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bft
from bft.errors import SweepError
from bft.experiments.intervals import look_level
from bft.experiments.results_version import RESULTS_VERSION
from bft.experiments.tables import csv_text
from bft.experiments.witness import DIFFERENCE

if TYPE_CHECKING:
    from bft.experiments.results import CellResult, Sweep

ESTIMATES = "estimates.csv"
MANIFEST = "manifest.json"
LIBRARIES = ("numpy", "scipy", "simpy", "pydantic")


def output_folder(path: str | Path) -> Path:
    """Return a folder that files can be written to, made where there is none.

    Raises `SweepError` if that is not possible; the message says why.
    """
    folder = Path(path)
    trial = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise SweepError(f"out = {str(path)!r}: must be a folder that can be written to: {error.strerror}") from None
    return folder


def save(folder: Path, rows: Sequence[Mapping[str, Any]], sweeps: Sequence[Sweep], command: str | None = None) -> None:
    """Write estimates.csv and manifest.json.

    Parameters
    ----------
    folder : Path
        An existing folder.
    rows : sequence of mapping
        Rows of the table.
    sweeps : sequence of Sweep
        Where they come from; the first one stands at the top of the manifest, others under "more".
    command : str, optional
        The command that was given.
    """
    (folder / ESTIMATES).write_text(csv_text(rows), encoding="utf-8", newline="")
    text = json.dumps(manifest(sweeps, command), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def manifest(sweeps: Sequence[Sweep], command: str | None = None) -> dict[str, Any]:
    """Return all that is needed to get the same rows again, and whether anything went wrong.

    There is no time in it: the same sweep gives the same file.
    """
    first, *others = [_described(each) for each in sweeps]
    return {
        "command": command,
        "versions": {
            "bft": bft.__version__,
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
        **first,
        **({"more": others} if others else {}),
    }


def _described(sweep: Sweep) -> dict[str, Any]:
    return {
        "scenario": sweep.scenario.to_dict(),
        "over": {path: list(values) for path, values in sweep.over.items()},
        "replications": sweep.replications,
        **_stopping(sweep),
        "seed": sweep.seed,
        "common_random_numbers": sweep.common_random_numbers,
        "interval": {"method": "Clopper-Pearson", "level": sweep.level},
        "results_version": RESULTS_VERSION,
        "engine": sweep.engine,
        "replications_by_engine": _by_engine(sweep.results),
        **_witness(sweep),
        "engines": [{**result.parameters, **_by_engine([result])} for result in sweep.results],
        "cells": sweep.planned,
        "cells_finished": sweep.finished,
        "complete": sweep.complete,
        "breaches": sweep.breaches,
        "failures": [
            {**cell.parameters, "seed": each.seed, "replication": each.replication, "error": each.error}
            for cell, each in sweep.failures
        ],
    }


def _by_engine(results: Sequence[CellResult]) -> dict[str, int]:
    """Return how many replications each engine ran."""
    vectorised = sum(result.tally.vectorised for result in results)
    return {"vectorised": vectorised, "simpy": sum(result.runs for result in results) - vectorised}


def _witness(sweep: Sweep) -> dict[str, Any]:
    """Return how many replications the event engine ran again, if any were asked for."""
    if sweep.witness is None:
        return {}
    differing = [each for _, each in sweep.failures if each.error.startswith(DIFFERENCE)]
    return {"witness": {"share": sweep.witness, "equal": sweep.witnessed, "different": len(differing)}}


def _stopping(sweep: Sweep) -> dict[str, Any]:
    """Return when a sweep was to stop, if not after a fixed number of replications."""
    if sweep.precision is None or sweep.budget is None:
        return {}
    looks = max((result.looks for result in sweep.results), default=1)
    return {
        "precision": {name: value for name, value in asdict(sweep.precision).items() if value is not None},
        "budget": {name: value for name, value in asdict(sweep.budget).items() if value is not None},
        "looks": {"at_most": looks, "level_of_each": look_level(sweep.level, looks)},
    }
