"""The scenarios whose runs are recorded: every field of a scenario with a value that is not its default.

Each description below is run with two behaviours of faulty nodes, in turn from all there are; the ones that a protocol
refuses are passed over. The scenarios are small, so that all runs together take a few CPU-seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import bft
from bft.errors import BftError
from bft.voting import Plurality

DATA = Path(__file__).parent / "data"

BEHAVIOURS: tuple[Any, ...] = (
    "crash",
    {"kind": "crash", "at_s": 0.06},
    {"kind": "crash_recover", "at_s": 0.05, "back_s": 4.0},
    "silent_primary",
    {"kind": "slow", "delay_s": 0.3},
    "withhold",
    "equivocate",
    {"kind": "equivocate", "rush": True},
    "lie",
    {"kind": "lie", "confidence": 0.9},
    "collude",
    {"kind": "collude", "confidence": 0.7},
    "inject",
)
RUNS_EACH = 2
LATENCY = {
    "first_token_median_s": 0.3, "first_token_log_sd": 0.3, "slow_share": 0.05, "slow_factor": 4.0,
    "tokens_median": 50.0, "verdict_tokens_median": 5.0, "tokens_log_sd": 0.4, "length_correlation": 0.7,
    "tokens_per_s": 90.0, "cost_per_token": 0.00001,
}  # fmt: skip
JUDGE = {
    "kind": "judge", "accept_given_right": 0.9, "accept_given_wrong": 0.4, "accept_given_right_own_right": 0.95,
    "accept_given_right_own_wrong": 0.5, "accept_given_wrong_own_right": 0.2, "accept_given_wrong_own_wrong": 0.7,
    "unsure": 0.05, "flip": 0.1,
}  # fmt: skip
EXPONENTIAL = {"law": "exponential", "mean_s": 0.4}
KINDS_OF_FAULT = ("crash", "hang", "leak", "corruption", "host", "byzantine")
LIFETIME = {"mean_s": 8.0, "shape": 1.5}


def statistical(**more: Any) -> dict[str, Any]:
    """Return validators that err."""
    return {"validators": {"kind": "statistical", "accuracy": 0.7, **more}}


def recorded(**more: Any) -> dict[str, Any]:
    """Return validators that answer what is in a table."""
    models = ["one", "two", "three", "four"]
    return {"validators": {"kind": "recorded", "file": str(DATA / "answers.csv"), "models": models, **more}}


def network(**more: Any) -> dict[str, Any]:
    """Return a network."""
    return {"network": more}


def machine(**more: Any) -> dict[str, Any]:
    """Return machines that fail, and requests that meet it."""
    return {"machine": {"up": LIFETIME, **more}, "requests": {"count": 4, "rate_per_s": 0.5}, "horizon_s": 30.0}


def service(endpoint: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a service of two endpoints."""
    endpoints = {"a": {"time": EXPONENTIAL, **(endpoint or {})}, "b": {"time": {"law": "constant", "time_s": 0.5}}}
    return {"service": {"endpoints": endpoints, **more}, "horizon_s": 40.0, **statistical()}


def ballot(rule: Any = None, **more: Any) -> dict[str, Any]:
    """Return a ballot."""
    return {"protocol": "ballot", **({} if rule is None else {"rule": rule}), **statistical(options=2), **more}


PBFT: tuple[dict[str, Any], ...] = (
    {},
    {"n": 1},
    {"n": 7},
    {"f": 0},
    {"quorum": 4},
    {"n": 5, "stakes": [1, 2, 3, 1, 1]},
    {"views": 2, "pbft": {"view_timeout_s": 3.0}},
    {"views": "unlimited", "pbft": {"timeout_growth": 1.3, "timeout_cap_s": 12.0}},
    {"retransmission": False},
    {"retransmit_s": 0.3, "network": {"loss": 0.2}},
    {"pbft": {"checkpoint_interval": 1, "window": 4}, "requests": {"count": 9, "rate_per_s": 4.0}},
    {"horizon_s": 0.2},
    {"faults": {"delta": 0.3}},
    {"faults": {"delta": (0.1, 0.5, 0.9, 0.1)}},
    {"n": 7, "faults": {"delta": 0.3, "draw": "fraction"}},
    {"n": 7, "faults": {"delta": 0.4, "behaviour": ["crash", "lie", "withhold"], "shares": (1.0, 2.0, 1.0)}},
    {"requests": {"count": 6, "rate_per_s": 2.0, "clients": 2}},
    {"requests": {"count": 6, "rate_per_s": 5.0, "clients": 2, "pipelined": True}},
    {"requests": {"count": 5, "rate_per_s": 2.0, "operations": "account"}},
    {"n": 5, "membership": {"members": 4}},
    {
        "n": 6,
        "membership": {
            "members": 5,
            "least": 3,
            "changes": [{"at_s": 1.0, "remove": 4, "add": 5}, {"at_s": 9.0, "remove": 2}],
        },
        "requests": {"count": 8, "rate_per_s": 0.8},
        "pbft": {"checkpoint_interval": 2},
    },
)

