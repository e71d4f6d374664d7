"""The options of `bft answers import`."""

from __future__ import annotations

from typing import Any


def add_answers(commands: Any) -> None:
    """Add `bft answers` and its commands."""
    group = commands.add_parser(
        "answers",
        help="tables of recorded answers: import what evaluation tools write",
        description="Tables of recorded answers.",
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = verbs.add_parser(
        "import",
        help="answers from the files of evaluation tools, as one table",
        description=(
            "Read what evaluation tools write, say what was read and what was dropped and why, and write one table of "
            "answers that every other command reads."
        ),
        epilog="""forms that are recognised, compressed (gz, bz2, xz, zst) or not:
  lm-eval       lm-evaluation-harness, samples_*.jsonl; the model from results_*.json beside it
  inspect       Inspect, .eval or .json; epochs are samples of one model
  record        what bft panel --record and bft survey wrote
  mmlu-pro, zero-eval, helm (scenario_state.json), openai-evals, promptfoo
  table         any csv, tsv, json, jsonl, parquet with the columns question_id, gold, answer and model, or --columns

examples:
  bft answers import out/*/samples_gsm8k_*.jsonl --filter flexible-extract --out answers.parquet
  bft answers import logs/*.eval --out answers.parquet
  bft answers import a.csv b.csv --model gpt-x claude-y --columns gold=answer,answer=pred,question_id=id --out t.csv
  bft answers import wide.jsonl --columns 'question_id=id,answer=responses.*' --out t.csv  (a model for each key)
  bft answers import runs.json --columns gold=doc.label,answer=reply.text,question_id=doc.id,model=name --out t.csv""",
    )
    command.add_argument("files", metavar="FILE", nargs="+", help="what the tools wrote")
    command.add_argument("--out", metavar="FILE", default="answers.parquet", help="(default: answers.parquet)")
    command.add_argument("--columns", metavar="NAME=COLUMN,...", help="what a table calls its columns; dots are paths")
    command.add_argument(
        "--model", metavar="NAME", nargs="+", action="extend", help="the model: one for all files, or one for each"
    )
    command.add_argument("--filter", metavar="NAME", help="the filter, or scorer, of which a file holds several")
    command.add_argument("--form", metavar="NAME", help="the form of all files (default: recognised)")
    command.add_argument(
        "--repeats",
        choices=("first", "samples"),
        default="first",
        help="a second answer of a model to a question is dropped, or one more sample (default: first)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.answers", "import_command"))
