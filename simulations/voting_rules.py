"""Which voting rule should decide over the answers of a panel of LLMs?

Seven validators answer the same questions under every rule (common random numbers), with the same latencies. PBFT votes
on proposals, a ballot on everybody's own answers. The panel is the embedded one that was fitted to recorded answers, or
a recorded table itself, of which one half of the questions is held out for the rule that learns accuracies.

Expected, without faults: no rule makes right answers out of nothing, they trade silence against precision. A quorum
agrees seldom and is right six times in seven; plain plurality agrees nearly always, is right as often as a good
member, and on recorded answers *loses to the best member* of the panel. PBFT with f + 1 views decides every quorum that
the votes of all hold, so it does as the ballot with a quorum; one view misses some. Weights learnt on other questions
help as far as members differ; stake does not know who is right. Stated confidence helps as far as it is honest. As soon
as a quorum is reached or impossible the other calls are not needed: a fifth of them on this panel, a quarter on GSM8K
(one in a hundred less than the votes alone would allow, since calls end while the deciding vote travels).

Expected, under attack: two of seven collude on the most popular wrong answer. The quorum loses agreement, the others
turn wrong; learnt weights most of all where the colluders are the best of a recorded panel. Much stake in the
colluders' hands, or stating 1.0, outvotes the rest. Nodes that vote twice split what has no quorum, and also approval
by judges: there two answers may have a quorum, and which is ahead hangs on few votes.

Run time: about 25 s on one core.

    python simulations/voting_rules.py
    python simulations/voting_rules.py --answers answers.parquet
    python simulations/voting_rules.py --answers answers.parquet model-a model-b … (one for each node)
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bft
from bft.core.quorum import max_faults
from bft.experiments.comparison import Compared, compare, comparison_table, faults_seen
from bft.plotting.comparison import comparison_figure
from bft.validators.presets import preset
from bft.validators.settings import DEFAULT_PRESET, RecordedValidators

NODES = 7
ATTACKERS = (0, 1)  # f of seven
MUCH = 5.0  # stake of each attacker where it has much; the others have 1
KEPT_FOR_LEARNING = 0.5  # share of the recorded questions
TIMEOUT_S = 60.0  # of a view or a ballot: longer than nearly every call
TOO_SURE = {"bias": 2.0, "stretch": 1.5}  # log-odds of a miscalibrated panel
JUDGES = {"check": "judge"}  # the middle of what strong judges do on hard items
REPLICATIONS = 400  # runs of each rule
SEED = 1
OUT = Path("out/voting_rules")


def scenario(validators: Mapping[str, Any], n: int, protocol: str, **given: Any) -> bft.Scenario:
    """Return a scenario of the comparison."""
    own = {"deadline_s": TIMEOUT_S} if protocol == "ballot" else {"view_timeout_s": TIMEOUT_S}
    return bft.Scenario(n=n, protocol=protocol, validators=validators, **{protocol: own}, **given)


def rules(panel: Mapping[str, Any], n: int) -> dict[str, bft.Scenario]:
    """Return what is compared without faults; stake grows towards the end of the panel, where the weakest are."""
    honest = {**panel, "confidence": {}}
    stakes = tuple(1.0 + node / 2 for node in range(n))
    return {
        "PBFT, 1 view": scenario(panel, n, "pbft", views=1),
        "PBFT, f + 1 views": scenario(panel, n, "pbft", views=max_faults(n) + 1),
        "quorum of own answers": scenario(panel, n, "ballot", rule="quorum"),
        "plurality": scenario(panel, n, "ballot", rule="plurality"),
        "plurality by stake": scenario(panel, n, "ballot", rule="stake", stakes=stakes),
        "by learnt log-odds": scenario(panel, n, "ballot", rule="log_odds"),
        "by confidence, honest": scenario(honest, n, "ballot", rule="confidence"),
        "by confidence, too sure": scenario({**panel, "confidence": TOO_SURE}, n, "ballot", rule="confidence"),
        "judge, then vote": scenario({**panel, **JUDGES}, n, "ballot", rule="judge"),
        "2 rounds of debate, quorum": scenario({**panel, "debate": {"rounds": 2}}, n, "ballot", rule="quorum"),
    }


def attacks(panel: Mapping[str, Any], n: int) -> dict[str, bft.Scenario]:
    """Return what is compared under attack."""
    attackers = ATTACKERS[: max_faults(n)]
    collude = {"nodes": attackers, "behaviour": "collude"}
    modest = {"nodes": attackers, "behaviour": {"kind": "collude", "confidence": 0.5}}
    twice = {"nodes": attackers, "behaviour": "equivocate"}
    inject = {"nodes": attackers, "behaviour": "inject"}
    honest = {**panel, "confidence": {}}
    naive = {**panel, **JUDGES, "injection": {"accept": 0.5}}
    rich = tuple(MUCH if node in attackers else 1.0 for node in range(n))
    views = max_faults(n) + 1
    return {
        "PBFT, colluders": scenario(panel, n, "pbft", views=views, faults=collude),
        "quorum, colluders": scenario(panel, n, "ballot", rule="quorum", faults=collude),
        "plurality, colluders": scenario(panel, n, "ballot", rule="plurality", faults=collude),
        "log-odds, colluders": scenario(panel, n, "ballot", rule="log_odds", faults=collude),
        "stake, poor colluders": scenario(panel, n, "ballot", rule="stake", stakes=(1.0,) * n, faults=collude),
        "stake, rich colluders": scenario(panel, n, "ballot", rule="stake", stakes=rich, faults=collude),
        "confidence, colluders state 0.5": scenario(honest, n, "ballot", rule="confidence", faults=modest),
        "confidence, colluders state 1.0": scenario(honest, n, "ballot", rule="confidence", faults=collude),
        "judge, then vote, colluders": scenario({**panel, **JUDGES}, n, "ballot", rule="judge", faults=collude),
        "PBFT of judges, colluders": scenario({**panel, **JUDGES}, n, "pbft", views=views, faults=collude),
        "PBFT of judges, injected texts": scenario(naive, n, "pbft", views=views, faults=inject),
        "judge, then vote, injected texts": scenario(naive, n, "ballot", rule="judge", faults=inject),
        "quorum, voting twice": scenario(panel, n, "ballot", rule="quorum", faults=twice),
        "plurality, voting twice": scenario(panel, n, "ballot", rule="plurality", faults=twice),
        "judge, then vote, voting twice": scenario({**panel, **JUDGES}, n, "ballot", rule="judge", faults=twice),
    }


def main(
    file: str | None = None, models: Sequence[str] = (), replications: int = REPLICATIONS, out: Path = OUT
) -> dict[str, tuple[Compared, ...]]:
    """Run, print the tables, write the figures; return what was found, without faults and under attack.

    Parameters
    ----------
    file : str, optional
        Table of recorded answers; by default the embedded panel.
    models : sequence of str
        The panel, one model of the table for each node; by default the models that the embedded panel was fitted to.
    """
    models = models or preset(DEFAULT_PRESET).models
    n = NODES if file is None else len(models)
    recorded = {"kind": "recorded", "file": file, "models": tuple(models), "kept_for_learning": KEPT_FOR_LEARNING}
    panel: dict[str, Any] = {**({"kind": "statistical"} if file is None else recorded), "latency": {}}
    if file is not None:
        asked = RecordedValidators.model_validate(recorded).answers().recorded.codes
        best = max((asked == 0).mean(axis=0))
        print(f"{len(asked)} questions asked; the best member alone is right on {best:.3f} of them\n")
    found = {
        "without faults": compare(rules(panel, n), replications=replications, seed=SEED),
        "under attack": compare(attacks(panel, n), replications=replications, seed=SEED),
    }
    out.mkdir(parents=True, exist_ok=True)
    for title, rows in found.items():
        print(f"{title}, {replications} runs of each\n{comparison_table(rows)}\n")
        bft.plotting.save(comparison_figure(rows, f"Voting rules {title}"), out, title.replace(" ", "_"))
    print(f"what the faults did\n{faults_seen(found['under attack'])}")
    return found


if __name__ == "__main__":
    parser = ArgumentParser(description="Voting rules side by side, on the same questions and faults.")
    parser.add_argument("--answers", metavar="FILE", help="table of answers: parquet, csv or jsonl")
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="runs of each rule")
    parser.add_argument("models", nargs="*", help="models of the panel, one for each node; by default the preset's")
    given = parser.parse_args()
    main(given.answers, given.models, given.replications)