NETWORKS: tuple[dict[str, Any], ...] = (
    network(delay={"law": "constant", "delay_s": 0.1}),
    network(delay={"law": "uniform", "low_s": 0.01, "high_s": 0.3}),
    network(delay={"law": "normal", "mean_s": 0.2, "sd_s": 0.05}),
    network(delay={"law": "lognormal", "median_s": 0.1, "log_sd": 0.9}),
    network(delay={"law": "exponential", "mean_s": 0.2}),
    network(delay={"law": "pareto", "scale_s": 0.03, "shape": 1.4}),
    network(loss=0.1, duplication=0.2),
    network(partitions=[{"groups": [[0, 1], [2, 3]], "start_s": 0.05, "end_s": 12.0}]),
    network(partitions=[{"groups": [[0, 1, 2], [3]], "end_s": 6.0, "one_way": True, "crossing": {"law": "held"}}]),
    network(partitions=[{"groups": [[0], [1, 2, 3]], "end_s": 6.0, "crossing": {"law": "constant", "delay_s": 2.0}}]),
    network(topology="complete"),
    {"n": 5, **network(topology="ring", routing={"kind": "routed", "paths": 2, "signed": False})},
    network(topology={"kind": "star", "centre": 2}, routing={"kind": "routed", "byzantine_relays": "alter"}),
    {"n": 6, **network(topology={"kind": "grid", "columns": 3})},
    {"n": 7, **network(topology={"kind": "random_regular", "degree": 2, "seed": 2})},
    {"n": 7, **network(topology={"kind": "small_world", "nearest": 2, "rewiring": 0.3, "seed": 3})},
    {"n": 7, **network(topology={"kind": "scale_free", "links": 3, "seed": 4})},
    {"n": 6, **network(topology={"kind": "harary", "connectivity": 4})},
    network(topology={"kind": "graphml", "file": str(DATA / "square.graphml"), "directed": False}),
    network(
        topology={
            "kind": "edges",
            "links": [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2], [1, 3]],
            "nodes": 4,
            "directed": True,
            "delay_s": [0.01, 0.02, 0.03, 0.04, 0.05, 0.06],
        }
    ),
    {"n": 7, **network(routing={"kind": "gossip", "fanout": 3, "ttl": 4, "signed": False})},
    {"n": 7, **network(routing={"kind": "gossip", "byzantine_relays": "forward"})},
    network(regions={"nodes": ["eu-de", "us-south", "jp-tok", "au-syd"], "table": "ibm10"}),
    network(regions={"nodes": ["us-east-1", "eu-west-1"], "jitter": {"law": "constant", "delay_s": 0.002}}),
    network(
        links=[
            {"senders": [0], "recipients": [1, 2], "delay": {"law": "constant", "delay_s": 0.4}, "loss": 0.1},
            {"senders": [2], "duplication": 0.5, "reordering": 0.4},
        ]
    ),
    network(reordering=0.3, held_back_s=0.4),
    network(synchrony={"gst_s": 5.0, "delta_s": 0.2, "before": {"law": "pareto", "scale_s": 0.6, "shape": 0.9}}),
    network(synchrony={"gst_s": 3.0, "delta_s": 0.5, "before": {"law": "adversarial"}}),
    network(
        sizes={
            "header_bytes": 40, "signature_bytes": 96, "digest_bytes": 64, "request_bytes": 500, "answer_bytes": 900,
        },
        bandwidth={"uplink_mbit_s": 2.0},
        slowdowns=[{"nodes": [1], "factor": 3.0, "start_s": 0.01, "end_s": 4.0}],
    ),
    network(processing={"verify_s": 0.01, "sign_s": 0.02, "message_s": 0.001, "queue_limit": 9, "law": "exponential"}),
)  # fmt: skip

