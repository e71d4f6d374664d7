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
# # Yesterday's panel under today's faults
#
# A live panel writes down what its models said. That record can be simulated: the same answers, the same verdicts, the
# same latencies, while nodes crash, lie or collude. How many questions would still have been answered?
#
# Here the models are fakes, so that the notebook needs neither a key nor a network. Put names such as
# `"openai:gpt-4o-mini"` or tables such as `{"model": "qwen3", "base_url": "http://127.0.0.1:11434/v1"}` in their place.

# %%
import tempfile
from pathlib import Path

import bft
from bft.live import Panel
from bft.validators.panel_record import read_record

QUESTIONS = {"What is six times seven?": "42", "What is three times five?": "15", "What is nine plus nine?": "18"}
record = Path(tempfile.mkdtemp()) / "panel.jsonl"

# %% [markdown]
# Seven members. Two are often wrong, and wrong alike; one cannot be understood when it judges. `survey` lets every
# member answer and judge every answer, so that the record is complete; `invoke` records too, but only what was needed.


# %%
def members(right: str) -> list[dict]:
    says = [right, right, right, right, "15", "15", right]
    kinds = ["always", "always", "always", "always", "always", "yes", "mumble"]
    seconds = [0.02, 0.01, 0.03, 0.01, 0.02, 0.01, 0.02]
    return [
        {"name": f"model-{node}", "model": f"fake:{kind}={said}+latency_s={delay_s}"}
        for node, (kind, said, delay_s) in enumerate(zip(kinds, says, seconds, strict=True))
    ]


for number, (question, right) in enumerate(QUESTIONS.items()):
    with Panel(members(right), record=record) as panel:
        panel.survey({"question": question, "id": f"q{number}", "gold": right})

for question in read_record(record).questions:
    print(question.text, [question.own_answer(node) for node in range(7)], f"{len(question.calls)} calls")

# %% [markdown]
# One of them asked live: who proposed, who accepted, who dissented, and a certificate that anyone can verify.

# %%
with Panel(members("42"), grace_s=5.0) as panel:
    answer = panel.invoke("What is six times seven?")
    proved = answer.certificate.verify(panel.public_keys)
print(answer.state.value, answer.text, "proved" if proved else "not proved")
for seat in answer.seats:
    print(seat.member, seat.stance.value, seat.reason)

# %% [markdown]
# Now the replay. It is a kind of validators like the others: `bft run --set validators=replayed --set
# validators.file=panel.jsonl` does the same.

# %%
scenario = bft.Scenario(n=7, validators={"kind": "replayed", "file": str(record)})
run = bft.simulate(scenario, seed=7)
run

# %% [markdown]
# And under faults: what would have become of these questions, had each node crashed with probability δ?

# %%
sweep = bft.sweep(scenario, over={"faults.delta": [0.0, 0.1, 0.2, 0.3]}, replications=200, seed=7, progress=False)
sweep

# %% [markdown]
# With nobody faulty the panel never fails on these questions: four answer well, and the flatterer accepts what is right
# as readily as what is wrong. That makes five of seven, just a quorum. One crash among them is still covered, once the
# turn comes to model-6: its verdicts cannot be read, but its answer is good, and whoever proposes counts. Two crashes
# are too many, except for the question whose answer everybody knew. No average accuracy would have told that.

# %% [markdown]
# ## Exercise
#
# Take one model out of the replayed panel and ask again: how many questions are still answered right, and how many
# wrong? At which fault rate is a panel of one model as good as the four?
