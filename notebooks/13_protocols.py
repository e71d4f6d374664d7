# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which protocol should LLM validators run?
#
# PBFT, Tendermint, HotStuff and a ballot under the same faults, the same answers and the same delays: a seed gives
# every protocol the same random numbers. `simulations/protocols.py` runs the whole comparison; here is its course.

# %%
# %matplotlib inline
from dataclasses import dataclass
from typing import ClassVar

from IPython.display import display

import bft
from bft.adversary.node import Crash
from bft.experiments.comparison import compare
from bft.plotting.networks import Measured, curves
from bft.protocols.protocol import Role
from bft.theory.tendermint import deadlock

protocols = ["pbft", "tendermint", "hotstuff", "hotstuff-chained", "ballot"]

# %% [markdown]
# ## Against the fault rate
#
# With perfect validators whoever needs one live leader agrees as often as a quorum lives. Chained HotStuff needs four
# leaders in a row who live. Fallible validators make no difference between protocols: all follow a quorum that answers
# alike. Points that lie on one another are nested; lines are exact laws.

# %%
sweeps = [
    bft.sweep(
        bft.Scenario(n=7, validators=validators),
        over={"protocol": protocols, "faults.delta": [0.0, 0.2, 0.4]},
        replications=40,
        seed=1,
        common_random_numbers=True,
        workers=1,
        progress=False,
    )
    for validators in ("perfect", "statistical")
]
bft.plotting.protocols_figure(*sweeps)

# %%
sweeps[0]

# %% [markdown]
# ## What a decision costs
#
# Links of 250 ms: the number of delays can be read off. A ballot takes one, PBFT and Tendermint three, HotStuff seven
# and a chain of three as long. HotStuff pays for fewer messages with more delays.

# %%
found = {
    n: compare(
        {
            name: bft.Scenario(n=n, protocol=name, network={"delay": {"law": "normal", "mean_s": 0.25, "sd_s": 0.05}})
            for name in protocols
        },
        replications=10,
        seed=1,
    )
    for n in (4, 7, 10, 16)
}
for measure, label, logarithmic in (("latency_s", "seconds", False), ("messages", "messages", True)):
    series = {name: [] for name in protocols}
    for n, rows in found.items():
        for row in rows:
            told = getattr(row, measure)
            series[row.label].append(Measured(n, told.value, told.low, told.high))
    ax = curves(
        series, x_label="nodes", y_label=label, title="one decision, no faults", logarithmic=logarithmic, nested=True
    )
    display(ax.figure)

# %% [markdown]
# ## A node stops between its votes
#
# Tendermint's paper asks valid(v) before the prevote, and again before the lock and before the decision. Where
# valid(v) is a language model, some have rejected what a quorum accepted. Let one node stop right after its prevote:
# q − 1 living replicas are locked on the value, the rest rejects it, and the height never ends. With `follow_polka` a
# quorum of prevotes stands for the own verdict, as a prepared certificate does in PBFT.


# %%
@dataclass(frozen=True)
class CrashAfterItsVote:
    """A node that is honest up to its first vote, and stops then."""

    byzantine: ClassVar[bool] = False

    def bend(self, node, now, event, effects):
        """Stop right after the first message that is a vote."""
        votes = node.protocol.kinds(Role.VOTE)
        for place, effect in enumerate(effects):
            if isinstance(getattr(effect, "message", None), votes):
                node.count("crashes")
                return [*effects[: place + 1], Crash()]
        return effects


accepts = 0.8
judges = {"kind": "judge", "accept_given_right": accepts, "accept_given_wrong": accepts}
paper = bft.Scenario(
    n=4,
    protocol="tendermint",
    validators={"kind": "statistical", "accuracy": 0.0, "options": 10**6, "check": judges},
    faults={"nodes": [1], "behaviour": CrashAfterItsVote()},
    views=8,
)
polka = paper.replace("tendermint.follow_polka", True)

runs = 200
simulators = [bft.Simulator(each, seed=1) for each in (paper, polka)]
ends = [tuple(simulator.run(number).outcome.agreed for simulator in simulators) for number in range(runs)]
print("locked for ever, as in the paper:", ends.count((False, True)) / runs)
print("by the exact law:                ", round(deadlock(4, 3, accepts), 3))
print("undecided with follow_polka:     ", ends.count((False, False)) / runs)

# %% [markdown]
# ## Other circumstances
#
# At most f faulty: an equivocating leader, a tenth of all messages lost, a partition that heals after a minute, four
# continents. Nobody splits, all agree, and what differs is when.

# %%
halves = {"groups": [[0, 1], [2, 3]], "start_s": 0.0, "end_s": 60.0}
regions = ["us-west-2", "eu-west-1", "sa-east-1", "ap-southeast-2"]
circumstances = {
    "leader equivocates": {"faults": {"nodes": [0], "behaviour": "equivocate"}},
    "a tenth is lost": {"network": {"loss": 0.1}},
    "partition heals": {"network": {"partitions": [halves]}, "horizon_s": 1200.0},
    "four continents": {"network": {"regions": {"nodes": regions}}},
}
rows = compare(
    {
        f"{name}: {protocol}": bft.Scenario(n=4, protocol=protocol, **given)
        for name, given in circumstances.items()
        for protocol in ("pbft", "tendermint", "hotstuff")
    },
    replications=10,
    seed=1,
)
bft.plotting.comparison_figure(rows, "At most f faulty")

# %% [markdown]
# ## So
#
# Tendermint with `follow_polka`, or PBFT: three delays, one live leader suffices, and no model's verdict can lock a
# height. A ballot where answers are so short that equal ones are common, and one decision is wanted: one delay, and one
# call to each model. HotStuff in phases where messages cost more than time. No Tendermint as written, and no chained
# HotStuff for small panels whose members may be down.

# %% [markdown]
# ## Exercise
#
# Let the *proposer* stop after its prevote (node 0). How often is the height locked now, and what does
# `deadlock(4, 3, accepts, proposer=True)` say? For which `accepts` is the deadlock likeliest, at n = 4 and n = 7? Then
# let PBFT run the same scenario: why can it not be locked?
