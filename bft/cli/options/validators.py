"""The options of `bft validators fit`, `presets` and `describe`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.names import NAMES, Names
from bft.cli.options.numbers import number, whole


def add_validators(commands: Any) -> None:
    """Add `bft validators` and its commands."""
    group = commands.add_parser(
        "validators",
        help="panels of LLMs as numbers: fit them to recorded answers, list the presets",
        description="Numbers of panels of LLMs, fitted to recorded answers.",
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _fit(verbs)
    _forecast(verbs)
    command = verbs.add_parser("presets", help="the project's panels", description="List the panels of real LLMs.")
    command.add_argument("--json", action="store_true", help="print the numbers of each as a JSON object")
    command.set_defaults(carry_out=("bft.cli.validators", "presets_command"))
    command = verbs.add_parser("describe", help="what a table of answers holds", description="Describe a table.")
    command.add_argument("file", metavar="FILE", help="table of answers: parquet, csv or jsonl")
    command.add_argument(
        "--models", action=Names, **NAMES, help="only these, and the questions that all of them answered"
    )
    add_compare(command)
    add_drop_conflicts(command)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.validators", "describe_command"))


def _forecast(verbs: Any) -> None:
    command = verbs.add_parser(
        "forecast",
        help="what a panel will decide: shares with intervals, from recorded answers alone",
        description=(
            "Shares of right, wrong and no decision of a panel, with a confidence interval and a prediction interval "
            "for fresh questions. Panels may hold several samples of one model."
        ),
        epilog="""examples:
  bft validators forecast answers.csv --models gpt-x,llama-y,qwen-z,mistral-w
  bft validators forecast survey.parquet --models gpt-x*4                   four samples of one model (gpt-x #1, #2, …)
  bft validators forecast survey.parquet --models gpt-x*2,llama-y*2 --rule plurality --fresh 1000 --json""",
    )
    command.add_argument("file", metavar="FILE", help="table of answers: parquet, csv, json or jsonl")
    command.add_argument("--models", action=Names, **NAMES, help="models; NAME*4: four of its samples")
    command.add_argument(
        "--rule", choices=("quorum", "plurality"), default="quorum", help="how they decide (default: quorum, as PBFT)"
    )
    command.add_argument("--quorum", type=whole, help="equal answers that decide (default: the right number)")
    command.add_argument("--fresh", type=whole, default=300, help="fresh questions that are forecast (default: 300)")
    command.add_argument("--level", type=number, default=0.95, help="level of the intervals (default: 0.95)")
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    add_compare(command)
    add_drop_conflicts(command)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.forecast", "forecast_command"))


def add_drop_conflicts(command: Any) -> None:
    """Add what every command has that reads a table of answers."""
    command.add_argument(
        "--drop-conflicts",
        action="store_true",
        help="leave out questions with two right answers, none, two answers of one model, or an unreadable field, "
        "instead of refusing the table",
    )


def add_compare(command: Any) -> None:
    """Add when answers are the same."""
    command.add_argument(
        "--compare",
        choices=("canonical", "letters", "numbers", "as_written"),
        default="canonical",
        help="when answers are the same: in canonical form (case, full stops and spelling of numbers do not matter), "
        "as letters (numbers as written), as numbers (by value, all else as written), or as written "
        "(default: canonical)",
    )


def _fit(verbs: Any) -> None:
    command = verbs.add_parser(
        "fit",
        help="estimate a panel's numbers from recorded answers, and try them on held-out questions",
        description=(
            "Estimate accuracies, r, τ and α of a panel with intervals; fit half of the questions and predict the "
            "other half; write a scenario."
        ),
        epilog="""examples:
  bft validators fit answers.csv --models gpt-x,claude-y,llama-z,qwen-w --out panel.toml
  bft run panel.toml                                          the panel that was fitted
  bft validators fit answers.csv --models a,b,c,d --alike     one accuracy for all: stands for any n
  bft validators fit survey.parquet --models gpt-x,llama-y    with samples (gpt-x #1, …): clones of several models
  bft sweep --set validators=statistical validators.file=panel.toml --over n=4,7,10
  bft validators fit mmlu_pro.parquet --like mmlu_pro_strong7 --as preset --out entry.toml""",
    )
    command.add_argument("file", metavar="FILE", help="table of answers: parquet, csv or jsonl")
    command.add_argument("--models", action=Names, **NAMES, help="models of the table, one for each validator")
    command.add_argument("--like", metavar="PRESET", help="fit as this preset was: its models, alike, its source")
    add_compare(command)
    add_drop_conflicts(command)
    command.add_argument("--options", type=whole, help="wrong answers to choose among (default: the table's, or 1000)")
    command.add_argument("--alike", action="store_true", help="all validators take the mean accuracy")
    command.add_argument(
        "--agreement",
        choices=("auto", "triples", "quorums"),
        default="auto",
        help="what τ is solved from, beside pairs of equal wrong answers (default: auto: quorums for samples of one "
        "model, else triples)",
    )
    command.add_argument("--resamples", type=whole, default=200, help="behind the intervals (default: 200)")
    command.add_argument("--halvings", type=whole, default=10, help="how often the questions are halved (default: 10)")
    command.add_argument(
        "--halves",
        choices=("auto", "matched", "random"),
        default="auto",
        help="alike in what other models get right, or random (default: auto: matched with three other models or more)",
    )
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--source", metavar="TEXT", help="where the answers come from (default: the file's name)")
    command.add_argument("--date", metavar="YYYY-MM-DD", help="day of the fit, only written down")
    command.add_argument(
        "--as",
        dest="form",
        choices=("scenario", "preset"),
        default="scenario",
        help="what --out holds: a scenario for `bft run`, or an entry of the presets (default: scenario)",
    )
    command.add_argument("--name", help="name of the preset (default: the one of --like)")
    command.add_argument("--out", metavar="FILE.toml", help="write the numbers there")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.validators", "fit_command"))
