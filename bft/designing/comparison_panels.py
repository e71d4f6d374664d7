"""What a design is compared with: the most accurate model alone, and the plurality of all; nobody is faulty."""

from __future__ import annotations

import numpy as np

from bft.designing.fault_cases import Ints
from bft.designing.panel import DesignedPanel
from bft.designing.pools import Pool
from bft.designing.trial import HeldOut, estimated, exactly
from bft.validators.answers import RIGHT


def best_single(pool: Pool, deals: list[list[Ints]], confidence: float) -> DesignedPanel:
    """Return the most accurate model, chosen and judged on the same parts as everything else."""
    right, given = pool.codes == RIGHT, pool.codes > RIGHT
    weight, best = pool.weight, int(pool.accuracy.argmax())
    if pool.chance is not None:
        shares = exactly(float(weight @ right[:, best]), float(weight @ given[:, best]))
    else:
        seen = np.zeros(2)
        for kept in (part for parts in deals for part in parts):
            place = int((right.sum(axis=0) - right[kept].sum(axis=0)).argmax())
            seen += right[kept, place].sum(), given[kept, place].sum()
        correct, wrong = seen / (pool.questions * len(deals))
        shares = estimated(float(correct), float(wrong), pool.questions, confidence)
    share = weight / weight.sum()
    return _plain(pool, (best,), shares, float(share @ right[:, best]), float(share @ given[:, best]))


def whole_panel(pool: Pool, confidence: float) -> DesignedPanel:
    """Return the plurality of all models; nothing is chosen."""
    codes = pool.codes
    right = (codes == RIGHT).sum(axis=1)
    sizes = np.array([(codes == code).sum(axis=1) for code in range(1, max(int(codes.max()), 1) + 1)])
    largest = sizes.max(axis=0)
    alone = (sizes == largest).sum(axis=0) == 1
    share = pool.weight / pool.weight.sum()
    correct, wrong = float(share @ (right > largest)), float(share @ ((largest > right) & alone))
    known = pool.chance is not None
    shares = exactly(correct, wrong) if known else estimated(correct, wrong, pool.questions, confidence)
    return _plain(pool, tuple(range(len(pool.models))), shares, correct, wrong)


def _plain(pool: Pool, members: tuple[int, ...], shares: HeldOut, correct: float, wrong: float) -> DesignedPanel:
    calls, cost, latency_s = pool.price(members, "plurality", 1)
    return DesignedPanel(
        models=tuple(pool.models[place] for place in members),
        rule="plurality",
        quorum=1,
        held_out=shares,
        chosen_on_correct=correct,
        chosen_on_wrong=wrong,
        calls=calls,
        cost=cost,
        latency_s=latency_s,
        accuracy=tuple(pool.accuracy[list(members)].tolist()),
    )
