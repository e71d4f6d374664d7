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
# # View changes, seen
#
# The primary proposes; if nothing comes of it, the others depose it. A run with `journal=True` keeps every message,
# every call of a validator and every timer, and can be drawn in space and time. Long silences are folded.

# %%
# %matplotlib inline
import bft

silent = bft.Scenario(n=4, faults={"nodes": [0], "behaviour": "silent_primary"})
run = bft.simulate(silent, seed=5, journal=True)
run

# %%
bft.plotting.space_time_figure(run.journal.diagram("a silent primary is deposed after its timeout"))

# %% [markdown]
# ## A liar at the helm
#
# Node 0 sends different proposals to different nodes. No value gets a quorum, or one does and the rest catches up.

# %%
liar = bft.simulate(silent.replace("faults.behaviour", "equivocate"), seed=3, journal=True)
bft.plotting.space_time_figure(liar.journal.diagram("an equivocating primary"))

# %% [markdown]
# ## What it costs
#
# Messages by phase, without a fault and with each of these.

# %%
bft.plotting.messages_by_phase(
    {
        "no fault": bft.simulate(bft.Scenario(n=4), seed=5).metrics.sent_by_kind,
        "silent primary": run.metrics.sent_by_kind,
        "equivocating primary": liar.metrics.sent_by_kind,
    }
).figure

# %% [markdown]
# ## Elsewhere
#
# The same run opens in Perfetto (`ui.perfetto` style JSON), in ShiViz (a log with vector clocks), in any Markdown
# viewer that knows Mermaid, and as a page of its own that zooms and filters. On the command line:
# `bft run --export html=run.html perfetto=run.json mermaid=run.mmd shiviz=run.log animation=run.gif`.

# %%
from bft.exporting.mermaid import mermaid

print(mermaid(bft.simulate(bft.Scenario(n=4), seed=5, journal=True).journal, most=6))

# %% [markdown]
# ## Exercise
#
# How many messages does the view change cost when two silent primaries stand behind each other (nodes 0 and 1 of
# seven)? Predict the number of `ViewChange` copies, then look at `metrics.sent_by_kind`, and find in the diagram why
# the second timeout is longer than the first.
