"""The options of `bft agreement`."""

from __future__ import annotations

from typing import Any

from bft.adversary.settings import BEHAVIOURS
from bft.cli.defaults import DEFAULT_DELTA, DEFAULT_N, DEFAULT_OUT, VECTORISED_REPLICATIONS, WITNESS
from bft.cli.options.names import NAMES, Names
from bft.cli.options.sampling import add_sampling
from bft.cli.options.validators import add_drop_conflicts
from bft.experiments.sweeps import REPLICATIONS
from bft.validators.presets import preset_names
from bft.validators.settings import DEFAULT_PRESET


def add_agreement(commands: Any) -> None:
    """Add `bft agreement`."""
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
  bft agreement --protocols pbft,tendermint,hotstuff-chained --n 7 --out out/protocols
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
    command.add_argument(
        "--protocols",
        metavar="A,B,...",
        help="these protocols side by side instead, for one n (default: 7), on common random numbers",
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
    command.add_argument("--models", action=Names, **NAMES, help="models of the table, one for each node")
    add_drop_conflicts(command)
    command.add_argument(
        "--source-documents",
        action="store_true",
        help="draw the source documents' R and α over the curves of P(agreement)",
    )
    command.add_argument("--out", metavar="DIR", default=DEFAULT_OUT, help=f"where results go (default: {DEFAULT_OUT})")
    many = f"{VECTORISED_REPLICATIONS} by the vectorised engine, else {REPLICATIONS}"
    add_sampling(command, replications=many, witness=f"{WITNESS:g}")
    command.set_defaults(carry_out=("bft.cli.agreement", "agreement_command"))
