"""Which protocol should LLM validators run?

PBFT, Tendermint, HotStuff with three phases, with two, and chained, and a ballot, each under the same faults, the same
judges whose errors go together, and the same links (common random numbers), with safety watched. Tendermint is run as
its paper has it, where a replica asks its validator again before it locks, precommits and decides, and with
`follow_polka`, where a quorum of prevotes stands for its verdict.

Expected, perfect validators: with at most f crashed or equivocating nodes all agree always, also under loss, over cloud
regions and after a partition; but chained HotStuff needs four leaders in a row who live. Where nodes 0 and 1 are down
it finds them among the other five; with random crashes it agrees less often than the others, and with one of four nodes
down (`--n 4`) never. A ballot takes one delay, PBFT and Tendermint take three, HotStuff two for each phase.

Expected, fallible validators: the protocol makes no difference to agreement, right or wrong, as long as nobody stops
between two votes: each follows a quorum of the same verdicts, after enough views or at once. Where a node stops after
its vote it does: Tendermint as its paper has it asks those who rejected again, and the rest may be locked for ever
(.256 for n = 4 and judges that accept with .8, whose answers are all wrong here by construction); with `follow_polka`
it decides as PBFT does, which follows a prepared certificate.

So: PBFT, or Tendermint with `follow_polka`; no Tendermint as in the paper, since LLM validators reject what others
accept; no chained HotStuff for small panels whose members may be down; a ballot where one round trip must do. What
messages cost is no part of this comparison.

Run time: about 75 s on one core.

    python simulations/protocols.py
    python simulations/protocols.py --replications 1000
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import bft
from bft.adversary.node import Crash, FaultyNode, Started
from bft.core.inputs import Input
from bft.experiments.comparison import Compared, compare, comparison_table
from bft.plotting.comparison import comparison_figure
from bft.protocols.protocol import Role

NODES = 7
REPLICATIONS = 200  # runs of each
SEED = 1
OUT = Path("out/protocols")
FALLIBLE: Mapping[str, Any] = {"kind": "statistical"}  # the embedded panel, whose errors go together
HEALS_S = 60.0  # when the partition ends
REGIONS = ("us-west-2", "eu-west-1", "sa-east-1", "ap-southeast-2", "us-east-1", "ap-northeast-1", "eu-central-1")
POLKA: Mapping[str, Any] = {"protocol": "tendermint", "tendermint": {"follow_polka": True}}
PROTOCOLS: Mapping[str, Mapping[str, Any]] = {
    "PBFT": {"protocol": "pbft"},
    "Tendermint, as in the paper": {"protocol": "tendermint"},
    "Tendermint, follow_polka": POLKA,
    "HotStuff, three phases": {"protocol": "hotstuff"},
    "HotStuff, two phases": {"protocol": "hotstuff-2"},
    "HotStuff, chained": {"protocol": "hotstuff-chained"},
    "ballot, quorum": {"protocol": "ballot"},
}
LEADERLESS = ("ballot, quorum",)
JUDGES: Mapping[str, Any] = {"kind": "judge", "accept_given_right": 0.8, "accept_given_wrong": 0.8}
"""Of answers that all differ: who does not propose accepts a proposal with .8, once."""


@dataclass(frozen=True)
class CrashAfterItsVote:
    """A node that is honest up to its first vote, and stops then."""

    byzantine: ClassVar[bool] = False

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Stop right after the first message that is a vote."""
        del now, event
        votes = node.protocol.kinds(Role.VOTE)
        for place, effect in enumerate(effects):
            if isinstance(getattr(effect, "message", None), votes):
                node.count("crashes")
                return [*effects[: place + 1], Crash()]
        return effects


def questions(n: int = NODES) -> dict[str, dict[str, bft.Scenario]]:
    """Return what is compared, by the circumstances."""
    f = (n - 1) // 3
    halves = {"groups": [list(range(n // 2)), list(range(n // 2, n))], "start_s": 0.0, "end_s": HEALS_S}
    circumstances: dict[str, dict[str, Any]] = {
        "no faults": {},
        "f crashed": {"faults": {"nodes": list(range(f)), "behaviour": "crash"}},
        "each node crashed with probability .2": {"faults": {"delta": 0.2}},
        "leader equivocates": {"faults": {"nodes": [0], "behaviour": "equivocate"}},
        "links lose a tenth": {"network": {"loss": 0.1}},
        "partition heals after a minute": {"network": {"partitions": [halves]}, "horizon_s": 20.0 * HEALS_S},
        "cloud regions": {"network": {"regions": {"nodes": REGIONS[:n]}}},
    }
    found = {f"perfect validators, {name}": _all(n, given) for name, given in circumstances.items()}
    for name in ("no faults", "f crashed", "each node crashed with probability .2"):
        found[f"fallible validators, {name}"] = _all(n, {**circumstances[name], "validators": FALLIBLE})
    found["judges accept four in five, a backup crashes after its vote"] = {
        label: bft.Scenario(
            n=n,
            **protocol,
            validators={"kind": "statistical", "accuracy": 0.0, "options": 10**6, "check": JUDGES},
            faults={"nodes": (1,), "behaviour": CrashAfterItsVote()},
            views="unlimited",
            horizon_s=5000.0,
        )
        for label, protocol in PROTOCOLS.items()
        if label not in LEADERLESS  # a ballot on answers that all differ decides nothing
    }
    return found


def _all(n: int, given: Mapping[str, Any]) -> dict[str, bft.Scenario]:
    """Return the scenario under every protocol that can meet it."""
    scenarios = {}
    for label, protocol in PROTOCOLS.items():
        faults = given.get("faults", {})
        if label in LEADERLESS and faults.get("behaviour") == "equivocate":
            continue  # it has no leader; the ballot's own attack is compared in voting_rules.py
        scenarios[label] = bft.Scenario(n=n, **protocol, **given)
    return scenarios


def main(replications: int = REPLICATIONS, n: int = NODES, out: Path = OUT) -> dict[str, tuple[Compared, ...]]:
    """Run, print the tables, write the figures; return what was found, by the circumstances."""
    out.mkdir(parents=True, exist_ok=True)
    found = {}
    for number, (title, scenarios) in enumerate(questions(n).items(), 1):
        rows = found[title] = compare(scenarios, replications=replications, seed=SEED)
        print(f"n = {n}, {title}, {replications} runs of each\n{comparison_table(rows)}\n", flush=True)
        bft.plotting.save(comparison_figure(rows, f"n = {n}, {title}"), out, f"{number:02}")
    return found


if __name__ == "__main__":
    parser = ArgumentParser(description="Protocols side by side, on the same questions, faults and links.")
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="runs of each")
    parser.add_argument("--n", type=int, default=NODES, help="number of nodes")
    arguments = parser.parse_args()
    main(arguments.replications, arguments.n)
