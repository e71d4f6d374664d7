"""Who honours a field: asked of the protocols, the engines and the laws themselves, with the field's example.

A protocol honours a field if it takes the example; an engine, if it does not refuse it; and there is an exact law if
one is found for it, with nodes that may be faulty. So what is told here cannot grow old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bft.errors import BftError
from bft.experiments.laws import law_of
from bft.protocols.registry import PROTOCOLS
from bft.reference.examples import settings
from bft.reference.fields import Field
from bft.scenario import Scenario
from bft.vectorised import supported

DELTA = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Honoured:
    """Who honours a field, with the value of its example.

    Attributes
    ----------
    protocols : tuple of str
        By which protocols the example can be run.
    engines : tuple of str
        "simpy", which runs every scenario, and "vectorised" where it does not refuse the example.
    refusal : str
        Why the vectorised engine refuses it, or its times if it runs it for the outcomes alone; empty if it does not.
    law : bool
        Whether there is an exact law.
    """

    protocols: tuple[str, ...]
    engines: tuple[str, ...]
    refusal: str
    law: bool

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "protocols": list(self.protocols),
            "engines": list(self.engines),
            "vectorised_refusal": self.refusal or None,
            "exact_law": self.law,
        }


def honoured(field: Field) -> Honoured:
    """Return who honours a field.

    Raises
    ------
    ScenarioError
        If the example of the field is no scenario.
    """
    words = settings(field.example)
    scenario = Scenario().replace_all(words)
    protocols = tuple(name for name in PROTOCOLS if _takes(words, name))
    refusal = supported(scenario)
    runs = refusal is None or supported(scenario, timing=False) is None
    engines = ("simpy", "vectorised") if runs else ("simpy",)
    return Honoured(protocols=protocols, engines=engines, refusal=refusal or "", law=_has_law(scenario))


def _takes(words: dict[str, object], protocol: str) -> bool:
    try:
        Scenario().replace_all({**words, "protocol": protocol})
    except BftError:
        return False
    return True


def _has_law(scenario: Scenario) -> bool:
    """Whether there is a law of the example, with the nodes faulty that it names, or else any of them."""
    try:
        if scenario.faults.nodes is None and scenario.faults.delta == 0:
            scenario = scenario.replace("faults.delta", DELTA)
        return law_of(scenario) is not None
    except BftError:
        return False
