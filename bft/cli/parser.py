"""The words of the command line: commands, options, help with examples.

What they do is left to the commands, which are loaded when they are called: help and complaints come at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

import bft
from bft.adversary.settings import BEHAVIOURS
from bft.cli.defaults import DEFAULT_DELTA, DEFAULT_N, DEFAULT_OUT, THEORY_DELTA
from bft.cli.panel_words import panel_words, serve_words
from bft.errors import BftError
from bft.experiments.engines import ENGINES
from bft.experiments.intervals import LEVEL
from bft.experiments.sweeps import REPLICATIONS
from bft.validators.presets import preset_names
from bft.validators.settings import DEFAULT_PRESET


class UsageError(BftError):
    """The command line cannot be read."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others."""

    def __init__(self, **given: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **given)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options; `carry_out` among them names the module and the function of the command."""
    parser = Parser(
        prog="bft",
        description="A laboratory for Byzantine-fault-tolerant consensus among LLM validators.",
        epilog="""start here:
  bft agreement                                  the main figure, in out/agreement
  bft run --set n=7 faults.delta=0.2             one run
  bft sweep --over faults.delta=0:0.5:11         any field of a scenario
  bft panel "Is 7 prime?" --models A,B,C,D       a panel of live models
  bft COMMAND --help                             options and more examples""",
    )
    parser.add_argument("--version", action="version", version=f"bft {bft.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    _run(commands)
    _sweep(commands)
    _agreement(commands)
    _theory(commands)
    _check(commands)
    _validators(commands)
    _rare(commands)
    _export(commands)
    _bench(commands)
    panel_words(commands, whole, number)
    serve_words(commands, whole, number)
    arguments = parser.parse_args(argv)
    arguments.words = list(argv)
    return arguments


def whole(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number") from None


def number(text: str) -> float:
    """Return a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number") from None


