"""`bft validators forecast`: what a panel of recorded models, or of samples of one, will decide."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from bft.calibration.forecast import Forecast, forecast
from bft.cli.output import tell
from bft.cli.validators import table_of
from bft.errors import ScenarioError
from bft.experiments.tables import align
from bft.validators.model_names import models_of

NOTES = """\
interval: of the share over all questions like these; fresh: of the share that will be seen on so many fresh questions,
each asked once. Both resample the questions of the table; no model of errors comes in."""


def forecast_command(arguments: Namespace) -> int:
    """Forecast, and print."""
    if arguments.models is None:
        raise ScenarioError("models: is needed, such as --models gpt-x*4,llama-y")
    found = forecast(
        table_of(arguments),
        models_of(arguments.models),
        rule=arguments.rule,
        quorum=arguments.quorum,
        fresh=arguments.fresh,
        level=arguments.level,
        seed=arguments.seed,
        compare=arguments.compare,
    )
    told = _told(found)
    tell(json.dumps({"file": arguments.file, **told}, indent=1) if arguments.json else _readable(found))
    return 0


def _told(found: Forecast) -> dict[str, Any]:
    alike = found.alikeness
    return {
        "models": dict(found.design.counts),
        "n": found.design.n,
        "rule": found.rule,
        "quorum": found.quorum,
        "questions": found.questions,
        "panels": found.panels,
        "fresh": found.fresh,
        "level": found.level,
        "shares": {
            each.outcome: {
                "share": each.share,
                "interval": [each.low, each.high],
                "fresh": [each.fresh_low, each.fresh_high],
            }
            for each in found.shares
        },
        "correlation": {"within_models": alike.within, "between_models": alike.between},
        "same_wrong": {"within_models": alike.same_within, "between_models": alike.same_between},
    }


def _readable(found: Forecast) -> str:
    design = " + ".join(f"{count} × {model}" for model, count in found.design.counts.items())
    by = f"quorum {found.quorum} of {found.design.n}" if found.quorum else f"plurality of {found.design.n}"
    asked = f"{found.questions} questions, {found.panels} panel{'s' if found.panels != 1 else ''}"
    level = f"{100 * found.level:g} %"
    header = ["", "share", f"{level} interval", f"on {found.fresh} fresh questions"]
    rows = [
        [
            each.outcome,
            f"{100 * each.share:.2f} %",
            f"{100 * each.low:.2f} … {100 * each.high:.2f} %",
            f"{100 * each.fresh_low:.2f} … {100 * each.fresh_high:.2f} %",
        ]
        for each in found.shares
    ]
    alike = found.alikeness
    pairs = [
        ["", "correlation of being right", "same wrong answer, both wrong"],
        ["samples of one model", _number(alike.within), _number(alike.same_within)],
        ["different models", _number(alike.between), _number(alike.same_between)],
    ]
    return "\n\n".join([f"{design}, {by}: {asked}", align([header, *rows]), align(pairs), NOTES])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
