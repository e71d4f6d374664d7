"""The options of `bft design`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.names import NAMES, Names
from bft.cli.options.numbers import number, whole
from bft.cli.options.validators import add_compare, add_drop_conflicts


def add_design(commands: Any) -> None:
    """Add `bft design`."""
    command = commands.add_parser(
        "design",
        help="which models to ask, by which rule and quorum, and what that is worth",
        description=(
            "Choose members, rule and quorum from recorded answers, a fit or accuracies; judge the choice on questions "
            "that it was not made on; say how many validators the models really are."
        ),
        epilog="""examples:
  bft design --answers answers.csv --max-wrong 0.02
  bft design --answers answers.csv --models gpt-x,claude-y,llama-z,qwen-w --max-wrong 0.02 --liars 1 --json
  bft design --answers answers.csv --prices prices.csv --max-wrong 0.05 --max-cost 0.01 --out out/design
  bft design --accuracies .9,.85,.8,.8,.7 --r .5 --tau .3 --max-wrong .01
  bft design --answers answers.csv --without-gold           accuracies where nobody knows the right answers
  bft design --fit panel.toml --delta 0.05 --behaviour crash --max-wrong 0.05

prices.csv has the columns model, price (of one call), latency_s; price and latency_s may be left empty.
--out writes design.json, front.csv, design.png and .svg, and for the recommended panel scenario.toml (bft run) and
panel.toml (bft panel --panel).

exit codes: 0 done, whether or not a panel is recommended; 2 bad input""",
    )
    source = command.add_argument_group("what the models do: one of")
    source.add_argument("--answers", metavar="FILE", help="table of recorded answers: parquet, csv or jsonl")
    source.add_argument("--fit", metavar="FILE", help="numbers that `bft validators fit --out` wrote")
    source.add_argument("--accuracies", metavar="A,A,...", help="probability of a right answer of each model, with:")
    source.add_argument("--r", type=number, default=0.0, help="latent correlation of being right (default: 0)")
    source.add_argument("--tau", type=number, default=0.0, help="probability of a trap (default: 0)")
    source.add_argument("--kalpha", type=number, help="Kα of the urn (default: nobody copies)")
    source.add_argument("--missing", type=number, default=0.0, help="probability of no answer (default: 0)")
    source.add_argument("--options", type=whole, default=3, help="wrong answers to choose among (default: 3)")
    command.add_argument("--models", action=Names, **NAMES, help="models to choose from (default: all well covered)")
    add_compare(command)
    add_drop_conflicts(command)
    command.add_argument("--prices", metavar="FILE", help="price and latency of a call of each model: csv or TOML")
    targets = command.add_argument_group("targets, as shares of the questions")
    targets.add_argument("--max-wrong", type=number, metavar="P", help="most wrong decisions")
    targets.add_argument("--min-correct", type=number, metavar="P", help="fewest right ones (default: more than half)")
    targets.add_argument(
        "--confidence",
        type=number,
        default=0.95,
        metavar="P",
        help="with which each end of a held-out interval holds, between .5 and 1 (default: .95)",
    )
    targets.add_argument("--max-cost", type=number, metavar="C", help="most that a question may cost")
    targets.add_argument("--max-latency-s", type=number, metavar="S", help="longest that the slowest member may take")
    targets.add_argument(
        "--early-stop",
        action="store_true",
        help="wait for nobody whose vote cannot change the ballot, by quorum or plurality: latencies are mean times",
    )
    faults = command.add_argument_group("faults to withstand")
    faults.add_argument("--liars", type=whole, default=0, help="members that collude, whichever they are (default: 0)")
    faults.add_argument(
        "--delta", metavar="P,P,...", default="0", help="probability that any other is faulty; each is withstood"
    )
    faults.add_argument("--behaviour", default="collude", help="what those others do: crash or collude (default)")
    command.add_argument(
        "--without-gold",
        action="store_true",
        help="estimate the models' accuracies from their answers alone, instead of designing; the column gold may be "
        "missing, and is compared with where it is there",
    )
    command.add_argument("--sizes", default="3:10", help="members of a panel (default: 3:10)")
    command.add_argument(
        "--rules",
        metavar="R,R,...",
        help="quorum, plurality, judge, log_odds, stake, confidence, pbft, tendermint (default: all that have their "
        "input)",
    )
    command.add_argument(
        "--views",
        type=whole,
        metavar="T",
        help="members that lead under pbft and tendermint, the first ones (default: all)",
    )
    command.add_argument(
        "--accept-right", type=number, metavar="P", help="how often a member accepts a right answer of another, and"
    )
    command.add_argument("--accept-wrong", type=number, metavar="P", help="a wrong one, for the rule judge")
    command.add_argument("--stakes", metavar="S,S,...", help="stake of each model, for the rule stake")
    command.add_argument(
        "--folds",
        type=whole,
        default=10,
        help="parts of the questions, each judging the choice made on all the others; 2 are halves (default: 10)",
    )
    command.add_argument("--repeats", type=whole, default=2, help="how often they are dealt into parts (default: 2)")
    command.add_argument("--seed", type=whole, default=0, help="of the parts, 0 or more (default: 0)")
    command.add_argument("--out", metavar="DIR", help="write results, figure, scenario and panel there")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.design", "design_command"))
