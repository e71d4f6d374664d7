"""What the vectorised engine refuses, and how it slices the streams."""

from __future__ import annotations

import ast
import doctest
import inspect
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bft
from bft import vectorised
from bft.adversary.lie import Lie
from bft.errors import ScenarioError, UnsupportedError
from bft.network.settings import Network
from bft.randomness import Randomness
from bft.simulation import links
from bft.vectorised import VectorisedSimulator, known_fields, losses, simulator, streams, support, supported
from bft.vectorised import rare as rare_events
from bft.vectorised.known_fields import unknown_fields

LATENCY = {"kind": "statistical", "latency": {}}
JUDGE = {"kind": "statistical", "check": {"kind": "judge", "redraw": True}}
FLIP = {"kind": "statistical", "check": {"kind": "same_answer", "flip": 0.1}}
REFUSED: list[tuple[str, bool, dict[str, Any]]] = [
    ("requests.count", True, {"requests": {"count": 2, "rate_per_s": 1.0}}),
    ("network.partitions", True, {"network": {"partitions": [{"groups": [[0]], "end_s": 1.0}]}}),
    ("network.duplication", True, {"network": {"duplication": 0.1}}),
    ("network.loss", True, {"network": {"loss": 0.1}}),
    ("network.loss", True, {"network": {"loss": 0.1}, "views": 1}),
    ("network.loss", False, {"network": {"loss": 0.1}, "views": 1, "retransmission": False}),
    ("network.delay.law", False, {"network": {"delay": {"law": "lognormal", "median_s": 0.1}}}),
    ("horizon_s", False, {"horizon_s": 60.0}),
    ("validators.latency", True, {"validators": LATENCY}),
    ("validators.check.flip", True, {"validators": FLIP}),
    ("validators.check.redraw", True, {"validators": JUDGE}),
    ("faults.behaviour", True, {"faults": {"delta": 0.1, "behaviour": "slow"}}),
    ("faults.behaviour", True, {"faults": {"delta": 0.1, "behaviour": "crash_recover"}}),
    ("faults.behaviour.at_s", True, {"faults": {"delta": 0.1, "behaviour": {"kind": "crash", "at_s": 0.01}}}),
    ("faults.behaviour", True, {"faults": {"delta": 0.1, "behaviour": "equivocate"}}),
    ("faults.behaviour", False, {"faults": {"delta": 0.1, "behaviour": ["equivocate", "crash"]}}),
    ("validators.kind", False, {"faults": {"delta": 0.1, "behaviour": "equivocate"}, "validators": "statistical"}),
    ("stakes", False, {"faults": {"delta": 0.1, "behaviour": "equivocate"}, "stakes": [1, 2, 3, 4]}),
    ("retransmission", False, {"faults": {"delta": 0.1, "behaviour": "equivocate"}, "retransmission": False}),
    ("retransmit_s", False, {"faults": {"delta": 0.1, "behaviour": "equivocate"}, "retransmit_s": 11.0}),
    ("views", False, {"faults": {"delta": 0.1, "behaviour": "equivocate"}, "views": 1}),
    (
        "faults.behaviour.rush",
        False,
        {"n": 6, "faults": {"delta": 0.1, "behaviour": {"kind": "equivocate", "rush": True}}},
    ),
]


@pytest.mark.parametrize(("field", "timing", "described"), REFUSED)
def test_what_is_not_supported_is_refused_by_the_name_of_its_field(
    field: str, timing: bool, described: dict[str, Any]
) -> None:
    scenario = bft.Scenario(**described)
    reason = supported(scenario, timing=timing)
    assert reason is not None
    assert reason.startswith(f"{field} = ")
    assert "the vectorised engine runs" in reason
    with pytest.raises(UnsupportedError, match="the vectorised engine runs"):
        VectorisedSimulator(scenario, 1, timing=timing)


