"""The options of `bft check`."""

from __future__ import annotations

from typing import Any

from bft.cli.options.numbers import number, whole


def add_check(commands: Any) -> None:
    """Add `bft check`."""
    command = commands.add_parser(
        "check",
        help="a safety campaign; exit code 1 and a replayable counterexample when an invariant breaks",
        description="Run adversarial schedules against the replicas with every invariant watched.",
        epilog="""examples:
  bft check --schedules 100000
  bft check --seconds 60 --n 4,7
  bft check --n 4 --byzantine 2 --out out/split        more liars than tolerated: a split must be found
  bft check --n 5 --quorum 3 --out out/quorum          a quorum that is too small
  bft check --generators long --schedules 20           a thousand requests each, at the default K and L
  bft check --mutant "commit quorum f+1" --out out/bug   one seeded bug
  bft check --mutants                                  all of them: each must be found
  bft check --protocol ballot --schedules 10000        one vote of all by a quorum; --mutants: its own seeded bugs
  bft check --protocol hotstuff --schedules 10000      basic HotStuff; hotstuff-2, hotstuff-chained, hotstuff-chained-2
  bft check --protocol membership --schedules 10000    epochs of PBFT's members; --mutants: its own seeded bugs
  bft check --protocol my_lab.echo:ECHO --schedules 5000   your own protocol
  bft check --protocol tendermint --traces FOLDER      do traces of an independent specification agree?
  bft check --replay out/split/counterexample.json""",
    )
    command.add_argument(
        "--protocol",
        default="pbft",
        help="pbft (the default), membership (epochs of PBFT's members), tendermint, hotstuff, hotstuff-2, "
        "hotstuff-chained, hotstuff-chained-2, ballot, or ballot-plurality, -stake, -confidence, -judge; or where your "
        "own stands: package.module:NAME",
    )
    command.add_argument("--n", metavar="VALUES", help="numbers of nodes, taken in turn (default: 4,5,6,7,8,10)")
    command.add_argument("--byzantine", type=whole, help="most nodes that the adversary holds (default: f)")
    command.add_argument("--quorum", type=whole, help="quorum that replicas are told (default: the right one)")
    command.add_argument("--schedules", type=whole, help="stop after so many (default: 10000, or until --seconds)")
    command.add_argument("--seconds", type=number, help="stop after so much time; for mutants, CPU time for each")
    command.add_argument("--generators", metavar="NAMES", help="which, in turn (default: all but long)")
    command.add_argument("--seed", type=whole, default=0, help="0 or more (default: 0)")
    command.add_argument("--workers", type=whole, help="processes (default: one per processor)")
    command.add_argument("--mutant", metavar="NAME", help="examine a seeded bug")
    command.add_argument("--mutants", action="store_true", help="hunt every seeded bug")
    command.add_argument("--replay", metavar="FILE", help="run a saved schedule again")
    command.add_argument("--traces", metavar="DIR", help="replay traces of an independent specification (tendermint)")
    command.add_argument("--out", metavar="DIR", help="write a counterexample there, as JSON and as a picture")
    command.add_argument("--quiet", action="store_true", help="no messages")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(carry_out=("bft.cli.check", "check"))
