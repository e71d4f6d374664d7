"""Whether the outcome of a replayed question depends on calls that the record does not hold.

Such a run is refused: neither of its outcomes was observed. `bft.experiments.replay` gives bounds instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from bft.errors import ScenarioError, bad_value
from bft.record.outcome import Outcome
from bft.simulation.run import Run

UNSETTLED = "calls that the record does not hold"
_SHOWN = 2


def refuse_if_unsettled(run: Run, others: Sequence[Outcome]) -> None:
    """Refuse a run whose outcome would be another, had missing calls said something else.

    Parameters
    ----------
    run : Run
        With missing calls taken for abstentions.
    others : sequence of Outcome
        The outcomes with missing calls taken for something else.

    Raises
    ------
    ScenarioError
        If these are not all the same.
    """
    outcomes = {run.outcome, *others}
    if len(outcomes) == 1:
        return
    lacked = run.lacked
    calls = "; ".join(str(call) for call in lacked[:_SHOWN]) + ("; …" if len(lacked) > _SHOWN else "")
    names = ", ".join(sorted(outcome.value for outcome in outcomes))
    allowed = (
        f"question {lacked[0].question!r} needs {len(lacked)} {UNSETTLED} ({calls}), and may "
        f"end as any of {names}: `bft replay` gives bounds, `bft survey` asks everyone, finish = true records all"
    )
    raise ScenarioError(bad_value("validators.unknown", "refuse", allowed))
