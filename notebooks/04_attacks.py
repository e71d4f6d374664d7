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
# # Attacks
#
# What can faulty nodes do, and what does each attack achieve? The validators are perfect here, so that what is seen is
# the attack's doing. Every run counts what each fault actually did, so that
# an attack that never fired is not mistaken for one that was withstood.

# %%
# %matplotlib inline
import bft

attacks = {
    "crash": "crash",
    "silent primary": "silent_primary",
    "slow": "slow",
    "withhold": "withhold",
    "equivocate": "equivocate",
    "lie": "lie",
    "collude": "collude",
}
for name, behaviour in attacks.items():
    scenario = bft.Scenario(n=7, faults={"nodes": [0, 3], "behaviour": behaviour})
    run = bft.simulate(scenario, seed=3)
    did = {
        node: {what: times for what, times in told.items() if what != "behaviour"} for node, told in run.faults.items()
    }
    print(f"{name:15} {run.outcome.value:15} {run.metrics.views} views  {did}")

# %% [markdown]
# ## At most f, and one more
#
# With seven nodes f = 2. Up to f liars the honest nodes never execute different values; with three, two of which could
# make both of two quorums overlap in liars alone, they do.

# %%
by_count = bft.sweep(
    bft.Scenario(n=7, faults={"behaviour": "equivocate"}),
    over={"faults.nodes": [(0,), (0, 1), (0, 1, 2), (0, 1, 2, 3)]},
    replications=40,
    seed=1,
)
by_count

# %% [markdown]
# The laboratory finds the split by itself, without being told how to attack, and shrinks it to what matters.

# %%
bft.plotting.space_time_figure(
    bft.simulate(
        bft.Scenario(n=4, faults={"nodes": [0, 1], "behaviour": "equivocate"}), seed=1, journal=True
    ).journal.diagram("two traitors among four: a split", until_s=0.4)
)

# %% [markdown]
# ## Colluders without a protocol fault
#
# Validators that lie keep to the protocol, and no certificate is forged; what is agreed is wrong all the same. Against
# them only better validators help.

# %%
collusion = bft.sweep(
    bft.Scenario(n=7, faults={"behaviour": "collude"}, validators="statistical"),
    over={"faults.delta": "0:0.5:6"},
    replications=100,
    seed=7,
)
bft.plotting.bands(collusion).figure

# %% [markdown]
# ## Exercise
#
# Write the table again for n = 6 (f = 1, quorum 4): which of the attacks still do nothing with two faulty nodes, which
# stall, and which split? Predict each from 2q − n and n − q before you run it.
