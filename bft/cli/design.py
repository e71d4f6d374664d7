"""`bft design`: which models to ask, by which rule and quorum, and what that is worth."""

from __future__ import annotations

import csv
import json
from argparse import Namespace
from io import StringIO
from pathlib import Path
from typing import Any

from bft.cli.output import complain, tell
from bft.designing.result import Design
from bft.designing.search import design
from bft.designing.votes_tables import estimates, read_votes
from bft.designing.without_gold import WARNING
from bft.errors import ScenarioError, bad_value
from bft.experiments.tables import align
from bft.validators.model_names import in_one_line, models_of

_OF_DESIGNS = (
    "fit",
    "accuracies",
    "prices",
    "max_wrong",
    "min_correct",
    "max_cost",
    "max_latency_s",
    "early_stop",
    "rules",
    "stakes",
    "views",
    "accept_right",
    "accept_wrong",
    "out",
)
"""Options that say nothing where accuracies are estimated."""


def design_command(arguments: Namespace) -> int:
    """Design, print, and write the files."""
    if arguments.without_gold:
        return _without_gold(arguments)
    out = _folder(arguments.out)
    found = design(
        arguments.answers,
        models=None if arguments.models is None else models_of(arguments.models),
        accuracies=None if arguments.accuracies is None else _numbers("accuracies", arguments.accuracies),
        r=arguments.r,
        tau=arguments.tau,
        kalpha=arguments.kalpha,
        missing=arguments.missing,
        options=arguments.options,
        fit=arguments.fit,
        prices=arguments.prices,
        max_wrong=arguments.max_wrong,
        min_correct=arguments.min_correct,
        max_cost=arguments.max_cost,
        max_latency_s=arguments.max_latency_s,
        confidence=arguments.confidence,
        liars=arguments.liars,
        delta=_numbers("delta", arguments.delta),
        behaviour=arguments.behaviour,
        sizes=arguments.sizes,
        rules=None if arguments.rules is None else [each.strip() for each in arguments.rules.split(",")],
        stakes=None if arguments.stakes is None else _whole("stakes", arguments.stakes),
        accept_right=arguments.accept_right,
        accept_wrong=arguments.accept_wrong,
        views=arguments.views,
        early_stop=arguments.early_stop,
        folds=arguments.folds,
        repeats=arguments.repeats,
        compare=arguments.compare,
        drop_conflicts=arguments.drop_conflicts,
        seed=arguments.seed,
    )
    for note in found.pool.notes:
        if not arguments.quiet:
            complain(f"note: {note}")
    if out is not None:
        names = write_design(found, out)
        if not arguments.quiet:
            complain(f"{', '.join(names)} in {out}")
    tell(json.dumps(found.to_dict(), indent=1, allow_nan=False) if arguments.json else found.to_text())
    return 0


def _without_gold(arguments: Namespace) -> int:
    """Estimate accuracies from answers alone, and print them."""
    if arguments.answers is None:
        raise ScenarioError("without-gold: needs a table, --answers FILE")
    models = None if arguments.models is None else models_of(arguments.models)
    for name in _OF_DESIGNS:
        value = getattr(arguments, name)
        if value is not None and value is not False:
            raise ScenarioError(
                bad_value(name.replace("_", "-"), value, "must be left out: without-gold designs nothing")
            )
    votes = read_votes(arguments.answers, models, compare=arguments.compare, drop_conflicts=arguments.drop_conflicts)
    for note in votes.notes:
        if not arguments.quiet:
            complain(f"note: {note}")
    told: dict[str, Any] = {
        "models": list(votes.models),
        "questions": len(votes.rows),
        "truth": votes.truth,
        "notes": list(votes.notes),
    }
    for name, found in estimates(votes, seed=arguments.seed).items():
        ends = {end: getattr(found, end).tolist() for end in ("low", "high")}
        told[name] = {"accuracy": found.accuracy.tolist(), **ends, "rounds": found.rounds}
    told["warning"] = WARNING
    if arguments.json:
        tell(json.dumps(told, indent=1, allow_nan=False))
        return 0
    names = [name for name in ("one_parameter", "dawid_skene") if name in told]
    rows = [["model", *names, *(["truth"] if votes.truth is not None else [])]]
    for place, model in enumerate(votes.models):
        cells = [
            "{accuracy:.3f} ({low:.3f}-{high:.3f})".format(
                **{k: told[n][k][place] for k in ("accuracy", "low", "high")}
            )
            for n in names
        ]
        rows.append([model, *cells, *([] if votes.truth is None else [f"{votes.truth[place]:.3f}"])])
    tell(f"{align(rows)}\n\n{len(votes.rows)} questions. Warning: {WARNING}.")
    return 0


def write_design(found: Design, folder: Path) -> list[str]:
    """Write results, figure and, where a panel is recommended, the files that run it; return their names."""
    from bft.plotting.design import design_figure
    from bft.plotting.style import save

    written = {
        "design.json": json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n",
        "front.csv": _front(found),
    }
    if found.recommended is not None:
        written["panel.toml"] = found.panel_toml()
        if found.recommended.rule != "confidence":  # recorded answers are replayed without what was stated
            written["scenario.toml"] = found.to_toml()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    save(design_figure(found), folder, "design")
    return [*written, "design.png", "design.svg"]


def _front(found: Design) -> str:
    text = StringIO()
    rows = [_flat(panel.to_dict()) for panel in found.front]
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["models"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(panel: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"models": in_one_line(panel["models"])}
    row |= {name: panel[name] for name in ("rule", "quorum", "n", "calls", "cost", "latency_s", "safe_below")}
    row |= panel["held_out"]
    return row | {f"chosen_on_{name}": value for name, value in panel["chosen_on"].items()}


def _folder(out: str | None) -> Path | None:
    if out is None:
        return None
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError(bad_value("out", out, f"cannot be a folder: {error.strerror}")) from error
    return folder


def _whole(name: str, words: str) -> list[int]:
    try:
        return [int(each) for each in words.split(",")]
    except ValueError:
        raise ScenarioError(bad_value(name, words, "must be whole numbers with commas between them")) from None


def _numbers(name: str, words: str) -> list[float]:
    try:
        return [float(each) for each in words.split(",")]
    except ValueError:
        raise ScenarioError(bad_value(name, words, "must be numbers with commas between them")) from None
