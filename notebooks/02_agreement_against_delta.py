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
# # Agreement against δ
#
# Each node is faulty with probability δ. How does P(agreement) fall with δ, and does a larger system help? `sweep` runs
# a scenario over the values of some of its fields, estimates the probability of every outcome with an interval, and
# puts the exact law beside it where one exists.

# %%
# %matplotlib inline
import bft

sweep = bft.sweep(
    bft.Scenario(faults=bft.Faults(behaviour="equivocate")),
    over={"n": [4, 7], "faults.delta": "0:0.5:6"},
    replications=100,
    seed=7,
)
sweep

# %% [markdown]
# Points are simulated, lines are the exact law. The dashed curves are what a source document offers as the reliability
# of such a system: R is the reliability of one node, whatever n, and α is the probability that *some* node is faulty.
# Neither is the probability of agreement.

# %%
bft.plotting.agreement(sweep, source_documents=True).figure

# %% [markdown]
# ## What agreement hides
#
# The same with LLM validators, and colluders that back the honest nodes' most popular wrong answer. Total agreement
# hardly moves with δ, while what is agreed turns from right to wrong.

# %%
collusion = bft.sweep(
    bft.Scenario(n=7, faults=bft.Faults(behaviour="collude"), validators="statistical"),
    over={"faults.delta": "0:0.5:6"},
    replications=100,
    seed=7,
)
bft.plotting.bands(collusion).figure

# %% [markdown]
# ## Exercise
#
# Up to which δ is P(agreement) at least 0.99 with n = 4, and with n = 13? Read it off the figure, then find it to
# three digits with `bft.experiments.laws.law_of(bft.Scenario(n=13), [...])`. Why do the curves cross, and at which δ
# would more nodes no longer help?
