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
# # Calibrate from your data
#
# From a table of what your models answered to validators that a simulation can use, and back: does the simulation do
# what your models did? The table here is made up: 400 questions, seven models. Yours needs the columns `question_id`,
# `gold`, `model`, `answer` (empty where nothing could be parsed), and `n_options` where there are options; csv, jsonl
# or parquet.

# %%
from pathlib import Path
from tempfile import mkdtemp

import bft
from bft.calibration.fit_files import scenario_toml, write
from bft.calibration.fitting import fit
from bft.validators.tables import load_answers

file = next(path for folder in (".", "notebooks") if (path := Path(folder) / "made_up_answers.csv").exists())
table = load_answers(file)
models = table.models
models, len(table.questions)

# %% [markdown]
# ## Fit
#
# Accuracies are means. *r* says how much the models are right on the same questions, *τ* how often all that err give
# the same wrong answer, *Kα* how much they agree in errors otherwise (small: they agree much), the correlation of
# missing answers how much they fail to answer together. The intervals come from resampling the questions.

# %%
found = fit(table, models, seed=1)
quality = found.numbers.fit
print("accuracy", [round(float(share), 3) for share in found.estimate.accuracy])
for name in ("r", "tau", "k_alpha", "missing_correlation"):
    low, high = getattr(quality.intervals, name)
    print(f"{name:<21}{getattr(found.estimate, name):.3f}   {low:.3f} to {high:.3f}")

# %% [markdown]
# ## Is the model any good?
#
# Half of the questions are fitted and the other half predicted, both ways, ten times. The *miss* is the mean error of
# the prediction, in points: what the model cannot express. *One half* is how far a single prediction is off on
# average, and ± the range of 95 % of the halves if nothing but sampling were at work. *Within* is the share of the
# halves that are predicted within 2 points, beside that of the plainest prediction there is: the answers of the other
# half themselves. With 200 questions in each half sampling is large: a single half says little about the model.

# %%
for size in quality.held_out.sizes:
    for name in ("correct", "wrong", "missing"):
        share = getattr(size, name)
        print(
            f"n = {size.n}  {name:<8} predicted {100 * share.predicted:5.1f}  seen {100 * share.observed:5.1f}"
            f"  miss {100 * (share.predicted - share.observed):+.1f}"
            f"  one half {100 * share.mean_miss:.1f} (± {196 * share.sampling:.1f})"
            f"  within 2 points {share.within:.0%} ({share.within_by_half:.0%})"
        )

# %% [markdown]
# ## A scenario
#
# `bft validators fit answers.csv --models … --out panel.toml` does all of the above and writes this file. It runs as it
# is: `bft run panel.toml`.

# %%
panel = Path(mkdtemp()) / "panel.toml"
write(panel, scenario_toml(found.numbers))
print(panel.read_text(encoding="utf-8"))

# %% [markdown]
# ## Simulate, and compare
#
# The fitted panel beside the recorded one, whose validators give the very answers of the table: the probability that
# a wrong answer is agreed on, when faulty nodes collude on the honest nodes' most popular mistake. The exact law of the
# recorded answers stands beside both.

# %%
fitted = bft.Scenario.from_toml(panel).replace("faults.behaviour", "collude")
recorded = fitted.replace("validators", {"kind": "recorded", "file": str(file), "models": models})
sweeps = {
    name: bft.sweep(scenario, over={"faults.delta": "0:0.4:3"}, replications=200, seed=7, workers=1, progress=False)
    for name, scenario in (("fitted", fitted), ("recorded", recorded))
}
for ours, theirs in zip(sweeps["fitted"].rows, sweeps["recorded"].rows, strict=True):
    for kind in ("correct", "wrong"):
        low, high = ours[f"p_{kind}_low"], ours[f"p_{kind}_high"]
        print(
            f"δ = {ours['faults.delta']:.1f}  {kind:<8} fitted {ours[f'p_{kind}']:.3f} ({low:.3f} to {high:.3f})"
            f"  recorded {theirs[f'p_{kind}']:.3f}, exactly {theirs[f'exact_{kind}']:.3f}"
        )

# %%
sweeps["fitted"]

# %% [markdown]
# ## Exercise
#
# Fit the panel once more on half of the questions, and predict the other half: by how much do correct and wrong
# agreement differ from what is recorded? Which number of the fit (accuracy, correlation, the same mistake) would you
# have to measure better?