def _run(commands: Any) -> None:
    command = commands.add_parser(
        "run",
        help="one run: outcome, times, messages, what each fault did",
        description="Run one replication of a scenario.",
        epilog="""examples:
  bft run
  bft run scenario.toml --seed 7
  bft run --set n=7 --set faults.nodes=[0,3] --set faults.behaviour=equivocate --trace out/run.json
  bft run --set faults.nodes=[0] faults.behaviour=equivocate --export html=run.html picture=run.png
  bft run --set validators=statistical --set validators.preset=gsm8k_diverse10 --json""",
    )
    _scenario(command)
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--replication", type=whole, default=0, help="which of the seed's replications (default: 0)")
    command.add_argument(
        "--check", choices=("basic", "full"), default="basic", help="invariants: S1 to S3, or all (default: basic)"
    )
    command.add_argument("--trace", metavar="FILE", help="write scenario, result and every event to a JSON file")
    command.add_argument(
        "--export",
        metavar="FORMAT=FILE",
        nargs="+",
        action="extend",
        default=[],
        help="write the run for a viewer: html, picture, animation, perfetto, shiviz, mermaid; may be repeated",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.run", "run_command"))


def _sweep(commands: Any) -> None:
    command = commands.add_parser(
        "sweep",
        help="a scenario over the values of some of its fields",
        description="Run many replications of a scenario for every combination of values.",
        epilog="""values: START:STOP:COUNT with both ends, or a list with commas

examples:
  bft sweep --over faults.delta=0:0.5:11
  bft sweep --over n=4,7,10 --over faults.delta=0:0.5:11 --set faults.behaviour=equivocate --out out/equivocate
  bft sweep scenario.toml --over quorum=4,5,6,7 --replications 1000 --workers 2 --json > rows.json
  bft sweep --over faults.behaviour=crash,lie,equivocate --set n=7 --set faults.delta=0.3 --common-random-numbers
  bft sweep --over faults.delta=0:0.5:11 --precision 0.01 --budget-s 600
  bft sweep --over n=4,31,100 --engine simpy --store out/blocks.sqlite     again, after Ctrl-C: it goes on""",
    )
    _scenario(command)
    command.add_argument(
        "--over", metavar="PATH=VALUES", nargs="+", action="extend", default=[], help="field to sweep; may be repeated"
    )
    command.add_argument(
        "--common-random-numbers",
        action="store_true",
        help="the same luck in all cells: sharper differences, cells no longer independent",
    )
    command.add_argument("--out", metavar="DIR", help="write estimates.csv, manifest.json and figures there")
    _sampling(command)
    command.set_defaults(carry_out=("bft.cli.sweep", "sweep_command"))


def _agreement(commands: Any) -> None:
    command = commands.add_parser(
        "agreement",
        help="the main job: P(agreement) against the fault rate",
        description=(
            "P(agreement) against the per-node fault probability: figure, table and manifest. Perfect validators for "
            "several n, and LLM validators of one n with correct, wrong, stalled and split told apart; or recorded "
            "answers of real LLMs."
        ),
        epilog="""examples:
  bft agreement
  bft agreement --behaviour equivocate --n 4,6,7,9 --out out/equivocate
  bft agreement --delta 0:0.3:7 --replications 2000 --seed 1
  bft agreement --answers answers.csv --models gpt-x,claude-y,llama-z,qwen-w --behaviour collude""",
    )
    command.add_argument(
        "--behaviour",
        metavar="NAME",
        default="crash",
        help=f"what faulty nodes do: {', '.join(BEHAVIOURS)} (default: crash)",
    )
    command.add_argument(
        "--delta", metavar="VALUES", default=DEFAULT_DELTA, help=f"fault rates (default: {DEFAULT_DELTA})"
    )
    command.add_argument("--n", metavar="VALUES", help=f"numbers of nodes (default: {DEFAULT_N})")
    command.add_argument(
        "--preset",
        metavar="NAME",
        help=f"LLM validators of the right panel: {', '.join(preset_names())} (default: {DEFAULT_PRESET})",
    )
    command.add_argument(
        "--answers", metavar="FILE", help="recorded answers instead: parquet, csv or jsonl; needs --models"
    )
    command.add_argument("--models", metavar="A,B,...", help="models of the table, one for each node")
    command.add_argument("--out", metavar="DIR", default=DEFAULT_OUT, help=f"where results go (default: {DEFAULT_OUT})")
    _sampling(command)
    command.set_defaults(carry_out=("bft.cli.agreement", "agreement_command"))


def _theory(commands: Any) -> None:
    command = commands.add_parser(
        "theory",
        help="closed forms and the source documents' formulas",
        description="Thresholds, exact laws and the source documents' formulas, as a table; nothing is simulated.",
        epilog="""examples:
  bft theory
  bft theory --n 4:13:4 --delta 0.01,0.05,0.1 --json""",
    )
    command.add_argument("--n", metavar="VALUES", default=DEFAULT_N, help=f"numbers of nodes (default: {DEFAULT_N})")
    command.add_argument(
        "--delta", metavar="VALUES", default=THEORY_DELTA, help=f"fault rates (default: {THEORY_DELTA})"
    )
    command.add_argument("--json", action="store_true", help="print the rows as a JSON list")
    command.set_defaults(carry_out=("bft.cli.theory", "theory_command"))


def _check(commands: Any) -> None:
    command = commands.add_parser(
        "check",
        help="a safety campaign; exit code 1 and a replayable counterexample when an invariant breaks",
        description="Run adversarial schedules against the replicas with every invariant watched.",
        epilog="""examples:
  bft check --schedules 100000
  bft check --seconds 60 --n 4,7
  bft check --n 4 --byzantine 2 --out out/split        more liars than tolerated: a split must be found
  bft check --n 5 --quorum 3 --out out/quorum          a quorum that is too small
  bft check --mutant "commit quorum f+1" --out out/bug   one seeded bug
  bft check --mutants                                  all of them: each must be found
  bft check --replay out/split/counterexample.json""",
    )
    command.add_argument("--protocol", default="pbft", help="what to examine (default: pbft)")
    command.add_argument("--n", metavar="VALUES", help="numbers of nodes, taken in turn (default: 4,5,6,7,8,10)")
    command.add_argument("--byzantine", type=whole, help="most nodes that the adversary holds (default: f)")
    command.add_argument("--quorum", type=whole, help="quorum that replicas are told (default: the right one)")
    command.add_argument("--schedules", type=whole, help="stop after so many (default: 10000, or until --seconds)")
    command.add_argument("--seconds", type=number, help="stop after so much time; for mutants, CPU time for each")
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--workers", type=whole, help="processes (default: one per processor)")
    command.add_argument("--mutant", metavar="NAME", help="examine a seeded bug")
    command.add_argument("--mutants", action="store_true", help="hunt every seeded bug")
    command.add_argument("--replay", metavar="FILE", help="run a saved schedule again")
    command.add_argument("--out", metavar="DIR", help="write a counterexample there, as JSON and as a picture")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.check", "check"))


def _validators(commands: Any) -> None:
    group = commands.add_parser(
        "validators",
        help="panels of LLMs as numbers: fit them to recorded answers, list the presets",
        description="Numbers of panels of LLMs, fitted to recorded answers.",
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    _validators_fit(verbs)
    command = verbs.add_parser("presets", help="the project's panels", description="List the panels of real LLMs.")
    command.add_argument("--json", action="store_true", help="print the numbers of each as a JSON object")
    command.set_defaults(carry_out=("bft.cli.validators", "presets_command"))
    command = verbs.add_parser("describe", help="what a table of answers holds", description="Describe a table.")
    command.add_argument("file", metavar="FILE", help="table of answers: parquet, csv or jsonl")
    command.add_argument("--models", metavar="A,B,...", help="only these, and the questions that all of them answered")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.validators", "describe_command"))


def _validators_fit(verbs: Any) -> None:
    command = verbs.add_parser(
        "fit",
        help="estimate a panel's numbers from recorded answers, and try them on questions kept aside",
        description=(
            "Estimate accuracies, r, τ and α of a panel with intervals; fit half of the questions and predict the "
            "other half; write a scenario."
        ),
        epilog="""examples:
  bft validators fit answers.csv --models gpt-x,claude-y,llama-z,qwen-w --out panel.toml
  bft run panel.toml                                          the panel that was fitted
  bft validators fit answers.csv --models a,b,c,d --alike     one accuracy for all: stands for any n
  bft sweep --set validators=statistical validators.file=panel.toml --over n=4,7,10
  bft validators fit mmlu_pro.parquet --like mmlu_pro_strong7 --as preset --out entry.toml""",
    )
    command.add_argument("file", metavar="FILE", help="table of answers: parquet, csv or jsonl")
    command.add_argument("--models", metavar="A,B,...", help="models of the table, one for each validator")
    command.add_argument("--like", metavar="PRESET", help="fit as this preset was: its models, alike, its source")
    command.add_argument("--options", type=whole, help="wrong answers to choose among (default: the table's, or 1000)")
    command.add_argument("--alike", action="store_true", help="all validators take the mean accuracy")
    command.add_argument("--resamples", type=whole, default=200, help="behind the intervals (default: 200)")
    command.add_argument("--halvings", type=whole, default=10, help="of the questions kept aside (default: 10)")
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


def _rare(commands: Any) -> None:
    command = commands.add_parser(
        "rare",
        help="the probability of an outcome too rare to count",
        description=(
            "P(outcome), stratified over the number of faulty nodes: exact where the fault set settles the outcome, "
            "otherwise with an interval. Down to 1e-12 and below."
        ),
        epilog="""examples:
  bft rare --event stalled --set n=31 faults.delta=0.02
  bft rare scenario.toml --event split --runs 1000000 --json""",
    )
    _scenario(command)
    command.add_argument(
        "--event", required=True, metavar="OUTCOME", help="agree, correct, wrong, partial, stalled or split"
    )
    command.add_argument("--runs", type=whole, default=100_000, help="fault sets to draw (default: 100000)")
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--level", type=number, default=LEVEL, help=f"level of the interval (default: {LEVEL})")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.rare", "rare_command"))


