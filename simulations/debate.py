"""Should validators debate before they vote?

Seven validators that err together hear each other's answers for some rounds and may change their own; then a quorum
decides, by PBFT or by a ballot. Three debates: a plain one, in which everybody is as easily persuaded of the right as
of a wrong answer; one with sycophants, who follow the majority; one with two colluders who argue for the most popular
wrong answer and never give in.

Expected: a plain debate leaves the expected number of right validators where it was (a martingale), in every round. Yet
quorums become more frequent, right ones and wrong ones: debate buys agreement, not truth, for a call of everybody in
each round, and precision falls. Sycophants unite the panel faster; they help as far as its majority is right more often
than its members are, and precision falls all the same. Colluders who may argue turn the panel: wrong agreement grows
with every round, far beyond what their votes could do.

Run time: about 40 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from pathlib import Path
from typing import Any

import bft
from bft.experiments.comparison import Compared, compare, comparison_table
from bft.experiments.intervals import Estimate
from bft.experiments.tables import align
from bft.operations.intervals import mean_estimate
from bft.plotting.comparison import comparison_figure
from bft.randomness import Randomness
from bft.validators.composed import ComposedModel

NODES = 7
ROUNDS = (0, 1, 2, 4)
COLLUDERS = (0, 1)
DEBATES: dict[str, dict[str, Any]] = {"plain": {}, "sycophants": {"sycophancy": 0.5}, "colluders": {}}
TIMEOUT_S = 200.0  # of a view or a ballot: longer than nearly every debate
PATIENT = {"pbft": {"pbft": {"view_timeout_s": TIMEOUT_S}}, "ballot": {"ballot": {"deadline_s": TIMEOUT_S}}}
REPLICATIONS = 400  # runs of each debate
SEED = 1
OUT = Path("out/debate")


def scenario(kind: str, rounds: int, protocol: str) -> bft.Scenario:
    """Return a scenario with so many rounds of a kind of debate."""
    debate = {**DEBATES[kind], "rounds": rounds} if rounds else None
    return bft.Scenario(
        n=NODES,
        protocol=protocol,
        validators={"kind": "statistical", "latency": {}, "debate": debate},
        faults={"nodes": COLLUDERS, "behaviour": "collude"} if kind == "colluders" else {},
        **PATIENT[protocol],
    )


def right_validators(described: bft.Scenario, replications: int) -> Estimate:
    """Return the mean number of honest validators that are right when the debate is over."""
    model = described.validators.model(NODES)
    assert isinstance(model, ComposedModel)
    faulty = set(described.faults.nodes or ())
    randomness, counts = Randomness(SEED), []
    for replication in range(replications):
        panel = model.panel(randomness, replication, dict.fromkeys(faulty, "popular_wrong"))
        counts.append(sum(panel.own_answer(node, 0) == panel.truth(0) for node in range(NODES) if node not in faulty))
    found = mean_estimate(counts)
    return Estimate(found.value, found.low, found.high)


def main(replications: int = REPLICATIONS, out: Path = OUT) -> dict[str, tuple[Compared, ...]]:
    """Run, print the tables, write the figures; return what was found, by protocol."""
    found = {}
    lines = [["honest validators right after", *(f"{rounds} rounds" for rounds in ROUNDS)]]
    for kind in DEBATES:
        means = [right_validators(scenario(kind, rounds, "ballot"), 10 * replications) for rounds in ROUNDS]
        lines.append([kind, *(f"{each.value:.3f} ± {(each.high - each.low) / 2:.3f}" for each in means)])
    print(f"{align(lines)}\n")
    out.mkdir(parents=True, exist_ok=True)
    for protocol in ("pbft", "ballot"):
        scenarios = {
            f"{kind}, {rounds} rounds": scenario(kind, rounds, protocol) for kind in DEBATES for rounds in ROUNDS
        }
        found[protocol] = compare(scenarios, replications=replications, seed=SEED)
        print(f"{protocol}, {replications} runs of each\n{comparison_table(found[protocol])}\n")
        bft.plotting.save(comparison_figure(found[protocol], f"Debate before the vote: {protocol}"), out, protocol)
    return found


if __name__ == "__main__":
    main()
