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
# # First run
#
# Four nodes, each a PBFT replica with an LLM validator beside it, decide one question. A *scenario* says what is run;
# `simulate` runs it once. The same scenario, seed and replication give the same run, event by event, everywhere.

# %%
import bft

run = bft.simulate(bft.Scenario(n=4), seed=7)
run

# %% [markdown]
# Without faults everybody executes one value after three message delays: 2n(n − 1) = 24 messages in one view. The
# trace holds every event.

# %%
[f"{time_s:.3f} s  node {node}: {type(event).__name__}" for time_s, node, event in run.trace[:6]]

# %% [markdown]
# ## A faulty node
#
# PBFT tolerates f = ⌊(n − 1)/3⌋ Byzantine nodes, here one. Node 0 leads the first view and proposes one value to some
# and another to the others. The honest nodes still agree.

# %%
one_traitor = bft.Scenario(n=4, faults=bft.Faults(nodes=(0,), behaviour="equivocate"))
bft.simulate(one_traitor, seed=7)

# %% [markdown]
# Two traitors are one too many: the honest nodes execute different values. That outcome is called *split*, and it is
# never mixed up with a stall, where nobody decides anything.

# %%
two_traitors = one_traitor.replace("faults.nodes", (0, 1))
split = bft.simulate(two_traitors, seed=7)
split.outcome.value, [breach.detail for breach in split.breaches]

# %% [markdown]
# ## Validators that err
#
# Perfect validators are the default. Here they are replaced by numbers fitted to the recorded answers of seven LLMs:
# each accepts a proposal if it is its own answer, and they err together more often than chance would have it. Safety
# does not depend on them; whether anything is decided, and whether it is right, does.

# %%
llms = bft.Scenario(n=7, validators="statistical")
[bft.simulate(llms, seed=7, replication=number).outcome.value for number in range(10)]

# %% [markdown]
# ## Exercise
#
# Which faulty nodes make the run of two traitors agree after all? Try `faults.nodes` (0, 1), (1, 2) and (2, 3), with
# several seeds, and look at `split.faults`: who has to be the primary for the attack, and why is the law the same for
# every pair nevertheless? Then give the system seven nodes: how many traitors does it take?
