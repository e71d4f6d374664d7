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
# # Your own adversary
#
# An adversary wraps an honest replica: it sees every input of its node and the effects the honest replica would have
# returned, and says what happens instead. It is a frozen dataclass with one hook, `bend`. Parameters are its fields;
# what it remembers lives in `node.memory`; what it does it counts, so that a fault that never fires is seen.

# %%
from dataclasses import dataclass
from typing import ClassVar

import bft
from bft.adversary.node import Later
from bft.core.effects import Broadcast, Send
from bft.protocols.pbft.messages import Commit, PrePrepare


@dataclass(frozen=True)
class DragsItsFeet:
    """A primary that proposes just before it would be deposed: correct, legal, and as slow as it can be."""

    delay_s: float = 9.0
    byzantine: ClassVar[bool] = True  # safety is not asked of this node

    def bend(self, node, now, event, effects):
        bent = []
        for effect in effects:
            if isinstance(effect, Broadcast | Send) and isinstance(effect.message, PrePrepare):
                node.count("proposals held back")
                bent.append(Later(self.delay_s, effect))
            else:
                bent.append(effect)
        return bent


slow = bft.Scenario(n=4, faults=bft.Faults(nodes=(0,), behaviour=DragsItsFeet()))
run = bft.simulate(slow, seed=7)
run

# %% [markdown]
# How much can it cost? A performance attack: the client waits almost a whole timeout and nobody can be blamed. The
# knob is the replicas' timeout.

# %%
# %matplotlib inline

times = {}
for timeout_s in (1.0, 3.0, 10.0):
    scenario = slow.replace_all({"pbft.view_timeout_s": timeout_s, "faults.behaviour": DragsItsFeet(0.9 * timeout_s)})
    simulator = bft.Simulator(scenario, seed=7)
    times[f"view timeout {timeout_s:g} s"] = [simulator.run(number).metrics.decided_at_s for number in range(100)]
bft.plotting.latencies(times, title="a primary that drags its feet", log=True).figure

# %% [markdown]
# ## Two at once
#
# Behaviours mix: each faulty node draws one. Colluders share `node.coalition.memory`, and may act for each other.


# %%
@dataclass(frozen=True)
class ForgetsToCommit:
    byzantine: ClassVar[bool] = True

    def bend(self, node, now, event, effects):
        kept = [e for e in effects if not (isinstance(e, Broadcast) and isinstance(e.message, Commit))]
        node.count("commits forgotten", len(effects) - len(kept))
        return kept


mixed = bft.Scenario(n=7, faults=bft.Faults(nodes=(0, 3), behaviour=(DragsItsFeet(), ForgetsToCommit())))
bft.simulate(mixed, seed=3).faults

# %% [markdown]
# ## Exercise
#
# How late may the proposal come so that nobody ever leaves the view, when delays are lognormal? Sweep
# `DragsItsFeet(x)` for x from 9 to 10.5 s at a timeout of 10 s and plot the median latency and the share of runs that
# used a second view. Then let two nodes of seven drag their feet together.