def _export(commands: Any) -> None:
    command = commands.add_parser(
        "export",
        help="a store of blocks as a CSV or Parquet table",
        description="Write what a store holds (see `bft sweep --store`) to a table: a row for each block.",
        epilog="""examples:
  bft export out/blocks.sqlite out/blocks.csv
  bft export out/blocks.sqlite out/runs.parquet --records""",
    )
    command.add_argument("store", metavar="STORE", help="file written by --store")
    command.add_argument("file", metavar="FILE", help="what to write: .csv or .parquet")
    command.add_argument("--records", action="store_true", help="a row for each replication instead")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.set_defaults(carry_out=("bft.cli.export", "export_command"))


def _bench(commands: Any) -> None:
    command = commands.add_parser(
        "bench",
        help="how fast this machine runs it: one table",
        description=(
            "Deliveries and replications per CPU-second of both engines, exact laws, sweeps by number of workers, and "
            "memory, each by n."
        ),
        epilog="""examples:
  bft bench --quick
  bft bench --json > out/bench.json""",
    )
    command.add_argument("--quick", action="store_true", help="fewer sizes and less work: some ten seconds")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.bench", "bench_command"))


def _scenario(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "scenario", metavar="SCENARIO.toml", nargs="?", help="scenario file (default: n = 4, no faults)"
    )
    command.add_argument(
        "--set",
        metavar="PATH=VALUE",
        dest="settings",
        nargs="+",
        action="extend",
        default=[],
        help="set a field, such as faults.delta=0.2; may be repeated",
    )


def _sampling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--replications", type=whole, help=f"runs of each cell (default: {REPLICATIONS})")
    command.add_argument("--seed", type=whole, default=0, help="master seed, 0 or more (default: 0)")
    command.add_argument("--level", type=number, default=LEVEL, help=f"level of the intervals (default: {LEVEL})")
    command.add_argument(
        "--engine",
        metavar="NAME",
        default="auto",
        help=f"{', '.join(ENGINES)} (default: auto, the fastest that honours the scenario); same rows",
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