VALIDATORS: tuple[dict[str, Any], ...] = (
    {"validators": "statistical"},
    {"validators": {"kind": "statistical", "preset": "mmlu_pro_strong7"}},
    {"validators": {"kind": "statistical", "file": str(DATA / "numbers.toml")}},
    statistical(options=5, missing=0.1, missing_correlation=0.4),
    statistical(accuracy=(0.9, 0.8, 0.7, 0.6), errors={"kind": "independent"}),
    statistical(errors={"kind": "beta_binomial", "correlation": 0.3, "tau": 0.2, "k_alpha": 2.0}),
    statistical(errors={"kind": "correlated", "r": 0.5, "flawed": 0.05, "tau": 0.3, "k_alpha": 0.7}),
    statistical(check={"kind": "same_answer", "flip": 0.2}),
    statistical(check=JUDGE),
    statistical(check={"kind": "judge", "redraw": True}),
    statistical(check={"kind": "judge", "correlation": 0.4}),
    statistical(latency=LATENCY),
    statistical(clones={"models": ("a", "a", "b", "c"), "correlation": 1.0, "same_wrong": 0.5}),
    statistical(debate={"rounds": 3, "persuasion": 0.4, "right_to_wrong": 0.2}, latency=LATENCY),
    statistical(debate={"rounds": 1, "wrong_to_right": 0.6, "sycophancy": 0.2, "steepness": 2.0}),
    statistical(injection={"accept": 0.8}, check=JUDGE),
    statistical(timeouts={"share": 0.2, "after_s": 4.0}, latency=LATENCY),
    recorded(),
    recorded(compare="letters", drop_conflicts=True, check={"kind": "judge"}),
    recorded(compare="as_written", latency=LATENCY, debate={"rounds": 1}),
    recorded(timeouts={"share": 0.1}, injection={"accept": (0.5, 0.6, 0.7, 0.8)}),
    {"validators": {"kind": "replayed", "file": str(DATA / "panel.jsonl")}},
    {"validators": {"kind": "replayed", "file": str(DATA / "panel.jsonl"), "models": list("abcd"), "latency": False}},
)

MACHINES: tuple[dict[str, Any], ...] = (
    machine(),
    machine(down={"mean_s": 2.0}),
    machine(mix={"crash": 0.5, "hang": 0.5}, policy={"kind": "fixed", "ladder": ["restart", "replace"]}),
    machine(policy={"kind": "adaptive", "rules": dict.fromkeys(KINDS_OF_FAULT, "migrate")}, accuracy=0.5),
    machine(
        costs={
            "isolation": "vm", "restart_s": 1.0, "transfer_s": 2.0, "provision_s": 3.0, "consensus_s": 1.0,
            "price": [["migrate", 2.0], ["replace", 3.0]],
        },
        snapshots={"interval_s": 4.0},
        nodes_on_host=2,
    ),
    machine(heartbeats={"interval_s": 0.5, "jitter_s": 0.05}, detector={"kind": "timeout", "timeout_s": 2.0}),
    machine(detector={"kind": "phi_accrual", "threshold": 6.0, "window": 50, "minimum": 5, "least_sd_s": 0.05}),
    {
        **machine(
            monitoring={
                "size": 10, "minimum": 3, "silent_calls": 4, "latency_s": {"above": 1.0, "clear_at": 0.5},
                "warning": {"above": 0.2, "clear_at": 0.1}, "severe": {"above": 0.4, "clear_at": 0.3},
                "retry": {"above": 0.3, "clear_at": 0.2},
            }
        ),
        **statistical(latency=LATENCY),
    },
)  # fmt: skip

SERVICES: tuple[dict[str, Any], ...] = (
    service(),
    service({"workers": 2, "queue": 3, "p_error": 0.3, "notices_cancel": True}, retry={"attempts": 2}),
    service({"rate_limit": {"rate_per_s": 2.0, "burst": 2, "max_wait_s": 1.0}}, use=[["a"], ["b"], ["a", "b"], ["b"]]),
    service({"breakdowns": {"up": {"mean_s": 3.0}, "down": {"mean_s": 2.0}}}, preset="test"),
    service(
        {
            "disturbances": [
                {"start_s": 0.0, "end_s": 0.4, "kind": "hang"},
                {"start_s": 0.5, "end_s": 5.0, "kind": "slow", "factor": 3.0},
            ]
        },
        preset="production",
    ),
    service(
        {"provider": "p", "time": {"law": "lognormal", "median_s": 0.3, "log_sd": 0.5}},
        providers={"p": {"up": {"mean_s": 8.0}, "down": {"mean_s": 1.0}, "stationary": True}},
        fallback=True,
    ),
    service(
        {"p_error": 0.4},
        retry={
            "attempts": 4, "first_delay_s": 0.2, "factor": 1.5, "cap_s": 1.0, "attempt_timeout_s": 3.0,
            "deadline_s": 9.0, "budget": {"ratio": 0.5, "capacity": 3.0},
        },
        breaker={
            "failures": 2, "open_s": 2.0, "probes": 2, "successes": 2, "probe_timeout_s": 5.0, "counts": "attempts",
        },
    ),
    service(hedge={"delay_s": 0.2, "extra": 2}, bulkhead={"slots": 2, "queue": 1}, preset="development"),
    service(rate_limit={"rate_per_s": 3.0}, caching={"ttl_s": 5.0, "stale_s": 8.0}, shared_cache=True),
    service({"p_error": 0.5}, default_answer="none", votes="first_class"),
    service(
        chaos={
            "rate": 0.5,
            "faults": [
                {"failure": {"kind": "status", "status": 429, "retry_after_s": 0.5}, "weight": 2.0},
                {"failure": None, "latency_s": 0.7},
            ],
            "start_s": 0.1,
            "end_s": 20.0,
        },
        steady_state={"target": 0.9, "confidence": 0.9, "abort_below": 0.3, "false_abort": 0.01},
    ),
)  # fmt: skip

