"""When the validators of many replications have answered, and whose calls fail: their first calls, as drawn."""

from __future__ import annotations

import numpy as np

from bft.randomness import Floats
from bft.validators import latency, timeouts
from bft.validators.composed import ComposedModel
from bft.validators.latency import LatencyLaw
from bft.validators.panel import PanelModel
from bft.vectorised.streams import Flags, Streams


def first_calls(
    model: PanelModel, asks: Flags, streams: Streams, replications: range
) -> tuple[Floats | float, Flags | None]:
    """Return how long each node waits for its answer, and whose call fails, so that it gets none.

    Parameters
    ----------
    model : PanelModel
        The validators.
    asks : ndarray of bool, shape (replications, n)
        Who asks its validator; whoever lies does not.
    streams, replications
        Where calls are drawn, and which.
    """
    waits_s: Floats | float = 0.0
    if not isinstance(model, ComposedModel):
        return waits_s, None
    if model.latency is not None:
        waits_s = np.where(asks, _latencies_s(model.latency, streams, replications), 0.0)
    if model.timeouts is None:
        return waits_s, None
    share, after_s = model.timeouts
    shape = (len(share), timeouts.CALLS_IN_BLOCK)
    fails = (streams.uniforms(timeouts.PURPOSE, shape, replications)[:, :, 0] < np.array(share)) & asks
    return np.where(fails, after_s, waits_s), np.asarray(fails)


def _latencies_s(law: LatencyLaw, streams: Streams, replications: range) -> Floats:
    """Return how long first calls take, shape (replications, n): call by call, to the last bit."""
    medians = law.tokens_median
    shape = (len(medians), latency.DRAWS_PER_CALL * latency.CALLS_IN_BLOCK)
    drawn = streams.uniforms(latency.CALLS, shape, replications)[:, :, : latency.DRAWS_PER_CALL].tolist()
    shared = streams.uniforms(latency.LENGTHS, (1,), replications)[:, 0].tolist()
    return np.array(
        [
            [law.call(node, median, own[node], common).latency_s for node, median in enumerate(medians)]
            for own, common in zip(drawn, shared, strict=True)
        ]
    )
