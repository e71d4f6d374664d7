"""`bft validators`: fit a panel's numbers to recorded answers, list the presets, describe a table."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from bft.calibration.fit_files import preset_toml, scenario_toml, write
from bft.calibration.fitting import fit
from bft.cli.fit_words import readable
from bft.cli.output import complain, tell
from bft.errors import ScenarioError, bad_value
from bft.experiments.tables import align
from bft.validators.answers import MISSING
from bft.validators.comparison import Comparison
from bft.validators.model_names import models_of
from bft.validators.panel_numbers import PanelNumbers
from bft.validators.presets import preset, preset_names
from bft.validators.tables import AnswerTable, load_answers

_NAME = re.compile(r"[A-Za-z0-9_-]+")  # what TOML takes without quotes


def fit_command(arguments: Namespace) -> int:
    """Fit, print, and write the file."""
    models, source, fitted, alike = _asked(arguments)
    table = table_of(arguments)
    found = fit(
        table,
        _models(models, table, arguments.file),
        options=arguments.options,
        compare=arguments.compare,
        exchangeable=alike,
        agreement=None if arguments.agreement == "auto" else arguments.agreement,
        resamples=arguments.resamples,
        splits=arguments.halvings,
        matched={"auto": None, "matched": True, "random": False}[arguments.halves],
        seed=arguments.seed,
        source=source,
        fitted=fitted,
    )
    if arguments.out is not None:
        name = arguments.name or arguments.like
        numbers = found.numbers
        write(arguments.out, scenario_toml(numbers) if arguments.form == "scenario" else preset_toml(name, numbers))
        if not arguments.quiet:
            complain(f"{arguments.form} in {arguments.out}")
    tell(json.dumps(_json(found.numbers), indent=2, allow_nan=False) if arguments.json else readable(found))
    return 0


def presets_command(arguments: Namespace) -> int:
    """List the presets, each with its source and date."""
    found = {name: preset(name) for name in preset_names()}
    if arguments.json:
        tell(json.dumps({name: _json(numbers) for name, numbers in found.items()}, indent=2, allow_nan=False))
        return 0
    for name, numbers in found.items():
        fitted, errors = numbers.fit, numbers.errors.model_dump()
        assert fitted is not None, "presets are fitted"
        shown = ", ".join(f"{key} {value:g}" for key, value in errors.items() if isinstance(value, float))
        silent = f"missing {numbers.missing}, missing_correlation {numbers.missing_correlation:g}"
        tell(f"{name}\n  accuracy {numbers.accuracy}, {shown}, {numbers.options} wrong options, {silent}")
        tell(f"  {len(numbers.models)} models, {fitted.questions} questions, fitted {numbers.fitted}: {numbers.source}")
    return 0


def describe_command(arguments: Namespace) -> int:
    """Say what a table holds, and what a panel of its models shares."""
    table = table_of(arguments)
    panel = None if arguments.models is None else models_of(arguments.models)
    told = _described(table, panel, arguments.compare)
    if arguments.json:
        tell(json.dumps({"file": arguments.file, **told}, indent=2))
        return 0
    models = told["models"]
    shared = f"{told['answered_by_all']} of them answered by all {len(models)} models"
    tell(f"{arguments.file}: {told['questions']} questions, {shared}\n")
    header = ["model", "questions", "accuracy", "missing"]
    body = [
        [each["model"], str(each["questions"]), f"{each['accuracy']:.4f}", f"{each['missing']:.4f}"] for each in models
    ]
    tell(align([header, *body]))
    return 0


def table_of(arguments: Namespace) -> AnswerTable:
    """Read the table, and say what a reader of it should know."""
    table = load_answers(arguments.file, drop_conflicts=arguments.drop_conflicts)
    for warning in table.warnings(compare=arguments.compare):
        complain(f"warning: {warning}")
    return table


def _described(table: AnswerTable, panel: Sequence[str] | None, compare: Comparison) -> dict[str, Any]:
    """Count over each model's own questions, or over those that a whole panel answered."""
    models = table.models if panel is None else tuple(panel)
    columns = [table.models.index(model) for model in models if model in table.models]
    rows = np.arange(len(table.questions)) if panel is None else table.panel(models, compare=compare).rows
    asked, right = table.answers >= MISSING, table.right(compare=compare)
    described: list[dict[str, Any]] = []
    for model, column in zip(models, columns, strict=True):
        own = rows[asked[rows, column]]
        described.append(
            {
                "model": model,
                "questions": len(own),
                "accuracy": round(float(right[own, column].mean()), 5),
                "missing": round(float((table.answers[own, column] == MISSING).mean()), 5),
            }
        )
    described.sort(key=lambda each: (-each["accuracy"], each["model"]))
    in_full = int(asked[:, columns].all(axis=1).sum())
    warnings = list(table.warnings(compare=compare))
    return {
        "questions": len(table.questions),
        "answered_by_all": in_full,
        "models": described,
        **({"warnings": warnings} if warnings else {}),
    }


def _json(numbers: PanelNumbers) -> dict[str, Any]:
    """Return JSON values; an infinite Kα, nobody copying, is null."""
    values: dict[str, Any] = numbers.model_dump(mode="json")
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and value in (float("inf"), float("-inf")) else value


def _asked(arguments: Namespace) -> tuple[Sequence[str] | None, str | None, date | None, bool]:
    """Return models, source, date and whether all are alike; refuse what does not go together, before anything runs."""
    given = _date(arguments.date)
    if arguments.form == "preset" and arguments.name is None and arguments.like is None:
        raise ScenarioError("name: is needed with --as preset")
    if arguments.name is not None and not _NAME.fullmatch(arguments.name):
        raise ScenarioError(bad_value("name", arguments.name, "must be letters, digits, _ and -"))
    if arguments.out is not None and not Path(arguments.out).parent.is_dir():
        raise ScenarioError(bad_value("out", arguments.out, "must be in a folder that exists"))
    if arguments.like is None:
        models = None if arguments.models is None else models_of(arguments.models)
        return models, arguments.source, given, arguments.alike
    if arguments.models is not None:
        raise ScenarioError(bad_value("like", arguments.like, "must not be given together with --models"))
    like = preset(arguments.like)
    return like.models, arguments.source or like.source, given or like.fitted, True


def _models(models: Sequence[str] | None, table: AnswerTable, file: str) -> Sequence[str]:
    if models is None:
        names = ", ".join(sorted(table.models)[:8]) + (" …" if len(table.models) > 8 else "")
        raise ScenarioError(f"models: is needed; {file} has {len(table.models)}: {names}")
    return models


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ScenarioError(bad_value("date", text, "must be a day, YYYY-MM-DD")) from None
