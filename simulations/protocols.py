"""Which protocol should LLM validators run?

PBFT, Tendermint, HotStuff with three phases, with two, and chained, and a ballot, each under the same faults, the same
judges whose errors go together, and the same links (common random numbers), with safety watched. Tendermint is run as
its paper has it, where a replica asks its validator again before it locks, precommits and decides, and with
`follow_polka`, where a quorum of prevotes stands for its verdict.

Expected against the fault rate: whoever needs one live leader agrees as often as a quorum lives; chained HotStuff needs
four leaders in a row who live, and agrees less often (never with one of four nodes down: `--n 4`). Fallible validators
make no difference between protocols: each follows a quorum that answers alike, right or wrong. Equivocators split PBFT,
Tendermint and HotStuff in phases alike, from 2q − n of them on; a chain stalls instead, for its liars seldom lead four
times in a row; a ballot has no leader and is split least.

Expected of costs: a ballot takes one delay, PBFT and Tendermint three, HotStuff two for each phase and one to propose.
PBFT, Tendermint and a ballot send some 2n² messages, HotStuff 6 to 8 times n − 1. On questions on which validators do
not agree at once a ballot makes n calls to them, Tendermint and HotStuff more than twice as many, PBFT more than three
times: it asks about a value again in every view.

Expected of circumstances, at most f faulty: all agree always, also with an equivocating leader, with lost messages,
over cloud regions and after a partition has healed; chained HotStuff where four leaders in a row are left.

Expected where a node stops between its votes, and judges accept four answers of five: Tendermint as its paper has it
locks for ever those who voted, while the rest rejects (.256 of the runs for n = 4, as its law says); with
`follow_polka` it decides as all the others do.

So: Tendermint with `follow_polka`, or PBFT; a ballot where answers are short enough to be equal. The conditions are in
`docs/how_to/choosing_a_protocol.md`.

Run time: about 150 s on one core.

    python simulations/protocols.py
    python simulations/protocols.py --replications 1000
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import bft
from bft.adversary.node import Crash, FaultyNode, Started
from bft.core.inputs import Input
from bft.core.quorum import QuorumSystem
from bft.experiments.comparison import Compared, compare, comparison_table
from bft.experiments.intervals import Estimate, estimate
from bft.experiments.tables import align
from bft.plotting.comparison import comparison_figure
from bft.plotting.networks import Measured, curves
from bft.plotting.style import legend_under, new_figure, series_looks, styled
from bft.protocols.protocol import Role
from bft.theory.agreement import message_count
from bft.theory.hotstuff import hotstuff_message_count
from bft.theory.tendermint import deadlock
from bft.theory.tendermint import message_count as tendermint_message_count

NODES = 7
REPLICATIONS = 100  # runs of each
SEED = 1
OUT = Path("out/protocols")
NAMES = ("pbft", "tendermint", "hotstuff", "hotstuff-2", "hotstuff-chained", "ballot")
DELTAS = "0:0.5:6"
SIZES = (4, 7, 10, 16, 31)
COST_RUNS = 40  # at most: without faults a number of messages is always the same
DELAY: Mapping[str, Any] = {"law": "normal", "mean_s": 0.25, "sd_s": 0.05}
TURNS = 2  # of all nodes as leaders, where a node stops between its votes
ACCEPTS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
FALLIBLE: Mapping[str, Any] = {"kind": "statistical"}  # the embedded panel, whose errors go together
HEALS_S = 60.0  # when the partition ends
REGIONS = ("us-west-2", "eu-west-1", "sa-east-1", "ap-southeast-2", "us-east-1", "ap-northeast-1", "eu-central-1")
PAPER: Mapping[str, Any] = {"protocol": "tendermint"}
POLKA: Mapping[str, Any] = {"protocol": "tendermint", "tendermint": {"follow_polka": True}}
PROTOCOLS: Mapping[str, Mapping[str, Any]] = {
    "PBFT": {"protocol": "pbft"},
    "Tendermint, as in the paper": PAPER,
    "Tendermint, follow_polka": POLKA,
    "HotStuff, three phases": {"protocol": "hotstuff"},
    "HotStuff, two phases": {"protocol": "hotstuff-2"},
    "HotStuff, chained": {"protocol": "hotstuff-chained"},
    "ballot, quorum": {"protocol": "ballot"},
}
LEADERLESS = ("ballot, quorum",)
MESSAGES: Mapping[str, Callable[[int], int]] = {
    "pbft": lambda n: message_count(n).total,
    "tendermint": tendermint_message_count,
    "hotstuff": lambda n: hotstuff_message_count(n, phases=3).total,
    "hotstuff-2": lambda n: hotstuff_message_count(n, phases=2).total,
    "ballot": lambda n: message_count(n).total,
}
"""Of one decision without faults: votes and a proof of each to each make a ballot's as many as PBFT's. Chained HotStuff
sends 2(n − 1) in each of the four views that a commit takes, but for votes that nobody waits for any more."""


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


def along_delta(behaviour: str, n: int, replications: int) -> tuple[bft.Sweep, bft.Sweep]:
    """Sweep perfect and fallible validators over the fault rate under every protocol, on the same random numbers."""
    scenario = bft.Scenario(n=n, faults={"behaviour": behaviour})
    over = {"protocol": NAMES, "faults.delta": DELTAS}
    how: dict[str, Any] = {"replications": replications, "seed": SEED, "common_random_numbers": True, "progress": False}
    perfect, fallible = (bft.sweep(each, over, **how) for each in (scenario, scenario.replace("validators", FALLIBLE)))
    return perfect, fallible


def costs(replications: int, sizes: Sequence[int] = SIZES) -> dict[int, tuple[Compared, ...]]:
    """Run one decision without faults under every protocol, by the number of nodes."""
    return {
        n: compare(
            {name: bft.Scenario(n=n, protocol=name, network={"delay": DELAY}) for name in NAMES},
            replications=min(replications, COST_RUNS),
            seed=SEED,
        )
        for n in sizes
    }


def cost_table(found: Mapping[int, Sequence[Compared]]) -> str:
    """Return seconds and messages of a decision, beside the exact count where there is one."""
    lines = [["n", "protocol".ljust(16), "latency s", "messages", "exact"]]
    for n, rows in found.items():
        for row in rows:
            exact = str(MESSAGES[row.label](n)) if row.label in MESSAGES else ""
            latency = f"{row.latency_s.value:.3f} ± {(row.latency_s.high - row.latency_s.low) / 2:.3f}"
            lines.append([str(n), row.label.ljust(16), latency, f"{row.messages.value:.1f}", exact])
    return align(lines)


def judged(n: int, accepts: float, protocol: Mapping[str, Any], node: int = 1) -> bft.Scenario:
    """Return a scenario in which a node stops after its vote; answers all differ, and are accepted with one rate."""
    judges = {"kind": "judge", "accept_given_right": accepts, "accept_given_wrong": accepts}
    return bft.Scenario(
        n=n,
        **protocol,
        validators={"kind": "statistical", "accuracy": 0.0, "options": 10**6, "check": judges},
        faults={"nodes": (node,), "behaviour": CrashAfterItsVote()},
        views=TURNS * n,
    )


@dataclass(frozen=True)
class Locked:
    """How often Tendermint as its paper has it locks a height for ever that `follow_polka` decides.

    Attributes
    ----------
    n, accepts, node
        Number of nodes, share of answers that a judge accepts, and who stops after its prevote: 0 proposes.
    share, undecided : Estimate
        Runs that only `follow_polka` decided, and runs that it did not decide either.
    law : float
        Probability of the former.
    """

    n: int
    accepts: float
    node: int
    share: Estimate
    undecided: Estimate
    law: float


def deadlocks(replications: int, sizes: Sequence[int] = (4, 7), accepts: Sequence[float] = ACCEPTS) -> list[Locked]:
    """Run both ways of Tendermint on the same random numbers: a backup stops after its prevote, or the proposer."""
    found = []
    for place, (n, rate, node) in enumerate([*product(sizes, accepts, (1,)), *product(sizes, (0.8,), (0,))]):
        numbers = range(place * replications, (place + 1) * replications)  # so that cases do not err together
        paper, polka = (bft.Simulator(judged(n, rate, each, node), SEED) for each in (PAPER, POLKA))
        ends = [(paper.run(number).outcome.agreed, polka.run(number).outcome.agreed) for number in numbers]
        law = deadlock(n, QuorumSystem.of(n).quorum, rate, proposer=node == 0)
        locked, undecided = (estimate(ends.count(end), replications) for end in ((False, True), (False, False)))
        found.append(Locked(n, rate, node, locked, undecided, law))
    return found


def deadlock_table(found: Sequence[Locked]) -> str:
    """Return the shares of heights that never end, beside the law."""
    lines = [["n", "accepts", "who stops", "locked, as in the paper", "law", "undecided, follow_polka"]]
    for each in found:
        who = "backup" if each.node else "proposer"
        shares = [f"{told.value:.3f} ({told.low:.3f}–{told.high:.3f})" for told in (each.share, each.undecided)]
        lines.append([str(each.n), f"{each.accepts:g}", who, shares[0], f"{each.law:.3f}", shares[1]])
    return align(lines)


def guide(crashes: bft.Sweep, locked: Sequence[Locked], spent: Mapping[int, Sequence[Compared]]) -> Any:
    """Return what a reader takes away: crashed nodes, a crash between votes, and what a decision costs."""
    with styled():
        figure = new_figure(12.5, 9.0)
        (crashed, between), (latency, messages) = figure.subplots(2, 2)
        n = crashes.scenario.n
        bft.plotting.share(crashes, ax=crashed, title=f"Nodes that crash, n = {n}\n(lines: exact laws)", legend=False)
        _draw_deadlocks(locked, between)
        _draw_cost(spent, "latency_s", latency, "seconds to a decision", "Latency, links of 250 ms")
        _draw_cost(spent, "messages", messages, "messages of one decision", "Messages (circles: exact counts)")
        handles, labels = messages.get_legend_handles_labels()
        for ax in (latency, messages):
            ax.get_legend().remove()
        legend_under(figure, handles, labels, columns=len(labels), handlelength=4.5)
    return figure


def _draw_deadlocks(locked: Sequence[Locked], ax: Any) -> None:
    series: dict[str, list[Measured]] = {}
    for each in (each for each in locked if each.node):
        point = Measured(each.accepts, each.share.value, each.share.low, each.share.high)
        series.setdefault(f"n = {each.n}", []).append(point)
    title = "Tendermint as in its paper: a height never ends,\nif a backup stops after its prevote (lines: exact law)"
    label = "share of answers that a judge accepts"
    curves(series, x_label=label, y_label="P(locked for ever)", title=title, joined=False, ax=ax)
    rates = [min(ACCEPTS) + (1.0 - min(ACCEPTS)) * place / 100 for place in range(101)]
    for look, n in zip(series_looks(len(series)), sorted({each.n for each in locked}), strict=True):
        laws = [deadlock(n, QuorumSystem.of(n).quorum, rate) for rate in rates]
        ax.plot(rates, laws, color=look["color"], linestyle=look["linestyle"])
    ax.axhline(0.0, color="#555555", linewidth=1.2)
    ax.annotate("with follow_polka, and by PBFT and HotStuff: 0", (rates[0], 0.0), (0, 5), textcoords="offset points")


def _draw_cost(found: Mapping[int, Sequence[Compared]], measure: str, ax: Any, label: str, title: str) -> None:
    series: dict[str, list[Measured]] = {}
    for n, rows in found.items():
        for row in rows:
            told = getattr(row, measure)
            exact = float(MESSAGES[row.label](n)) if measure == "messages" and row.label in MESSAGES else None
            series.setdefault(row.label, []).append(Measured(n, told.value, told.low, told.high, exact))
    logarithmic = measure == "messages"
    curves(series, x_label="number of nodes n", y_label=label, title=title, logarithmic=logarithmic, nested=True, ax=ax)
    if not logarithmic:
        ax.set_ylim(bottom=0.0)


def questions(n: int = NODES) -> dict[str, dict[str, bft.Scenario]]:
    """Return what is compared one circumstance at a time."""
    f = (n - 1) // 3
    halves = {"groups": [list(range(n // 2)), list(range(n // 2, n))], "start_s": 0.0, "end_s": HEALS_S}
    circumstances: dict[str, dict[str, Any]] = {
        "no faults": {},
        "f crashed": {"faults": {"nodes": list(range(f)), "behaviour": "crash"}},
        "leader equivocates": {"faults": {"nodes": [0], "behaviour": "equivocate"}},
        "links lose a tenth": {"network": {"loss": 0.1}},
        "partition heals after a minute": {"network": {"partitions": [halves]}, "horizon_s": 20.0 * HEALS_S},
        "cloud regions": {"network": {"regions": {"nodes": REGIONS[:n]}}},
    }
    found = {f"perfect validators, {name}": _all(n, given) for name, given in circumstances.items()}
    for name in ("no faults", "f crashed"):
        found[f"fallible validators, {name}"] = _all(n, {**circumstances[name], "validators": FALLIBLE})
    found["judges accept four in five of answers that are all wrong, a backup crashes after its vote"] = {
        label: judged(n, 0.8, protocol)
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
            continue  # it has no leader; its own attack is compared along δ
        scenarios[label] = bft.Scenario(n=n, **protocol, **given)
    return scenarios


def main(replications: int = REPLICATIONS, n: int = NODES, out: Path = OUT) -> dict[str, tuple[Compared, ...]]:
    """Run, print the tables, write the figures; return what was found one circumstance at a time."""
    out.mkdir(parents=True, exist_ok=True)
    sweeps = {behaviour: along_delta(behaviour, n, replications) for behaviour in ("crash", "equivocate")}
    for behaviour, (perfect, fallible) in sweeps.items():
        for words, sweep in (("perfect", perfect), ("fallible", fallible)):
            print(f"n = {n}, {words} validators, faulty nodes {behaviour}\n{sweep.to_text()}\n", flush=True)
        bft.plotting.save(bft.plotting.protocols_figure(perfect, fallible), out, f"along_delta_{behaviour}")
    spent = costs(replications)
    print(f"one decision without faults, links of 250 ms\n{cost_table(spent)}\n", flush=True)
    locked = deadlocks(3 * replications)
    print(f"a node stops after its prevote under Tendermint\n{deadlock_table(locked)}\n", flush=True)
    bft.plotting.save(guide(sweeps["crash"][0], locked, spent), out, "which_protocol")
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
