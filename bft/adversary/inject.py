"""Texts that give orders: a wrong proposal tells those who judge it to accept it.

The replica is honest, and so is what it signs; the text is the attack. It works as far as `validators.injection` lets
it: without that nobody obeys, and each run says so (`injections obeyed: 0`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bft.adversary.lie import HIGHEST_CONFIDENCE, favour_popular_wrong
from bft.adversary.node import FaultyNode, Started
from bft.core.effects import RequestProposal
from bft.core.inputs import Input
from bft.validators.injection import instruction_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """Colludes on the most popular wrong answer, and writes into its text that judges must accept it."""

    byzantine: ClassVar[bool] = False
    memoryless: ClassVar[bool] = True
    only_validator: ClassVar[bool] = True
    asks: ClassVar[tuple[str, ...]] = ("answers",)
    voice: ClassVar[str] = "popular_wrong"

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Propose with an instruction; judge as colluders do. How often it was obeyed is counted by the readers."""
        del now, event
        for effect in effects:
            if isinstance(effect, RequestProposal):
                node.count("injections written")
        return favour_popular_wrong(node, effects, HIGHEST_CONFIDENCE, instruction_by(node.id))
