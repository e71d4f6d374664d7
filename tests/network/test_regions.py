"""Tables of round trips, and nodes in regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bft
from bft.core.effects import Execute
from bft.errors import ScenarioError
from bft.network.plan import NetworkPlan
from bft.network.regions import TABLES, Regions, region_table

WEST = ("us-west-2", "eu-west-1", "sa-east-1", "ap-southeast-2")


@pytest.mark.parametrize("name", TABLES)
def test_a_shipped_table_names_its_source_and_is_plausible(name: str) -> None:
    table = region_table(name)
    assert table.source
    assert table.measured
    there = np.array(table.round_trip_ms)
    assert there.shape == (len(table.regions),) * 2
    off_diagonal = ~np.eye(len(table.regions), dtype=bool)
    assert np.all(np.diag(there) < 10), "round trips inside a region take a few milliseconds"
    assert np.all(there[off_diagonal] > np.diag(there).max())
    assert np.abs(there / there.T - 1)[off_diagonal].max() < 0.35, "two directions of one path measure alike"
    assert there.max() < 450, "the longest way round the earth in fibre is 400 ms there and back"


def test_there_are_more_than_a_dozen_regions() -> None:
    assert len(region_table("aws21").regions) == 21
    assert len(region_table("ibm10").regions) == 10


def test_a_message_takes_half_the_round_trip_and_jitter() -> None:
    network = bft.Network(regions={"nodes": WEST, "jitter": {"law": "constant", "delay_s": 0.001}})
    plan = NetworkPlan(network, 4)
    assert plan.hop(0, 1).typical_s == pytest.approx(0.12352 / 2 + 0.001)
    assert plan.hop(1, 0).typical_s == pytest.approx(0.12292 / 2 + 0.001), "the way back is measured for itself"


def test_regions_are_dealt_out_in_turn() -> None:
    assert Regions(nodes=("us-east-1", "eu-west-1")).of(5) == ("us-east-1", "eu-west-1") * 2 + ("us-east-1",)


def executed_at_s(run: bft.Run) -> dict[int, float]:
    return {node: time_s for time_s, node, _ in run.trace.of(Execute)}


TABLE = """
name = "two"
source = "made up"
measured = "never"
regions = ["here", "there"]
round_trip_ms = [[1.0, 500.0], [300.0, 1.0]]
"""


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(TABLE)
    network = {"regions": {"table": str(path), "nodes": ["here", "there"], "jitter": {"law": "constant", "delay_s": 0}}}
    run = bft.simulate(bft.Scenario(n=2, f=0, network=network), 1)
    # Proposal there, vote and commit back; the primary's commit goes there again.
    assert executed_at_s(run) == pytest.approx({0: 0.25 + 0.15, 1: 0.25 + 0.15 + 0.25})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[300.0, 1.0]", "[300.0]", "round_trip_ms must have 2 rows of 2 values"),
        ('"there"]', '"here"]', "regions must not name one twice"),
        ("500.0", "-5.0", "round_trip_ms.0.1: Input should be greater than or equal to 0"),
        ('source = "made up"', "", "source: Field required"),
        ("name", "name = ", "is not TOML"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "two.toml"
    path.write_text(TABLE.replace(old, new, 1))
    with pytest.raises(ScenarioError) as refused:
        region_table(str(path))
    assert str(refused.value).startswith("network.regions.table = ")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ({"nodes": ["us-est-1"]}, "network.regions.nodes = 'us-est-1': must be one of af-south-1, ap-east-1"),
        ({"nodes": ["us-est-1"]}, "did you mean 'us-west-1' or 'us-east-1'"),
        ({"nodes": ["us-east-1"], "table": "ibm10"}, "did you mean 'us-east'"),
        ({"nodes": []}, "network.regions.nodes = []: "),
        ({"nodes": ["us-east-1"] * 5}, "network.regions.nodes = 5: must name at most one for each of n = 4 nodes"),
        (
            {"nodes": ["us-east-1"], "table": "moon"},
            "network.regions.table = 'moon': must be aws21 or ibm10, or",
        ),
        ({"nodes": ["us-east-1"], "jitter": {"law": "constant", "delay_s": -1}}, "jitter.delay_s = -1: must be at lea"),
    ],
)
def test_regions_that_cannot_be_are_refused_by_name(regions: object, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        bft.Scenario(network={"regions": regions})
    assert message in str(refused.value)
