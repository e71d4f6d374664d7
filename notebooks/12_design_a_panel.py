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
# # Design a panel
#
# Which models to ask, by which rule and quorum, when at most 15 of 100 questions may be decided wrong? And how many
# validators are seven models really? The table is made up: 400 questions, seven models that err together.

# %%
from pathlib import Path

import bft

file = next(path for folder in (".", "notebooks") if (path := Path(folder) / "made_up_answers.csv").exists())
found = bft.design(file, max_wrong=0.15, repeats=1)
found

# %% [markdown]
# ## The front
#
# Every point was chosen on nine tenths of the questions and judged on the others. The best single model and the
# plurality of all seven stand beside it: members that err together add little, a quorum buys fewer wrong decisions with
# fewer decisions.

# %%
figure = bft.plotting.design_figure(found)
figure

# %% [markdown]
# ## Optimism
#
# How much better did the choices look where they were made?

# %%
for panel in found.front[:5]:
    optimism = panel.held_out.wrong.value - panel.chosen_on_wrong
    print(f"{panel.by:<20} {panel.n} models  wrong {panel.held_out.wrong.value:.3f}, optimism {optimism:+.3f}")

# %% [markdown]
# ## How sure?
#
# Each end of an interval holds with 95 % confidence, unless another is stated. With less a panel is found more often,
# and misses its target on other questions more often.

# %%
for confidence in (0.8, 0.95, 0.99):
    stated = bft.design(file, max_wrong=0.11, confidence=confidence, repeats=1)
    print(f"{confidence:.0%}:", "none" if stated.recommended is None else stated.reason)

# %% [markdown]
# ## How many validators?

# %%
print(found.errors_together.sentence)
print("groups:", [group for group in found.errors_together.groups if len(group) > 1])

# %% [markdown]
# ## Two of them lie
#
# The same question, if any two members may collude on the most popular wrong answer. The reason says by how much a
# target is missed, and which panel comes nearest.

# %%
attacked = bft.design(file, max_wrong=0.15, liars=2, sizes=[7], repeats=1)
print(attacked.reason)

# %% [markdown]
# ## Run it
#
# The nearest or recommended panel as a scenario, simulated under its faults.

# %%
scenario = attacked.scenario(attacked.recommended or attacked.nearest)
bft.sweep(scenario, over={"n": [7]}, replications=100, seed=1, workers=1, progress=False)

# %% [markdown]
# ## Exercise
#
# How many liars does the cheapest panel that meets `max_wrong=0.15` withstand, and what does each further one cost in
# right decisions? Go over `liars` from 0 to 3 and draw right against wrong. Then leave out the two models that err
# together most: is the smaller panel better than the design found it?
