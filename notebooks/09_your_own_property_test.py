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
# # Your own property test
#
# A simulation shows what usually happens. A property test looks for what must never happen: Hypothesis makes up
# schedules (which message arrives when, who crashes, who lies and how), the monitors watch every invariant, and a
# failing schedule is shrunk to what matters. The project's own tests use exactly these strategies.

# %%
from hypothesis import Phase, given, settings

import bft
from bft.checking.strategies import assert_safe, schedules
from bft.checking.subjects import pbft
from bft.protocols.pbft import Rules

correct = pbft()


@given(schedules(correct))
@settings(max_examples=30, database=None, derandomize=True, deadline=None)
def pbft_is_safe(schedule):
    assert_safe(correct, *schedule)


pbft_is_safe()

# %% [markdown]
# ## A bug is planted, and found
#
# Rules are data: one predicate is replaced, so that f + 1 commits suffice instead of a quorum.

# %%
broken = pbft(Rules(commit_quorum=lambda system: system.weak))


@given(schedules(broken))
@settings(max_examples=500, database=None, derandomize=True, deadline=None, phases=(Phase.generate, Phase.shrink))
def broken_is_safe(schedule):
    assert_safe(broken, *schedule)


try:
    broken_is_safe()
except AssertionError as error:
    print(error)
    print("\n".join(error.__notes__))

# %% [markdown]
# ## Without Hypothesis: a campaign
#
# `bft check` runs schedules by the hundred thousand, and draws what it finds. The same from Python, for a quorum that
# is too small by one:

# %%
bft.sweep(
    bft.Scenario(n=4, quorum=2, faults={"behaviour": "equivocate", "nodes": [0]}),
    over={"quorum": [2, 3]},
    replications=50,
    seed=1,
)

# %% [markdown]
# ## Exercise
#
# Plant another bug: `Rules(prepare_quorum=lambda system: system.weak)`. Does it need a Byzantine node to become a
# split, and how short is the counterexample? Then find a rule that can be weakened without anything breaking, and say
# why.
