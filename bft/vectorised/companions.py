"""Where the vectorised engine finds what it knows of a protocol: the module `bft.vectorised.protocols.PACKAGE`."""

from __future__ import annotations

from typing import Any

from bft.protocols import registry
from bft.protocols.protocol import Protocol


def companion(protocol: Protocol) -> Any:
    """Return the module by which many replications of a protocol are run at once; None if there is none.

    It has `obstacles(scenario, timing)`, which yields fields, values and what is run instead; `simulator(scenario,
    streams, timing=...)`, which makes an engine (`bft.vectorised.simulator.Engine`); `SETTINGS`, the names of the
    protocol's own settings that it knows; `BEHAVIOURS` that it may run, and the `PARAMETERS` of these that it knows.
    """
    return registry.companion("bft.vectorised.protocols", protocol)