BALLOTS: tuple[dict[str, Any], ...] = (
    ballot(),
    ballot("quorum", n=7),
    ballot("plurality"),
    ballot({"kind": "plurality", "ties": "lowest_voter"}),
    ballot({"kind": "stake", "ties": "lowest_voter"}, n=4, stakes=[3, 1, 2, 1]),
    ballot({"kind": "log_odds", "questions": 60, "ties": "lowest_voter"}),
    ballot({"kind": "log_odds", "accuracy": (0.9, 0.8, 0.7, 0.6), "options": 3}),
    ballot({"kind": "confidence", "ties": "lowest_voter"}) | statistical(confidence={"spread": 2.0, "bias": 0.3}),
    ballot("confidence") | statistical(confidence={"stretch": 1.5}),
    ballot(Plurality(ties="lowest_voter")),
    ballot("judge") | statistical(check=JUDGE),
    ballot("log_odds") | recorded(kept_for_learning=0.4),
    ballot("confidence") | recorded(confidence={"spread": 3.0}),
    ballot("plurality", ballot={"deadline_s": 1.0}, retransmit_s=0.2) | network(loss=0.3),
    ballot("plurality", retransmission=False) | network(delay={"law": "pareto"}, duplication=0.3),
    ballot("quorum", n=5) | network(topology="ring"),
    ballot("quorum") | statistical(latency=LATENCY, timeouts={"share": 0.1}),
)

PLACES: tuple[dict[str, Any], ...] = (
    network(rtt_ms=[[0, 40, 60, 90], [40, 0, 50, 80], [60, 50, 0, 70], [90, 80, 70, 0]]),
    network(
        coordinates=[[50.1, 8.7], [39.0, -77.5], [1.4, 103.8], [-33.9, 151.2]],
        path_stretch=1.5, jitter={"law": "constant", "delay_s": 0.003},
    ),
    network(
        topology={
            "kind": "graphml", "file": str(DATA / "square_latency.graphml"),
            "delay_attribute": "latency", "delay_unit": "ms",
        },
    ),
)  # fmt: skip

REPLAYED: tuple[dict[str, Any], ...] = (
    {"validators": {"kind": "replayed", "file": str(DATA / "panel.jsonl"), "question": "q1", "unknown": "right"}},
)  # the families are recorded in this order: a new one at the end changes no other's behaviours

TWINS: tuple[dict[str, Any], ...] = (
    {"n": 4, "faults": {"nodes": (2, 3), "behaviour": "twins"}},
    {
        "n": 7,
        "faults": {"nodes": (0, 4, 5), "behaviour": {"kind": "twins", "first": (1, 6)}},
        "pbft": {"view_timeout_s": 2.0},
    },
    ballot("plurality", faults={"nodes": (1,), "behaviour": "twins"}),
)

FAMILIES = {
    "pbft": PBFT,
    "network": NETWORKS,
    "validators": VALIDATORS,
    "machine": MACHINES,
    "service": SERVICES,
    "ballot": BALLOTS,
    "places": PLACES,
    "replayed": REPLAYED,
    "twins": TWINS,
}


def scenarios() -> Iterator[tuple[str, bft.Scenario]]:
    """Yield the name and the scenario of each recorded run."""
    behaviours = cycle(BEHAVIOURS)
    for family, descriptions in FAMILIES.items():
        for number, description in enumerate(descriptions):
            for _ in range(RUNS_EACH):
                name, scenario = _with_faults(description, behaviours)
                yield f"{family} {number}, {name}", scenario


def _with_faults(description: dict[str, Any], behaviours: Iterator[Any]) -> tuple[str, bft.Scenario]:
    """Return a scenario with the next behaviour that it can have, and what it is called."""
    last: BftError | None = None
    for _ in BEHAVIOURS:
        behaviour = next(behaviours)
        faults = {"nodes": (0,), "behaviour": behaviour, **description.get("faults", {})}
        if "delta" in faults:
            del faults["nodes"]
        try:
            scenario = bft.Scenario(**{**description, "faults": faults})
        except BftError as error:
            last = error
            continue
        return _name(faults["behaviour"]), scenario
    raise AssertionError(f"no behaviour goes with {description}") from last


def _name(behaviour: Any) -> str:
    if isinstance(behaviour, str):
        return behaviour
    if isinstance(behaviour, list):
        return "+".join(behaviour)
    return " ".join([behaviour["kind"], *(f"{key}={value}" for key, value in behaviour.items() if key != "kind")])
