"""The SimPy host of consensus runs: links and fabric, clients, node lifecycles, journals, and what a run reports.

`embed` puts the nodes into somebody else's SimPy model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bft.simulation.embedding import embed

__all__ = ["embed"]


def __getattr__(name: str) -> Any:
    """Load what stands above this package's other modules when it is asked for."""
    if name != "embed":
        raise AttributeError(f"module 'bft.simulation' has no attribute {name!r}")
    from bft.simulation.embedding import embed

    return embed
