"""The options of `bft survey`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.names import NAMES, Names
from bft.cli.options.numbers import number, whole


def add_survey(commands: Any) -> None:
    """Add `bft survey`."""
    command = commands.add_parser(
        "survey",
        help="every member of a panel answers every question of a file",
        description=(
            "Ask every member of a panel every question, and write the answers as a table that `bft validators fit` "
            "and every other command reads. What was said is recorded as it comes: after an interruption the same "
            "command goes on."
        ),
        epilog="""questions: csv, json, jsonl or parquet; columns question, perhaps id, and gold (the right answer)

examples:
  bft survey questions.jsonl --panel panel.toml --out answers.parquet
  bft survey questions.csv --models openai:gpt-4o-mini,groq:qwen3 --out answers.csv --at-once 8
  bft survey tasks.json --columns question=prompt,gold=label,id=key --panel panel.toml --out answers.csv
  bft survey questions.jsonl --models A,A,A,A --out clones.csv      four samples of one model: A #1 to A #4
  bft survey questions.jsonl --panel panel.toml --out answers.parquet --retry-failed
  bft survey questions.jsonl --panel panel.toml --out answers.parquet --max-cost 5

exit codes: 0 done, 1 nobody ever answered, or the ceiling on spend was reached, 2 bad input, 130 interrupted""",
    )
    command.add_argument("questions", metavar="QUESTIONS", help="file of questions")
    command.add_argument("--models", action=Names, **NAMES, help="one model for each member")
    command.add_argument("--panel", metavar="FILE", help="panel in TOML: members with names, endpoints, prices")
    command.add_argument("--out", metavar="FILE", required=True, help="table of answers: csv, jsonl or parquet")
    command.add_argument("--record", metavar="FILE", help="what was said (default: beside the table, .record.jsonl)")
    command.add_argument("--columns", metavar="NAME=COLUMN,...", help="what the file calls question, id and gold")
    command.add_argument("--judge", action="store_true", help="members also judge every different answer, for replays")
    command.add_argument("--retry-failed", action="store_true", help="ask members again who gave no answer")
    command.add_argument("--at-once", type=whole, default=4, help="questions at a time (default: 4)")
    command.add_argument("--deadline", dest="deadline_s", type=number, metavar="S", help="for one question")
    command.add_argument("--call-deadline", dest="call_deadline_s", type=number, metavar="S", help="for one call")
    command.add_argument(
        "--max-cost",
        type=number,
        metavar="X",
        help="what all calls in the record may cost, earlier ones included, in the unit of the members' prices",
    )
    command.add_argument("--attempts", type=whole, help="attempts of a call on each model")
    command.add_argument("--quiet", action="store_true", help="no progress")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.survey", "survey_command"))