def test_a_field_that_the_engine_was_not_written_for_is_refused_unless_it_is_at_rest() -> None:
    class Tomorrow(Network):
        jitter_s: float = 0.0

    at_rest = bft.Scenario().model_copy(update={"network": Network()})
    assert list(unknown_fields(at_rest)) == []
    known_fields.KNOWN[Tomorrow] = known_fields.KNOWN[Network]
    try:
        for jitter_s, found in ((0.0, []), (0.5, [("network.jitter_s", 0.5)])):
            scenario = bft.Scenario().model_copy(update={"network": Tomorrow(jitter_s=jitter_s)})
            assert list(unknown_fields(scenario)) == found
    finally:
        del known_fields.KNOWN[Tomorrow]
    stranger = bft.Scenario().model_copy(update={"network": Tomorrow()})
    assert supported(stranger) == "network = 'Tomorrow': the vectorised engine runs scenarios without it"
    elsewhere = bft.Scenario(protocol="tendermint")
    assert str(supported(elsewhere)).startswith("protocol = 'tendermint': ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turncoat(Lie):
    """Derived from a behaviour that the engine runs, and honest."""

    def bend(self, node: Any, now: float, event: Any, effects: Any) -> Any:
        """Change nothing."""
        return effects


@pytest.mark.parametrize("protocol", ["pbft", "ballot"])
def test_a_behaviour_derived_from_a_known_one_is_refused(protocol: str) -> None:
    scenario = bft.Scenario(protocol=protocol, faults=bft.Faults(delta=0.1, behaviour=Turncoat()))
    assert str(supported(scenario)).startswith("faults.behaviour = ")
    assert "Turncoat" in str(supported(scenario))


def test_behaviours_do_not_matter_where_nobody_is_faulty() -> None:
    assert supported(bft.Scenario(faults=bft.Faults(behaviour="slow"))) is None


@pytest.mark.parametrize("replications", [range(0), range(0, 10, 2), range(-1, 3)])
def test_replications_are_successive(replications: range) -> None:
    with pytest.raises(ScenarioError, match="must be successive"):
        VectorisedSimulator(bft.Scenario(), 1).run(replications)


@pytest.mark.parametrize("timing", [True, False])
def test_a_range_is_a_slice_of_a_longer_one(timing: bool) -> None:
    scenario = bft.Scenario(n=7, faults=bft.Faults(delta=0.3, behaviour="lie"), validators={"kind": "statistical"})
    one = VectorisedSimulator(scenario, 5, timing=timing)
    long, part = one.run(range(700)), one.run(range(333, 444))
    for name in ("replication", "code", "decided_at_s", "last_decided_at_s", "views", "messages_sent"):
        np.testing.assert_array_equal(getattr(long, name)[333:444], getattr(part, name))


@pytest.mark.parametrize("shape", [(3,), (10, 4, 10), (40, 4, 40), (120, 4, 120)])
def test_stacked_streams_are_the_streams_of_single_replications(shape: tuple[int, ...]) -> None:
    stacked = streams.Streams(Randomness(9))
    single = Randomness(9)
    for replications in (range(3, 5), range(250, 262), range(262, 263)):
        found = stacked.uniforms("broadcast delays", shape, replications)
        expected = [single.uniforms("broadcast delays", shape, replication) for replication in replications]
        np.testing.assert_array_equal(found, expected)


def assigned(module: ModuleType) -> set[str]:
    """Return the names that a module sets itself, rather than imports."""
    tree = ast.parse(inspect.getsource(module))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("module", [streams, losses, links])
def test_engines_read_the_layout_of_streams_from_one_place(module: ModuleType) -> None:
    assert not assigned(module) & {"BROADCASTS", "CHUNK_ELEMENTS", "SENDS", "BLOCK_ELEMENTS", "BLOCK_REPLICATIONS"}


@pytest.mark.parametrize("module", [vectorised, support, simulator, rare_events])
def test_examples_of_the_documentation_hold(module: Any) -> None:
    assert doctest.testmod(module, extraglobs={"Scenario": bft.Scenario}).failed == 0
