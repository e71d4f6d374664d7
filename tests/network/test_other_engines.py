"""Who must not pretend: the vectorised engine and the exact laws know nothing of hops, queues and distances."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import bft
from bft.cli import main
from bft.experiments.laws import law_of
from bft.network.settings import BEYOND
from bft.vectorised import supported

GIVEN: dict[str, Any] = {
    "topology": "ring",
    "routing": "gossip",
    "regions": {"nodes": ["us-east-1"]},
    "rtt_ms": [[0, 80, 80, 80], [80, 0, 80, 80], [80, 80, 0, 80], [80, 80, 80, 0]],
    "coordinates": [[52.5, 13.4], [40.7, -74.0], [35.7, 139.7], [-33.9, 151.2]],
    "links": [{"senders": [0], "loss": 0.5}],
    "reordering": 0.1,
    "synchrony": {"gst_s": 1, "delta_s": 1},
    "sizes": True,
    "bandwidth": True,
    "processing": True,
    "slowdowns": [{"nodes": [0]}],
}


@pytest.mark.parametrize("name", BEYOND)
def test_each_field_is_refused_by_name(name: str) -> None:
    needed = {"processing": True} if name == "slowdowns" else {}
    scenario = bft.Scenario(n=4, network={name: GIVEN[name], **needed})
    assert name in scenario.network.beyond_delays
    assert str(supported(scenario)).startswith(f"network.{scenario.network.beyond_delays[0]} = ")
    assert law_of(scenario) is None


def test_a_network_that_is_not_beyond_delays_keeps_law_and_engine() -> None:
    for network in ({}, {"topology": "complete"}, {"processing": False}):
        scenario = bft.Scenario(n=4, network=network)
        assert scenario.network.beyond_delays == ()
        assert supported(scenario) is None
        assert law_of(scenario) is not None
        assert bft.simulate(scenario, 1).metrics.network is None
        assert bft.simulate(scenario, 1).trace_hash == bft.simulate(bft.Scenario(n=4), 1).trace_hash


def test_a_sweep_goes_over_topologies() -> None:
    sweep = bft.sweep(
        bft.Scenario(n=5, network={"routing": "gossip"}),
        over={"network.topology": ("ring", "star", {"kind": "harary", "connectivity": 3})},
        replications=3,
        seed=1,
        workers=1,
    )
    assert [row["p_agree"] for row in sweep.rows] == [1.0] * 3


def test_the_command_line_says_what_the_network_did(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--set", "n=7", "network.topology=ring", "network.routing=gossip"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "84 transmissions" not in told, "nobody crashed here"
    assert "node connectivity 2, edge connectivity 2; f = 2 faulty relays with signatures need 3: WARNING" in told
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["network"]["node_connectivity"] == 2
    assert result["network"]["transmissions"] > 84
    assert main(["run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["network"] is None


def test_a_journal_follows_messages_over_hops() -> None:
    faults = bft.Faults(nodes=(1,), behaviour="withhold")
    network = {
        "topology": "ring",
        "duplication": 0.3,
        "routing": {"kind": "routed", "signed": False, "byzantine_relays": "alter"},
    }
    scenario = bft.Scenario(n=5, network=network, faults=faults, horizon_s=60.0)
    run = bft.simulate(scenario, 2, journal=True)
    assert run.trace_hash == bft.simulate(scenario, 2).trace_hash
    assert run.journal is not None
    delivered = [each for each in run.journal.messages if each.fate == "delivered"]
    assert len(delivered) == run.metrics.messages_delivered
    assert all(each.arrived_at_s >= each.sent_at_s for each in delivered)


def test_networkx_is_loaded_only_where_a_graph_is_asked_for() -> None:
    program = "import bft, sys; bft.simulate(bft.Scenario(), 1); sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


PROGRAM = """
import bft
hashes = []
for network in (
    {"topology": {"kind": "small_world", "seed": 3}, "loss": 0.05},
    {"topology": {"kind": "harary", "connectivity": 3}, "routing": {"kind": "routed", "paths": 3, "signed": False}},
    {"routing": {"kind": "gossip", "fanout": 3}, "duplication": 0.1, "reordering": 0.1},
    {"regions": {"nodes": ["us-east-1", "eu-west-1"]}, "bandwidth": True, "processing": True},
):
    scenario = bft.Scenario(n=7, network=network, faults={"delta": 0.3, "behaviour": "equivocate"}, horizon_s=100)
    simulator = bft.Simulator(scenario, seed=11)
    hashes += [simulator.run(replication).trace_hash[:16] for replication in range(2)]
print(" ".join(hashes))
"""


def test_the_trace_hash_is_the_same_in_every_process_and_for_every_hash_seed() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(found) == 1
    assert len(set(found.pop().split())) >= 7
