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
# # Correct against agreed
#
# A panel of language models can agree on a wrong answer. How often depends less on how good each model is than on
# whether they err *together*. This notebook takes the same panel with and without common errors, and shows what a
# quorum buys.

# %%
# %matplotlib inline
import bft

together = bft.Scenario(n=7, validators="statistical")  # numbers fitted to seven real models on MMLU-Pro
panel = bft.sweep(together, over={"faults.delta": "0:0.5:6"}, replications=200, seed=1)
panel

# %%
bft.plotting.bands(panel).figure

# %% [markdown]
# ## The same accuracy, independent errors
#
# Were the errors independent, wrong agreement would be all but impossible: this is the assumption behind most
# promises of "majority voting". The accuracies are the same as above.

# %%
independent = together.replace("validators.errors", {"kind": "independent"})
bft.plotting.bands(bft.sweep(independent, over={"faults.delta": "0:0.5:6"}, replications=200, seed=1)).figure

# %% [markdown]
# ## Exactly
#
# For these scenarios there is an exact law (integrated over what the validators have in common), so that no simulation
# is needed to compare them.

# %%
from bft.experiments.laws import law_of

for name, scenario in {"errors in common": together, "independent errors": independent}.items():
    law = law_of(scenario, delta=[0.0, 0.2])
    print(f"{name:20} correct {law.correct.round(3)}, wrong {law.wrong.round(4)}, stalled {law.stalled.round(3)}")

# %% [markdown]
# ## Yours to turn
#
# With the extra `notebooks` the same laws answer to sliders: δ, n, accuracy, correlation.

# %%
from bft.notebook.sliders import outcome_sliders

outcome_sliders()

# %% [markdown]
# ## Exercise
#
# By how much does the share of wrong agreement fall if the validators' errors are half as correlated? Give
# `validators.errors` the kind "correlated" with r from 0.1 to 0.9, take the exact law, and plot `wrong / (correct +
# wrong)` against r. What would you have promised if you had assumed independence?
