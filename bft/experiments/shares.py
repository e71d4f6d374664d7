"""Which outcomes each estimated probability counts."""

from __future__ import annotations

from collections.abc import Mapping

from bft.record.outcome import Outcome

SHARES: Mapping[str, tuple[Outcome, ...]] = {
    "agree": (Outcome.AGREED_CORRECT, Outcome.AGREED_WRONG, Outcome.AGREED),
    "correct": (Outcome.AGREED_CORRECT,),
    "wrong": (Outcome.AGREED_WRONG,),
    "partial": (Outcome.PARTIAL,),
    "stalled": (Outcome.STALLED,),
    "split": (Outcome.SPLIT,),
}
"""What is estimated: agreed in any way (without ground truth neither correct nor wrong), and each outcome by itself."""
