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
# # Resilience and availability
#
# Behind every validator stands a service that fails now and then. A scenario may say so: endpoints with workers, queues
# and errors, providers with outages, and the policies with which they are asked. Machines may fail and be repaired.

# %%
# %matplotlib inline
import bft

service = {
    "preset": "production",
    "endpoints": {
        "large": {"workers": 8, "time": {"law": "lognormal", "median_s": 1.5, "log_sd": 0.5}, "p_error": 0.1},
        "small": {"workers": 8, "time": {"law": "lognormal", "median_s": 0.8, "log_sd": 0.4}, "p_error": 0.02},
    },
}
run = bft.simulate(bft.Scenario(n=7, service=service, requests={"count": 20, "rate_per_s": 0.05}), seed=3)
run

# %%
print(run.operations.to_text())

# %% [markdown]
# ## What the policies are worth
#
# Common random numbers, without any policy: an error is silence, and a silent validator costs a vote or a view.

# %%
fragile = {**service, "preset": "development"}
outcomes = {}
for name, each in {"production": service, "development": fragile}.items():
    simulator = bft.Simulator(bft.Scenario(n=7, service=each, faults={"delta": 0.1}), seed=5)
    outcomes[name] = [simulator.run(number).metrics.decided_at_s for number in range(60)]
bft.plotting.latencies(outcomes, title="time to agreement, by preset", log=True).figure

# %% [markdown]
# ## Machines
#
# Nodes fail every few hours and are repaired. Availability comes with an interval, and so does the recovery rate.

# %%
machine = {"up": {"mean_s": 20000.0}, "mix": {"crash": 0.7, "hang": 0.3}, "detector": "phi_accrual"}
lived = bft.simulate(
    bft.Scenario(n=4, machine=machine, requests={"count": 300, "rate_per_s": 0.005, "operations": "account"}), seed=1
)
print(lived.operations.to_text())

# %%
lived.balances[0] == lived.balances[3], lived.outcome.value

# %% [markdown]
# ## Exercise
#
# Which single policy of the preset "production" matters most here? Take each away with `False` (`"retry": False`,
# `"breaker": False`, `"hedge": False`), keep the random numbers, and compare the shares decided after 60 s. Then let
# one endpoint fail half of its calls (`"p_error": 0.5`): is it still the same one?
